"""User-mode network stacks: pasta and slirp4netns, where there is no root for a bridge.

One process serves one namespace. Both are told not to offer this host's loopback: pasta
maps the gateway's address to it and forwards ports by default, slirp 10.0.2.2.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import signal
import subprocess
from pathlib import Path

from msgspec import Struct

from builder.executor import programs
from builder.executor.network import namespace
from builder.executor.network.types import NetworkError

_READY_SECONDS = 10.0


class ServedAttachment(Struct):
    """A namespace and the process that serves it; ``lifeline`` closed ends the process."""

    descriptor: int
    server: subprocess.Popen[bytes]
    lifeline: int

    @property
    def path(self) -> Path:
        return namespace.path_of(self.descriptor)

    def close(self) -> None:
        os.close(self.lifeline)
        self.server.kill()
        self.server.wait()
        if self.server.stderr is not None:
            self.server.stderr.close()
        os.close(self.descriptor)


class Slirp:
    """slirp4netns; its resolver relays to the host's, loopback ones as well."""

    name = "slirp4netns"
    resolver = "10.0.2.3"

    def attach(self) -> ServedAttachment:
        program = _find(self.name)
        descriptor = namespace.create()
        ready, ready_end = os.pipe()
        exit_end, lifeline = os.pipe()
        command = [
            program,
            "--configure",
            "--mtu=65520",
            "--disable-host-loopback",
            f"--ready-fd={ready_end}",
            f"--exit-fd={exit_end}",
            "--netns-type=path",
            str(namespace.path_of(descriptor)),
            "tap0",
        ]
        try:
            server = _serve(command, (ready_end, exit_end))
        finally:
            os.close(ready_end)
            os.close(exit_end)
        attachment = ServedAttachment(descriptor, server, lifeline)
        try:
            if not select.select([ready], [], [], _READY_SECONDS)[0] or not os.read(ready, 1):
                raise NetworkError(f"{self.name}: {_said(server)}")
        except BaseException:
            attachment.close()
            raise
        finally:
            os.close(ready)
        return attachment

    def close(self) -> None:
        """Nothing is kept on the host."""


class DaemonAttachment(Struct):
    """A namespace bound to ``place``, and the pid file of the daemon that serves it."""

    descriptor: int
    place: Path
    pid_file: Path

    @property
    def path(self) -> Path:
        return namespace.path_of(self.descriptor)

    def close(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            os.kill(int(self.pid_file.read_text()), signal.SIGKILL)
        self.pid_file.unlink(missing_ok=True)
        namespace.unbind(self.place)
        os.close(self.descriptor)


class Pasta:
    """pasta copies the host's address and routes into the namespace.

    It gives up the capability to look at our descriptors before it opens the namespace,
    which therefore is bound to a file in ``state``, as ip-netns(8) does. pasta goes to the
    background when all is set up; its pid file lies there too, for the watchdog.
    """

    name = "pasta"
    resolver = "169.254.1.1"

    def __init__(self, state: Path) -> None:
        self._state = state

    def attach(self) -> DaemonAttachment:
        program = _find(self.name)
        name = f"pasta-{secrets.token_hex(6)}"
        place = self._state / f"{name}{namespace.BOUND}"
        pid_file = self._state / f"{name}.pid"
        descriptor = namespace.create()
        attachment = DaemonAttachment(descriptor, place, pid_file)
        # fmt: off
        command = [
            program, "--config-net", "--no-map-gw", "--pid", str(pid_file),
            "--tcp-ports", "none", "--udp-ports", "none", "--tcp-ns", "none", "--udp-ns", "none",
            "--dns-forward", self.resolver, "--runas", f"{os.getuid()}:{os.getgid()}",
            "--netns-only", "--netns", str(place),
        ]
        # fmt: on
        try:
            namespace.bind(descriptor, place)
            done = subprocess.run(
                command,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=_READY_SECONDS,
                check=False,
            )
            if done.returncode:
                raise NetworkError(f"{self.name}: {_reason(done.stderr)}")
        except BaseException as error:
            attachment.close()
            if isinstance(error, subprocess.TimeoutExpired):
                raise NetworkError(f"{self.name}: not ready in {_READY_SECONDS:g} s") from error
            raise
        return attachment

    def close(self) -> None:
        """Nothing is kept on the host."""


def _find(name: str) -> str:
    program = programs.find(name)
    if program is None:
        raise NetworkError(f"{name} not found")
    return program


def _serve(command: list[str], descriptors: tuple[int, ...]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        pass_fds=descriptors,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _said(server: subprocess.Popen[bytes]) -> str:
    """The last words of a server that did not become ready; ends it."""
    server.kill()
    _, said = server.communicate()
    return _reason(said)


def _reason(said: bytes) -> str:
    """The end of what a program said, on one line."""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return "; ".join(lines[-3:]) or "no reason given"
