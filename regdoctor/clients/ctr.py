"""``ctr images pull``: ``--hosts-dir`` alone, never the configuration of the daemon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from builder.oci.reference import Reference, parse
from regdoctor.clients.containerd_config import CONFIG
from regdoctor.clients.dangers import with_dangers
from regdoctor.clients.engines import resolver
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.hosts_notes import misnamed
from regdoctor.clients.hosts_toml import (
    Configured,
    Defaults,
    Unusable,
    authority,
    choose_directory,
    client_pair,
    configured,
    containerd_rules,
    endpoints_of,
)
from regdoctor.clients.plan import ClientPlan, Credential, Go, Note, Situation
from regdoctor.clients.processes import process
from regdoctor.clients.program import Program
from regdoctor.clients.version import Version
from regdoctor.clients.wire import Wire

LOCAL_ONLY = ("skip-verify", "tlscacert", "tlscert", "tlskey")


def go_of(version: Version) -> Go:
    """What Debian and the project built containerd with."""
    if version.since(2):
        return (1, 24)
    if version.since(1, 7):
        return (1, 22)
    return (1, 19) if version.since(1, 6) else (1, 15)


def evaluate(situation: Situation) -> ClientPlan:
    """The plan of one pull."""
    reference, fault = read_reference(situation.reference)
    plan = ClientPlan("ctr", situation.version, reference, (), refuses=fault)
    if fault:
        return plan
    flag = _remote_flag(situation)
    if flag:
        return replace(plan, refuses=f'"--{flag}" requires "--local" flag')
    files = Filesystem(situation.files)
    rules = containerd_rules(situation.version)
    try:
        defaults = _defaults(situation, files)
    except Unusable as unusable:
        return replace(plan, refuses=str(unusable))
    root = situation.option("hosts-dir")
    found = Configured()
    notes = tuple(_unread(files, root))
    if root:
        directory = choose_directory(files, (root,), reference.domain, rules)
        found = configured(files, directory, rules)
        notes = (*notes, *misnamed(files, (root,), reference.domain, directory), *found.notes)
    running = process(files, situation.environment, go_of(situation.version))
    endpoints = endpoints_of(found, reference.domain, reference.path, running, rules, defaults)
    credential = _credential(situation)
    plan = replace(
        plan,
        endpoints=tuple(replace(each, credential=credential) for each in endpoints),
        notes=notes,
        refuses=found.fails,
    )
    return with_dangers(plan, found.directory or "ctr's command line")


def read_reference(text: str) -> tuple[Reference, str]:
    """``text`` as ctr reads it, without docker's defaults, and what it says where that fails.

    ``docker.io/alpine:latest`` is the repository ``alpine``, and ``latest`` is never added.
    """
    usual = parse(text)
    domain, slash, rest = text.partition("/")
    where = f'failed to resolve reference "{text}": '
    if not slash and not usual.digest and ":" in text:
        port = text.rpartition(":")[2]
        return usual, f'{where}parse "dummy://{text}": invalid port ":{port}" after host'
    path = rest.partition("@")[0].partition(":")[0]
    if not slash or not (usual.digest or ":" in rest.partition("@")[0]):
        return usual, f"{where}object required"
    return msgspec.structs.replace(usual, domain=domain, path=path), ""


def walk(plan: ClientPlan, _situation: Situation, wire: Wire) -> bool:
    return resolver.walk(plan, wire)


def _remote_flag(situation: Situation) -> str:
    """containerd 2.x pulls in the daemon unless told ``--local``, and then knows no TLS flag."""
    if not situation.version.since(2) or situation.switched_on("local"):
        return ""
    given = {name for name, _ in situation.options}
    return next((name for name in LOCAL_ONLY if name in given), "")


def _unread(files: Filesystem, root: str | None) -> Iterator[Note]:
    """The daemon's configuration, which is for the kubelet alone."""
    if not root and "config_path" in (files.text(CONFIG) or ""):
        yield Note(
            "ctr-ignores-config-path",
            CONFIG,
            "config_path",
            f"ctr does not read config_path of {CONFIG}: it wants --hosts-dir",
        )


def _defaults(situation: Situation, files: Filesystem) -> Defaults:
    path = situation.option("tlscacert")
    certificate, key = situation.option("tlscert"), situation.option("tlskey")
    if bool(certificate) != bool(key):
        raise Unusable("flags --tlscert and --tlskey must be set together")
    skip = situation.switched_on("skip-verify")
    return Defaults(
        authorities=(authority(files, path),) if path else (),
        pairs=(client_pair(files, certificate, key),) if certificate and key else (),
        verify=not skip,
        plain=situation.switched_on("plain-http"),
        given=skip or bool(path or certificate),
    )


def _credential(situation: Situation) -> Credential | None:
    given = situation.option("user") or situation.option("u")
    if not given:
        return None
    user, _, secret = given.partition(":")
    return Credential("--user", "", user, secret)


PROGRAMS = (Program("ctr", evaluate, walk),)
