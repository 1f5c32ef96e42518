"""A container engine on this host, docker's or podman's, that takes an image by its socket.

Engine API: ``POST /images/load`` with a tar, answered by a stream of JSON messages
(docker's API reference, "Import images"; podman serves the same).
"""

from __future__ import annotations

import http.client
import io
import json
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import BinaryIO, cast

from msgspec import Struct

from builder.errors import BuilderError
from builder.transport.invoker import invoking_uid

_CHUNK = 1 << 20
_SECONDS = 600.0
_MOST_ANSWER = 1 << 20


class EngineError(BuilderError):
    """No engine to load into, or one that does not take the image."""


class Engine(Struct, frozen=True):
    """An engine that listens on ``socket``."""

    socket: Path

    def load(self, write: Callable[[BinaryIO], object]) -> tuple[str, ...]:
        """Have ``write`` write a tar straight to the engine; returns what that said.

        Blocks. Raises EngineError; what ``write`` raises ends the connection.
        """
        connection = _UnixConnection(self.socket)
        try:
            try:
                connection.putrequest("POST", "/images/load?quiet=1")
                connection.putheader("Content-Type", "application/x-tar")
                connection.putheader("Transfer-Encoding", "chunked")
                connection.endheaders()
                body = _Body(connection)
                with io.BufferedWriter(body, _CHUNK) as file:
                    write(cast("BinaryIO", file))
                connection.send(b"0\r\n\r\n")
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has answered before the end: what it says is worth more
            answer = connection.getresponse()
            return self._said(answer.status, answer.read(_MOST_ANSWER))
        except (OSError, http.client.HTTPException) as error:
            raise EngineError(
                f"cannot load into the engine at {self.socket}: "
                f"{getattr(error, 'strerror', None) or error}".rstrip(": "),
                hint="is it running, and may this user write to its socket?",
            ) from error
        finally:
            connection.close()

    def _said(self, status: int, data: bytes) -> tuple[str, ...]:
        messages = list(_messages(data))
        errors = [str(each.get("error") or each.get("cause") or "") for each in messages]
        if status != 200 or any(errors):
            words = [str(each.get("message", "")) for each in messages]
            said = next(filter(None, (*errors, *words)), f"status {status}")
            raise EngineError(f"the engine at {self.socket} did not load the image: {said}")
        return tuple(str(each["stream"]).strip() for each in messages if each.get("stream"))


def find_engine(environ: Mapping[str, str]) -> Engine:
    """The engine that ``DOCKER_HOST`` or ``CONTAINER_HOST`` names, else docker's socket, else
    podman's (of this user, of root). Raises EngineError."""
    for name in ("DOCKER_HOST", "CONTAINER_HOST"):
        address = environ.get(name, "")
        if address:
            scheme, _, path = address.partition("://")
            if scheme != "unix":
                raise EngineError(
                    f"cannot load into {name}: only the socket of an engine on this host is "
                    "supported",
                    hint="write a file with -o type=docker,dest=FILE and have it loaded there",
                )
            return Engine(Path(path))
    candidates = [Path("/var/run/docker.sock")]
    if environ.get("XDG_RUNTIME_DIR"):
        candidates.append(Path(environ["XDG_RUNTIME_DIR"]) / "podman/podman.sock")
    candidates += [
        Path(f"/run/user/{invoking_uid()}/podman/podman.sock"),
        Path("/run/podman/podman.sock"),
    ]
    for candidate in candidates:
        if candidate.is_socket():
            return Engine(candidate)
    looked = ", ".join(map(str, dict.fromkeys(candidates)))
    raise EngineError(
        f"no engine to load into: none of {looked} is there",
        hint="start docker, or podman with systemctl start podman.socket, or set DOCKER_HOST",
    )


def _messages(data: bytes) -> Iterable[dict[str, object]]:
    for line in data.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _Body(io.RawIOBase):
    """What is written goes out as chunks."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        view = memoryview(cast("bytes", data))
        if view.nbytes:
            self._connection.send(b"%x\r\n" % view.nbytes)
            self._connection.send(bytes(view))
            self._connection.send(b"\r\n")
        return view.nbytes
