"""kaniko: mapped registries, then the registry itself; flags and variables alone say how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from builder.oci.reference import parse
from regdoctor.clients import ggcr
from regdoctor.clients.dangers import with_dangers
from regdoctor.clients.engines.ggcr import Registry
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.keypairs import load_pair
from regdoctor.clients.plan import (
    IMAGE,
    ClientPair,
    ClientPlan,
    Endpoint,
    Note,
    PemFile,
    Situation,
    Transport,
)
from regdoctor.clients.processes import process
from regdoctor.clients.program import Program
from regdoctor.clients.version import version
from regdoctor.clients.wire import Wire

_GO = (1, 24)
_LIBRARY = version("0.20")
"""go-containerregistry of the last release; there will be no other."""
_CONFIG = "config"


def evaluate(situation: Situation) -> ClientPlan:
    """The image of a FROM."""
    reference = parse(situation.reference)
    plan = ClientPlan("kaniko", situation.version, reference, (), _notes(situation))
    own = ggcr.registry_name(reference.domain)
    mapped = tuple(_mapped(situation, own))
    for each in mapped:
        if "://" in each:
            rest = each.partition("/")[2]
            return replace(
                plan,
                refuses="repository can only contain the characters "
                f"`abcdefghijklmnopqrstuvwxyz0123456789_-./`: {rest}/{reference.path}",
            )
    endpoints = []
    loading = _Loading(situation)
    for each in mapped:
        name, _, prefix = each.partition("/")
        name = ggcr.registry_name(name)
        path = f"{prefix.rstrip('/')}/{reference.path}" if prefix else reference.path
        endpoints.append(replace(loading.endpoint(name, path), role="mirror"))
    if not (mapped and situation.switched_on("skip-default-registry-fallback")):
        endpoints.append(loading.endpoint(own, reference.path))
    return with_dangers(replace(plan, endpoints=tuple(endpoints)), "the command line")


def in_its_image(plan: ClientPlan) -> ClientPlan:
    """``plan`` made on a host: it runs in a container, and no file of the host is in its pool."""
    return replace(plan, endpoints=tuple(map(_in_its_image, plan.endpoints)))


def _in_its_image(endpoint: Endpoint) -> Endpoint:
    running = replace(endpoint.transport.process, system=(), store=IMAGE)
    return replace(endpoint, transport=replace(endpoint.transport, process=running))


def walk(plan: ClientPlan, _situation: Situation, wire: Wire) -> bool:
    """The first endpoint that gives the manifest serves the rest, too."""
    if plan.refuses:
        return False
    for endpoint in plan.endpoints:
        registry = Registry(wire, endpoint)
        if registry.ask("GET", f"manifests/{plan.reference.target}"):
            return registry.ask("GET", f"blobs/{_CONFIG}")
        if endpoint.broken and endpoint.stops:
            return False
    return False


class _Loading:
    """Transports as they are made one after the other: certificates stay in the one pool."""

    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self._files = Filesystem(situation.files)
        self._process = process(self._files, situation.environment, _GO)
        self._pool: tuple[PemFile, ...] = ()

    def endpoint(self, name: str, path: str) -> Endpoint:
        situation = self._situation
        skips = situation.switched_on("skip-tls-verify") or name in situation.every(
            "skip-tls-verify-registry"
        )
        broken = "" if skips else self._load(name)
        pairs, missing = self._pairs(name)
        insecure = situation.switched_on("insecure-pull") or name in situation.every(
            "insecure-registry"
        )
        reference = parse(situation.reference)
        asked = msgspec.structs.replace(reference, path=path)
        return ggcr.endpoint(
            name,
            path,
            Transport(self._process, self._pool, not skips, pairs),
            plain=insecure or ggcr.may_be_plain(name, _LIBRARY),
            credential=ggcr.credential(self._files, situation.environment, asked, name),
            broken=broken or missing,
            stops=True,
        )

    def _load(self, name: str) -> str:
        """Adds the certificate given for ``name`` to the pool; or why kaniko ends there."""
        for given in self._situation.every("registry-certificate"):
            key, _, path = given.partition("=")
            if key != name:
                continue
            read = self._files.read(path)
            if read.error:
                return f"failed to load certificate {path} for {name}: open {path}: {read.error}"
            self._pool = (*self._pool, PemFile(path, read.content))
        return ""

    def _pairs(self, name: str) -> tuple[tuple[ClientPair, ...], str]:
        for given in self._situation.every("registry-client-cert"):
            key, _, paths = given.partition("=")
            certificate, comma, private = paths.partition(",")
            if key != name or not comma:
                continue
            pair, broken = load_pair(self._files, certificate, private)
            if pair is None:
                return (), f"failed to load client certificate/key '{paths}' for {name}: {broken}"
            return (pair,), ""
        return (), ""


def _mapped(situation: Situation, own: str) -> Iterator[str]:
    """What the registry is mapped to, in order: the map, then the mirrors of Docker Hub."""
    environment = situation.environment
    maps = [*situation.every("registry-map")]
    if environment.get("KANIKO_REGISTRY_MAP"):
        maps.append(environment["KANIKO_REGISTRY_MAP"])
    for text in maps:
        for entry in text.split(";"):
            origin, equals, target = entry.strip().partition("=")
            if equals and origin == own:
                yield target
    if own != ggcr.HUB_HOST:
        return
    mirrors = [*situation.every("registry-mirror")]
    if environment.get("KANIKO_REGISTRY_MIRROR"):
        mirrors.append(environment["KANIKO_REGISTRY_MIRROR"])
    for text in mirrors:
        yield from (each.strip() for each in text.split(",") if each.strip())


def _notes(situation: Situation) -> tuple[Note, ...]:
    """Flags that do nothing, or less than their names say."""
    notes = []
    split = "flag-does-less-than-its-name"
    if situation.switched_on("skip-tls-verify-pull"):
        notes.append(
            Note(
                split,
                "the command line",
                "--skip-tls-verify-pull",
                "--skip-tls-verify-pull is parsed and never read; --skip-tls-verify acts on pulls",
            )
        )
    notes += [
        Note(
            split,
            "the command line",
            f"--{flag}",
            f"--{flag} allows http after https; certificates are verified all the same",
        )
        for flag in ("insecure-pull", "insecure-registry")
        if situation.option(flag) is not None
    ]
    if situation.switched_on("insecure"):
        sentence = "--insecure is for pushes alone; pulls have --insecure-pull"
        notes.append(Note(split, "the command line", "--insecure", sentence))
    maps = (*situation.every("registry-map"), situation.environment.get("KANIKO_REGISTRY_MAP", ""))
    if any(each.strip().startswith("docker.io=") for text in maps for each in text.split(";")):
        sentence = "a map for docker.io is never used: kaniko calls Docker Hub index.docker.io"
        notes.append(Note("registry-key-never-used", "the command line", "docker.io", sentence))
    return tuple(notes)


PROGRAMS = (Program("kaniko", evaluate, walk),)
