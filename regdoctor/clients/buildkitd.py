"""buildkitd by itself: ``buildkitd.toml`` for the registries, the command for the tokens."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from builder.oci.reference import parse
from regdoctor.clients import client_tokens
from regdoctor.clients.buildkit_hosts import Hosts, Section, Unusable, buildkit_rules
from regdoctor.clients.buildkit_notes import notes_of
from regdoctor.clients.dangers import with_dangers
from regdoctor.clients.engines import resolver
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.plan import ClientPlan, Go, Process, Situation
from regdoctor.clients.processes import process
from regdoctor.clients.program import Program
from regdoctor.clients.toml_tables import any_case, canonical, exact_or_upper
from regdoctor.clients.version import Version
from regdoctor.clients.wire import Wire

# What the executed releases were built with; all that hangs on it is whether a credential follows
# a redirect to a sub-domain.
GO: Go = (1, 24)
_KEYS = {"mirrors", "http", "insecure", "ca", "keypair", "tlsconfigdir"}
SYSTEM_CONFIG = "/etc/buildkit/buildkitd.toml"


class WrongConfig(Exception):
    """buildkitd does not start, for this reason."""


def config_path(situation: Situation) -> str:
    """``--config``, else that of the user for a daemon without root, else the system's."""
    given = situation.option("config")
    if given:
        return given
    if situation.uid:
        home = situation.files.home
        base = situation.environment.get("XDG_CONFIG_HOME") or f"{home}/.config"
        return f"{base}/buildkit/buildkitd.toml"
    return SYSTEM_CONFIG


def evaluate(situation: Situation) -> ClientPlan:
    """The plan of one base image of a build."""
    reference = parse(situation.reference)
    plan = ClientPlan("buildkitd", situation.version, reference, ())
    files = Filesystem(situation.files)
    path = config_path(situation)
    running = process(files, situation.environment, GO)
    return planned(plan, situation, files, path, running)


def planned(
    plan: ClientPlan, situation: Situation, files: Filesystem, path: str, running: Process
) -> ClientPlan:
    """``plan`` by the configuration at ``path`` of ``files``, which are those that buildkitd sees.

    The command beside it sees those of ``situation``.
    """
    reference = plan.reference
    try:
        settings = _settings(files, path, situation.version)
        sections = sections_of(settings)
    except WrongConfig as wrong:
        return replace(plan, refuses=f"buildkitd: {wrong}")
    rules = buildkit_rules(situation.version)
    hosts = Hosts(sections, rules, files, running)
    notes = notes_of(path, settings, sections, rules, files, reference.domain)
    try:
        endpoints = hosts.endpoints(reference.domain, reference.path)
    except Unusable as unusable:
        return replace(plan, refuses=str(unusable), notes=(*plan.notes, *notes))
    told = client_tokens.with_client(endpoints, situation, GO)
    notes = (*plan.notes, *notes, *client_tokens.notes_of(told, situation))
    return with_dangers(replace(plan, endpoints=told, notes=notes), path)


def walk(plan: ClientPlan, _situation: Situation, wire: Wire) -> bool:
    return resolver.walk(plan, wire)


def _settings(files: Filesystem, path: str, version: Version) -> Mapping[str, Any]:
    """With the names of settings as they are documented. Raises WrongConfig."""
    text = files.text(path)
    if text is None:
        return {}
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WrongConfig(f"failed to parse {path}: {error}") from error
    # 0.28 is the first that is built with go-toml 2.
    same = any_case if version.since(0, 28) else exact_or_upper
    settings = canonical(read, {"registry"}, same)
    tables = settings.get("registry")
    if isinstance(tables, dict):
        settings["registry"] = {
            host: canonical(table, _KEYS, same) if isinstance(table, dict) else table
            for host, table in tables.items()
        }
    return settings


def sections_of(settings: Mapping[str, Any]) -> dict[str, Section]:
    """The ``[registry."host[:port]"]`` tables. Raises WrongConfig."""
    tables = settings.get("registry", {})
    if not isinstance(tables, dict):
        raise WrongConfig("`registry` is not a table")
    return {host: _section(host, table) for host, table in tables.items()}


def _section(host: str, table: Any) -> Section:
    if not isinstance(table, dict):
        raise WrongConfig(f'[registry."{host}"] is not a table')
    return Section(
        mirrors=_strings(host, table, "mirrors"),
        http=_switch(host, table, "http"),
        insecure=_switch(host, table, "insecure"),
        authorities=_strings(host, table, "ca"),
        pairs=_pairs(host, table),
        directories=_strings(host, table, "tlsconfigdir"),
    )


def _strings(host: str, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise WrongConfig(f'`{key}` of [registry."{host}"] is not a list of strings')
    return tuple(value)


def _switch(host: str, table: Mapping[str, Any], key: str) -> bool | None:
    value = table.get(key)
    if value is not None and not isinstance(value, bool):
        raise WrongConfig(f'`{key}` of [registry."{host}"] is not true or false')
    return value


def _pairs(host: str, table: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    value = table.get("keypair", [])
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise WrongConfig(f'`keypair` of [registry."{host}"] is not a list of tables')
    return tuple((str(each.get("cert", "")), str(each.get("key", ""))) for each in value)


PROGRAMS = (Program("buildkitd", evaluate, walk),)
