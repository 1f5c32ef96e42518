"""buildx builders: a buildkitd in a container, in a pod, or on another host.

From buildx' source, not executed; the buildkitd inside is that of ``buildkitd.py``, which was. What
it is configured with is copied into it when it is made, and is kept in the user's directory:
``instances/NAME``. No file of the host is in it, and neither are the host's roots.
"""

from __future__ import annotations

import base64
import binascii
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.oci.reference import parse
from regdoctor.clients import buildkitd
from regdoctor.clients.docker_daemon import SYSTEM
from regdoctor.clients.domains import of_sections, read_toml
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.hosts_toml import HUB
from regdoctor.clients.plan import (
    ELSEWHERE,
    IMAGE,
    ClientPlan,
    Note,
    Process,
    Situation,
)
from regdoctor.clients.program import Program
from regdoctor.clients.proxies import from_environment
from regdoctor.clients.shapes import json_table
from regdoctor.observations.host import FileSeen, HostFiles

DRIVERS = ("docker-container", "kubernetes", "remote")
INSIDE = "/etc/buildkit"
CONFIG = f"{INSIDE}/buildkitd.toml"
DEFAULT = "buildkitd.default.toml"
KEY = b"-----BEGIN PRIVATE KEY-----\n"
_TAG = re.compile(r":v?(\d+\.\d+(?:\.\d+)?)")


@dataclass(frozen=True, slots=True)
class Builder:
    """``config`` is its buildkitd.toml, None where it has none; ``files`` are those beside it, by
    their paths inside. ``options`` are those of its driver. ``path`` is where it is written down,
    empty for one that is yet to be made."""

    name: str
    driver: str
    config: bytes | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    path: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The builder that is judged, whether it is the one in use, and the names of the others."""

    builder: Builder
    used: bool
    others: tuple[str, ...] = ()


def present(files: HostFiles) -> bool:
    """Whether the user has a builder that is not the engine's own."""
    return bool(_builders(files))


def release(files: HostFiles) -> str:
    """Of its buildkitd, where the tag of its image tells; else empty."""
    found = _TAG.search(chosen(files).builder.options.get("image", ""))
    return found[1] if found else ""


def domains(files: HostFiles) -> Iterator[str]:
    """The registries that the chosen builder has mirrors for."""
    text = (chosen(files).builder.config or b"").decode("utf-8", "replace")
    yield from of_sections(read_toml(text))


def chosen(files: HostFiles) -> Chosen:
    """The builder that BUILDX_BUILDER names or that is in use; else the first; else one as
    ``docker buildx create`` would make it now."""
    builders = _builders(files)
    named = files.environment.get("BUILDX_BUILDER") or _current(files)
    used = builders.get(named)
    builder = used or next(iter(builders.values()), None)
    if builder is None:
        return Chosen(_made_now(files), used=False)
    others = tuple(name for name in builders if name != builder.name)
    return Chosen(builder, used is not None, others)


def evaluate(situation: Situation) -> ClientPlan:
    """One base image of a build by the chosen builder."""
    taken = chosen(situation.files)
    builder = taken.builder
    path = f"buildkitd.toml of builder {builder.name}"
    if not builder.path:
        path = default_path(situation.files)
    reference = parse(situation.reference)
    plan = ClientPlan(
        "buildx",
        situation.version,
        reference,
        (),
        (*_which(taken, path), *_unseen(situation, builder, reference.domain, path)),
        executed=False,
    )
    contents = {name: FileSeen(content) for name, content in builder.files.items()}
    if builder.config is not None:
        contents[path] = FileSeen(builder.config)
    inside = Filesystem(HostFiles(contents))
    variables = {
        name.removeprefix("env."): value
        for name, value in builder.options.items()
        if name.startswith("env.")
    }
    store = ELSEWHERE if builder.driver == "remote" else IMAGE
    proxies = from_environment(variables, buildkitd.GO)
    running = Process((), proxies, buildkitd.GO, store)
    return buildkitd.planned(plan, situation, inside, path, running)


def _directory(files: HostFiles) -> str:
    environment = files.environment
    if environment.get("BUILDX_CONFIG"):
        return environment["BUILDX_CONFIG"].rstrip("/")
    docker = environment.get("DOCKER_CONFIG") or f"{files.home}/.docker"
    return f"{docker.rstrip('/')}/buildx"


def default_path(files: HostFiles) -> str:
    """The configuration that a new builder is given where none is named."""
    return f"{_directory(files)}/{DEFAULT}"


def _builders(files: HostFiles) -> dict[str, Builder]:
    directory = f"{_directory(files)}/instances"
    found = {}
    for name in files.directories.get(directory, ()):
        builder = _read(files, f"{directory}/{name}")
        if builder is not None and builder.driver in DRIVERS:
            found[builder.name] = builder
    return found


