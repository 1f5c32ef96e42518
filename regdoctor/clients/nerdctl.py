"""``nerdctl pull``: directories like containerd's, credentials like docker's.

Read in nerdctl's source (pkg/imgutil/dockerconfigresolver, v2), not executed.
"""

from __future__ import annotations

import posixpath
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from builder.oci.reference import parse
from regdoctor.clients.authority import host_of, loopback, port_of
from regdoctor.clients.credentials import docker_auths, docker_config_path, docker_credential
from regdoctor.clients.dangers import with_dangers
from regdoctor.clients.engines import resolver
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.hosts_notes import misnamed
from regdoctor.clients.hosts_toml import (
    Defaults,
    Rules,
    choose_directory,
    configured,
    endpoints_of,
)
from regdoctor.clients.plan import Attempt, ClientPlan, Endpoint, Situation, proxied
from regdoctor.clients.processes import process
from regdoctor.clients.program import Program
from regdoctor.clients.wire import Wire

GO = (1, 23)


def evaluate(situation: Situation) -> ClientPlan:
    """The plan of one pull. The process that connects is nerdctl itself."""
    reference = parse(situation.reference)
    host = reference.domain
    files = Filesystem(situation.files)
    settings = _settings(files, situation)
    insecure = situation.switched_on("insecure-registry") or (
        settings.get("insecure_registry") is True
    )
    rules = Rules(old_parser=not situation.version.since(2))
    roots = _roots(situation, settings)
    directory = _directory(files, roots, host, rules)
    found = configured(files, directory, rules)
    here = loopback(host)
    defaults = Defaults(verify=here or not insecure, plain=here, given=bool(insecure) and not here)
    running = process(files, situation.environment, GO)
    endpoints = endpoints_of(found, host, reference.path, running, rules, defaults)
    auths = docker_auths(files, docker_config_path(files, situation.environment))
    plan = ClientPlan(
        "nerdctl",
        situation.version,
        reference,
        tuple(
            replace(
                _by_http_too(each) if insecure else each,
                credential=docker_credential(auths, each.host),
            )
            for each in endpoints
        ),
        notes=(*misnamed(files, roots, host, directory), *found.notes),
        refuses=found.fails,
        executed=False,
    )
    return with_dangers(plan, found.directory or "nerdctl's command line")


def walk(plan: ClientPlan, _situation: Situation, wire: Wire) -> bool:
    return resolver.walk(plan, wire)


def _by_http_too(endpoint: Endpoint) -> Endpoint:
    """With --insecure-registry a pull that found no TLS is done again over plain http."""
    if endpoint.attempts[-1].scheme == "http" or endpoint.role == "mirror":
        return endpoint
    return proxied(
        replace(endpoint, attempts=(*endpoint.attempts, Attempt("http")), port_guessed=True)
    )


def _base(situation: Situation) -> str:
    """Where configuration stands: /etc, or the user's for a user without root."""
    if not situation.uid:
        return "/etc"
    home = situation.files.home
    return situation.environment.get("XDG_CONFIG_HOME") or f"{home}/.config"


def _settings(files: Filesystem, situation: Situation) -> Mapping[str, Any]:
    path = situation.environment.get("NERDCTL_TOML")
    text = files.text(path or posixpath.join(_base(situation), "nerdctl/nerdctl.toml"))
    try:
        return tomllib.loads(text or "")
    except tomllib.TOMLDecodeError:
        return {}


def _roots(situation: Situation, settings: Mapping[str, Any]) -> tuple[str, ...]:
    base = _base(situation)
    listed = settings.get("hosts_dir")
    named = situation.every("hosts-dir")
    if not named and isinstance(listed, list):
        named = tuple(each for each in listed if isinstance(each, str))
    return named or (f"{base}/containerd/certs.d", f"{base}/docker/certs.d")


def _directory(files: Filesystem, roots: tuple[str, ...], host: str, rules: Rules) -> str | None:
    for root in roots:
        found = choose_directory(files, (root,), host, rules)
        if found is None and port_of(host) == "443":
            found = choose_directory(files, (root,), host_of(host), rules)
        if found is not None:
            return found
    return None


PROGRAMS = (Program("nerdctl", evaluate, walk, executed=False),)
