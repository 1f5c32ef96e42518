"""The servers of the play: a registry behind a private CA, and an old Nexus in front of it."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import socket
import ssl
import subprocess
import sys
import time
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
        address = stack.enter_context(
            images.registry(
                directory / "registry", certificate=ca / "server.crt", key=ca / "server.key"
            )
        )
        trusted = ssl.create_default_context(cafile=str(ca / "ca.crt"))
        images.push(base, address, "base/busybox", "1", tls=trusted)
        nexus_port = stack.enter_context(_nexus(directory, upstream=address))
        yield Stage(directory, int(address.rpartition(":")[2]), nexus_port)


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
def _nexus(directory: Path, upstream: str) -> Iterator[int]:
    """An emulation of Nexus 3.14's docker proxy repository (NEXUS-12684), as a program."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    ca = directory / "ca"
    with (directory / "nexus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.fixtures.registry"),
                *("--listen", f"127.0.0.1:{port}", "--product", "nexus-3.14"),
                *("--upstream", f"https://{upstream}", "--upstream-ca", str(ca / "ca.crt")),
                *("--certificate", str(ca / "server.crt"), "--key", str(ca / "server.key")),
            ],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )
        try:
            _await_port(port, process)
            yield port
        finally:
            process.terminate()
            process.wait(10)


def _await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _module(name: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", name, *arguments], check=True)