def _read(files: HostFiles, path: str) -> Builder | None:
    """The builder by its first node; the others are given the same files."""
    document = json_table(files, path)
    name, driver, nodes = (document.get(key) for key in ("Name", "Driver", "Nodes"))
    if not isinstance(name, str) or not isinstance(driver, str) or not isinstance(nodes, list):
        return None
    node = nodes[0] if nodes and isinstance(nodes[0], dict) else {}
    given = {
        f"{INSIDE}/{inside}": _decoded(text) for inside, text in _table(node.get("Files")).items()
    }
    config = given.pop(CONFIG, None)
    return Builder(name, driver, config, given, _table(node.get("DriverOpts")), path)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _table(value: Any) -> dict[str, str]:
    items = value.items() if isinstance(value, dict) else ()
    return {name: text for name, text in items if isinstance(text, str)}


def _current(files: HostFiles) -> str:
    name = json_table(files, f"{_directory(files)}/current").get("Name")
    return name if isinstance(name, str) else ""


def _made_now(files: HostFiles) -> Builder:
    """What a new one is given: the default configuration and the files that it names, under the
    paths that they have here."""
    text = files.text(default_path(files))
    if text is None:
        return Builder("default", DRIVERS[0])
    given: dict[str, bytes] = {}
    try:
        sections = buildkitd.sections_of(read_toml(text))
    except buildkitd.WrongConfig:
        sections = {}
    seen = Filesystem(files)
    for section in sections.values():
        for path in (*section.authorities, *(each for pair in section.pairs for each in pair)):
            read = seen.read(path)
            if not read.error:
                given[posixpath.normpath(path)] = read.content
            elif seen.is_file(path):
                # A key, of which no more is known than that it is there.
                given[posixpath.normpath(path)] = KEY
    return Builder("default", DRIVERS[0], text.encode(), given)


def _which(taken: Chosen, path: str) -> Iterator[Note]:
    """Which builder this is about, and what is not known of it."""
    builder = taken.builder
    if not builder.path:
        made = f"with {path}" if builder.config is not None else "without a configuration"
        yield _told(
            path,
            "no builder in a container is here: this is one that would be made now by docker "
            f"buildx create, {made}",
        )
        return
    state = "in use" if taken.used else "not in use: docker buildx build --builder takes it"
    yield _told(builder.path, f"this is builder {builder.name} ({builder.driver}), {state}")
    for name in taken.others:
        yield _told(
            builder.path, f"builder {name} is here as well: BUILDX_BUILDER={name} judges that one"
        )
    if builder.driver == "remote":
        yield _told(
            builder.path,
            f"builder {builder.name} is remote: the buildkitd.toml and the roots that count are "
            "those of its host, which is judged by regdoctor clients --client buildkit there",
        )


def _told(file: str, sentence: str) -> Note:
    return Note("builder-judged", file, "builder", sentence)


def _unseen(situation: Situation, builder: Builder, host: str, path: str) -> Iterator[Note]:
    """What of this host's files looks as if it were meant for the builder, and never gets in."""
    files = Filesystem(situation.files)
    settings = read_toml((builder.config or b"").decode("utf-8", "replace"))
    try:
        section = buildkitd.sections_of(settings).get(host)
    except buildkitd.WrongConfig:
        return
    if builder.driver == "remote":
        return
    default = default_path(situation.files)
    if builder.path and builder.config is None and files.is_file(default):
        yield Note(
            "setting-ignored",
            default,
            builder.name,
            f"{default} is not in builder {builder.name}, which was made without it: docker buildx "
            f"rm {builder.name}, then docker buildx create",
        )
    for directory in section.directories if section else ():
        yield Note(
            "setting-ignored",
            path,
            "tlsconfigdir",
            f"tlsconfigdir {directory} is not copied into a builder: the files that `ca` and "
            "`keypair` name are",
        )
    for docker in (SYSTEM, f"{situation.files.home}/.docker"):
        yield from _of_docker(situation.files, docker, host, bool(section and section.mirrors))


def _of_docker(files: HostFiles, docker: str, host: str, mirrored: bool) -> Iterator[Note]:
    path, directory = f"{docker}/daemon.json", f"{docker}/certs.d/{host}"
    daemon = json_table(files, path)
    if host == HUB and daemon.get("registry-mirrors") and not mirrored:
        yield Note(
            "builder-without-mirrors",
            path,
            "registry-mirrors",
            f"registry-mirrors of {path} are not those of a builder in a container: it asks "
            f"Docker Hub itself unless its buildkitd.toml says mirrors below "
            f'[registry."{HUB}"]',
        )
    insecure = daemon.get("insecure-registries")
    if isinstance(insecure, list) and host in insecure:
        yield Note(
            "setting-ignored",
            path,
            host,
            f"insecure-registries of {path} means nothing to a builder in a container: its "
            f'buildkitd.toml wants `insecure` or `http` below [registry."{host}"]',
        )
    if directory in files.directories:
        yield Note(
            "certificates-not-read",
            directory,
            host,
            f"{directory} is not read by a builder in a container: the `ca` of "
            f'[registry."{host}"] has to name the file when the builder is made',
        )


PROGRAMS = (Program("buildx", evaluate, buildkitd.walk, executed=False),)
