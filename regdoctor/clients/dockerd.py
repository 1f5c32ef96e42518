"""dockerd: ``docker pull`` with either image store, ``docker build``, and the classic builder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from builder.oci.reference import parse
from regdoctor.clients.buildkit_hosts import Unusable
from regdoctor.clients.client_tokens import with_client
from regdoctor.clients.credentials import docker_auths, docker_config_path, docker_credential
from regdoctor.clients.dangers import with_dangers
from regdoctor.clients.docker_certs import BrokenDirectory
from regdoctor.clients.docker_daemon import Daemon, DoesNotStart, read_daemon
from regdoctor.clients.docker_hosts import RegistryHosts
from regdoctor.clients.docker_insecure import Insecure, read_insecure
from regdoctor.clients.docker_notes import notes_of
from regdoctor.clients.engines import distribution, resolver
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.graphdriver import Registries
from regdoctor.clients.hosts_toml import HUB, HUB_HOST
from regdoctor.clients.plan import (
    ClientPlan,
    Credential,
    Endpoint,
    Go,
    Process,
    Situation,
    Transport,
)
from regdoctor.clients.processes import process
from regdoctor.clients.program import Program
from regdoctor.clients.version import Version
from regdoctor.clients.wire import Wire

_EXECUTED = (20, 23, 24, 25, 26, 28, 29)
"""Releases whose rules were compared with the real program."""


def go_of(version: Version) -> Go:
    """What the engine and its command are built with, as far as the executed builds tell."""
    if version.since(23):
        return (1, 22)
    if version.since(20, 10, 8):
        return (1, 19)
    return (1, 15) if version.since(20) else (1, 12)


def store_of(situation: Situation, daemon: Daemon) -> str:
    """``graphdriver`` or ``containerd``: as told, as ``daemon.json`` says, or the default.

    The containerd store is the default of new installations since 29.
    """
    if not situation.version.since(23):
        return "graphdriver"
    if situation.store in ("graphdriver", "containerd"):
        return situation.store
    chosen = situation.version.since(29) if daemon.containerd is None else daemon.containerd
    return "containerd" if chosen else "graphdriver"


def cli_environment(situation: Situation) -> Mapping[str, str]:
    """That of the docker command, with its directory of settings where it has a say in it."""
    environment = situation.cli_environment
    chosen = situation.option("config") or environment.get("DOCKER_CONFIG")
    if not chosen and environment.get("HOME"):
        chosen = f"{environment['HOME']}/.docker"
    return {**environment, "DOCKER_CONFIG": chosen} if chosen else environment


def cli_credential(situation: Situation, host: str) -> Credential | None:
    """The one credential that the command sends along to the daemon."""
    files = Filesystem(situation.files)
    path = docker_config_path(files, cli_environment(situation))
    return docker_credential(docker_auths(files, path), host)


def daemon_process(situation: Situation, daemon: Daemon) -> Process:
    """The daemon's process; ``proxies`` of its file win over its environment."""
    environment = {
        name: value
        for name, value in situation.environment.items()
        if name.upper() not in daemon.proxies
    }
    environment |= daemon.proxies
    running = process(Filesystem(situation.files), environment, go_of(situation.version))
    return replace(running, store=daemon.store)


def evaluate_pull(situation: Situation) -> ClientPlan:
    """``docker pull``."""
    return _evaluated(situation, build=False)


def evaluate_build(situation: Situation) -> ClientPlan:
    """``docker build`` with the BuildKit that is part of the engine."""
    return _evaluated(situation, build=True)


def _evaluated(situation: Situation, build: bool) -> ClientPlan:
    version = situation.version
    reference = parse(situation.reference)
    plan = ClientPlan(
        situation.client, version, reference, (), executed=version.numbers[0] in _EXECUTED
    )
    try:
        daemon = read_daemon(situation)
        insecure = read_insecure(daemon.insecure, situation.addresses)
    except DoesNotStart as refusal:
        return replace(plan, refuses=str(refusal))
    classic = not build and store_of(situation, daemon) == "graphdriver"
    hosts = RegistryHosts(
        version,
        daemon,
        insecure,
        Filesystem(situation.files),
        daemon_process(situation, daemon),
    )
    notes = notes_of(hosts, reference.domain, classic)
    plan = replace(plan, notes=notes)
    try:
        if classic:
            registries = _registries(situation, daemon, insecure, hosts.process)
            endpoints = registries.endpoints(reference.domain, reference.path, daemon.mirrors)
        else:
            endpoints = hosts.endpoints(reference.domain, reference.path)
    except (BrokenDirectory, Unusable) as broken:
        return replace(plan, refuses=str(broken))
    if not endpoints:
        return replace(plan, refuses=hosts.found(reference.domain).fails)
    if build:
        told = replace(situation, cli_environment=cli_environment(situation))
        endpoints = with_client(endpoints, told, go_of(version))
    elif not classic:
        endpoints = _stored(situation, endpoints, reference.domain, hosts.process)
    return with_dangers(replace(plan, endpoints=endpoints), daemon.file)


def _registries(
    situation: Situation, daemon: Daemon, insecure: Insecure, running: Process
) -> Registries:
    return Registries(
        situation.version,
        Filesystem(situation.files),
        daemon.certificates,
        running,
        insecure,
        cli_credential(situation, parse(situation.reference).domain),
    )


def _stored(
    situation: Situation, endpoints: tuple[Endpoint, ...], host: str, running: Process
) -> tuple[Endpoint, ...]:
    """The containerd store gives the credential to the registry itself, never to a mirror.

    Up to 28 its tokens are fetched by a client of their own, without the registry's settings.
    """
    credential = cli_credential(situation, host)
    own = HUB_HOST if host == HUB else host
    tokens = None if situation.version.since(29) else Transport(running)
    return tuple(
        replace(each, tokens=tokens, credential=credential if each.host == own else None)
        for each in endpoints
    )


def walk_pull(plan: ClientPlan, situation: Situation, wire: Wire) -> bool:
    try:
        daemon = read_daemon(situation)
        insecure = read_insecure(daemon.insecure, situation.addresses)
    except DoesNotStart:
        return False
    if store_of(situation, daemon) == "containerd":
        return resolver.walk(plan, wire)
    running = daemon_process(situation, daemon)
    registries = _registries(situation, daemon, insecure, running)
    for host in registries.looked_up(plan.reference.domain, daemon.mirrors):
        wire.look_up(host)
    return distribution.pull(plan, wire, heads=situation.version.since(20))


def walk_build(plan: ClientPlan, situation: Situation, wire: Wire) -> bool:
    """The command of 20.10 and before asks for tokens by GET alone."""
    return resolver.walk(plan, wire, posts=situation.version.since(23))


PROGRAMS = (
    Program("docker-pull", evaluate_pull, walk_pull),
    Program("docker-build", evaluate_build, walk_build),
    Program("docker-classic", evaluate_pull, walk_pull),
)
