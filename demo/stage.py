"""The servers of the play: a registry behind a private CA, and an old Nexus in front of it."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fixtures import images

REGISTRY, NEXUS = "registry.corp.example", "nexus.corp.example"


@dataclass(frozen=True)
class Stage:
    """Where everything is. Ports differ from run to run; names do not."""

    directory: Path
    registry_port: int
    nexus_port: int

    @property
    def registry(self) -> str:
        return f"{REGISTRY}:{self.registry_port}"

    @property
    def nexus(self) -> str:
        return f"{NEXUS}:{self.nexus_port}"

    @property
    def root_certificate(self) -> Path:
        return self.directory / "ca" / "ca.crt"

    @property
    def resolve(self) -> list[str]:
        """The names exist nowhere: both are told to be this machine, as with curl."""
        return [
            f"--resolve={name}:{port}:127.0.0.1"
            for name, port in ((REGISTRY, self.registry_port), (NEXUS, self.nexus_port))
        ]


@contextlib.contextmanager
def set_up(directory: Path) -> Iterator[Stage]:
    """Certificates and the base image stay in ``directory`` for the next run; servers end."""
    directory.mkdir(parents=True, exist_ok=True)
    ca = directory / "ca"
    if not (ca / "server.key").exists():
        names = ["--name", REGISTRY, "--name", NEXUS, "--ip", "127.0.0.1"]
        _module("tests.fixtures.ca", "--out", str(ca), *names)
    base = directory / "base"
    if not (base / "index.json").exists():
        images.busybox(base, tag="1")
    for old in ("registry", "state"):
        shutil.rmtree(directory / old, ignore_errors=True)
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(_origin(directory))
        trusted = ssl.create_default_context(cafile=str(ca / "ca.crt"))
        images.push(base, f"127.0.0.1:{port}", "base/busybox", "1", tls=trusted)
        yield Stage(directory, port, stack.enter_context(_nexus(directory, port)))


def head(stage: Stage, name: str, reference: str) -> tuple[int, str]:
    """What a resolver that only asks HEAD sees at the Nexus: status and ``Server``."""
    trusted = ssl.create_default_context(cafile=str(stage.root_certificate))
    connection = http.client.HTTPSConnection("127.0.0.1", stage.nexus_port, context=trusted)
    try:
        accept = "application/vnd.oci.image.manifest.v1+json, */*"
        connection.request("HEAD", f"/v2/{name}/manifests/{reference}", headers={"Accept": accept})
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("Server", "")
    finally:
        connection.close()


@contextlib.contextmanager
def _origin(directory: Path) -> Iterator[int]:
    """Debian's docker-registry over TLS; on other systems a registry of our tests."""
    certificate, key = directory / "ca" / "server.crt", directory / "ca" / "server.key"
    if shutil.which("docker-registry"):
        with images.registry(directory / "registry", certificate=certificate, key=key) as address:
            yield int(address.rpartition(":")[2])
    else:
        with _served(directory, "registry", f"--name={REGISTRY}") as port:
            yield port


@contextlib.contextmanager
def _nexus(directory: Path, upstream_port: int) -> Iterator[int]:
    """An emulation of Nexus 3.14's docker proxy repository (NEXUS-12684)."""
    upstream = f"--upstream=https://127.0.0.1:{upstream_port}"
    trust = f"--upstream-ca={directory / 'ca' / 'ca.crt'}"
    with _served(
        directory, "nexus", f"--name={NEXUS}", "--nexus=3.14.0-04", upstream, trust
    ) as port:
        yield port


@contextlib.contextmanager
def _served(directory: Path, log: str, *options: str) -> Iterator[int]:
    """The port of a ``tests.fixtures.registry`` over TLS, which says on stdout where it listens."""
    ca = directory / "ca"
    tls = ("--cert", str(ca / "server.crt"), "--key", str(ca / "server.key"))
    with (directory / f"{log}.log").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fixtures.registry", *tls, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    with process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            if not url:
                raise RuntimeError(f"it did not start; see {directory / log}.log")
            yield int(url.rpartition(":")[2])
        finally:
            process.terminate()


def _module(name: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", name, *arguments], check=True)
