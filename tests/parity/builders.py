"""The builders that are compared: each makes an image file of a Dockerfile, with its own state."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

REPOSITORY = Path(__file__).resolve().parents[2]
CASES = REPOSITORY / "tests" / "fixtures" / "dockerfiles"
COMPILED = REPOSITORY / ".peers" / "bin"
DOCKER = "/usr/bin/docker"
"""Debian's client, and not a newer one that may come first on PATH."""


class BuilderRefusedError(Exception):
    """A builder refused; the text is what it printed."""


class Builder(Protocol):
    """``build`` writes the image of ``context`` to ``image``, or raises BuilderRefusedError.

    Without ``image`` the result stays where the builder keeps such things.
    """

    name: str

    def build(self, context: Path, arguments: Mapping[str, str], image: Path | None) -> None: ...


@dataclass
class Ours:
    """This product, by its command line."""

    root: Path
    name: str = "ours"
    program: str = "import sys; from regdoctor.cli import main; sys.exit(main())"
    """What the interpreter runs."""

    def build(self, context: Path, arguments: Mapping[str, str], image: Path | None) -> None:
        self.write_config(*(base for base in arguments.values() if "/" in base))
        run(
            [
                *self.command,
                "--provenance=false",  # as buildctl, which adds none
                *_arguments(arguments),
                *(["-o", f"type=oci,dest={image}"] if image else []),
                str(context),
            ]
        )

    @property
    def command(self) -> tuple[str, ...]:
        """The command with its state and settings."""
        return (
            *(sys.executable, "-c", self.program),
            *("build", "--root", str(self.root), "--config", str(self.root / "config.toml")),
            *("--progress", "plain"),
        )

    def write_config(self, *bases: str) -> None:
        """Settings by which the registries of ``bases`` speak plain HTTP."""
        self.root.mkdir(parents=True, exist_ok=True)
        registries = {base.partition("/")[0] for base in bases}
        text = "".join(f'[registry."{host}"]\nhttp = true\n' for host in registries)
        (self.root / "config.toml").write_text(text)


@dataclass
class Buildah:
    """``buildah bud`` with storage of its own."""

    root: Path
    name: str = "buildah"

    def build(self, context: Path, arguments: Mapping[str, str], image: Path | None) -> None:
        storage = (
            *("buildah", "--root", str(self.root / "root")),
            *("--runroot", str(self.root / "run"), "--storage-driver", "overlay"),
        )
        run(
            [
                *(*storage, "bud", "--layers", "--isolation", "chroot", "--tls-verify=false"),
                # OCI's config has no place for SHELL, HEALTHCHECK and ONBUILD.
                *("--format", "docker"),
                *_arguments(arguments),
                *("--tag", "parity", str(context)),
            ]
        )
        if image is not None:
            image.unlink(missing_ok=True)
            run([*storage, "push", "parity", f"docker-archive:{image}:parity"])


@dataclass
class Docker:
    """``docker build`` of an engine that the test started; ``host`` is its ``unix://`` address."""

    host: str
    name: str = "docker"

    def build(self, context: Path, arguments: Mapping[str, str], image: Path | None) -> None:
        docker = (DOCKER, "--host", self.host)
        run(
            [
                *docker,
                "build",
                "--network=host",
                *_arguments(arguments),
                "-t",
                "parity",
                str(context),
            ],
            {"DOCKER_BUILDKIT": "1"},
        )
        if image is not None:
            run([*docker, "save", "--output", str(image), "parity"])


@dataclass
class BuildKit:
    """``buildctl`` and the ``buildkitd`` of `make peers-go`; ``address`` is the daemon's."""

    address: str
    name: str = "buildkit"

    def build(self, context: Path, arguments: Mapping[str, str], image: Path | None) -> None:
        options = [f"--opt=build-arg:{key}={value}" for key, value in arguments.items()]
        run(
            [
                *(str(COMPILED / "buildctl"), "--addr", self.address, "build"),
                *("--progress", "plain", "--frontend", "dockerfile.v0", *options),
                *("--local", f"context={context}", "--local", f"dockerfile={context}"),
                *(["--output", f"type=oci,dest={image}"] if image else []),
            ]
        )


@contextlib.contextmanager
def buildah(directory: Path) -> Iterator[Buildah]:
    yield Buildah(directory)
    for mount in _mounts_below(directory):
        subprocess.run(["umount", "--lazy", mount], check=False)


@contextlib.contextmanager
def ours(directory: Path) -> Iterator[Ours]:
    yield Ours(directory)


@contextlib.contextmanager
def docker(directory: Path) -> Iterator[Docker]:
    """Debian's engine, with state, socket and containerd below ``directory``."""
    host = f"unix://{directory}/docker.sock"
    command = [
        *("dockerd", "--host", host, "--data-root", str(directory / "data")),
        *("--exec-root", str(directory / "exec"), "--pidfile", str(directory / "pid")),
        *("--bridge=none", "--iptables=false", "--ip-masq=false", "--config-file", "/dev/null"),
    ]
    (directory / "daemon.json").write_text("{}")
    command[-1] = str(directory / "daemon.json")
    with _daemon(command, directory, [DOCKER, "--host", host, "version"]):
        yield Docker(host)


@contextlib.contextmanager
def buildkit(directory: Path) -> Iterator[BuildKit]:
    """The newest BuildKit, which runs steps with Debian's runc."""
    address = f"unix://{directory}/buildkitd.sock"
    command = [
        *(str(COMPILED / "buildkitd"), "--addr", address, "--root", str(directory / "root")),
        *("--oci-worker", "true", "--containerd-worker", "false"),
        *("--oci-worker-binary", shutil.which("runc") or "runc", "--oci-worker-net", "host"),
        *("--otel-socket-path", str(directory / "otel.sock"), "--config", "/dev/null"),
    ]
    ready = [str(COMPILED / "buildctl"), "--addr", address, "debug", "workers"]
    with _daemon(command, directory, ready):
        yield BuildKit(address)


BUILDERS: dict[str, Callable[[Path], contextlib.AbstractContextManager[Builder]]] = {
    "ours": ours,
    "buildah": buildah,
    "docker": docker,
    "buildkit": buildkit,
}


@contextlib.contextmanager
def _daemon(command: list[str], directory: Path, ready: list[str]) -> Iterator[None]:
    log = directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, start_new_session=True
        )
        try:
            deadline = time.monotonic() + 60
            while subprocess.run(ready, capture_output=True, check=False).returncode != 0:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise BuilderRefusedError(
                        f"{command[0]} did not start:\n{log.read_text()[-3000:]}"
                    )
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            for mount in _mounts_below(directory):
                subprocess.run(["umount", "--lazy", mount], check=False)


def _mounts_below(directory: Path) -> list[str]:
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return sorted((p for p in points if p.startswith(f"{directory}/")), reverse=True)


def _arguments(arguments: Mapping[str, str]) -> list[str]:
    return [f"--build-arg={key}={value}" for key, value in arguments.items()]


def run(command: list[str], environment: Mapping[str, str] | None = None) -> str:
    """What it prints. Raises BuilderRefusedError."""
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=300,
        )
    except subprocess.TimeoutExpired as error:
        raise BuilderRefusedError(f"{command[0]} took more than {error.timeout:.0f} s") from error
    if done.returncode != 0:
        raise BuilderRefusedError(
            f"{command[0]} ended with {done.returncode}:\n{done.stdout[-4000:]}"
        )
    return done.stdout
