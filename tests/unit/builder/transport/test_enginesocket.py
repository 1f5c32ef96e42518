"""Loading through an engine's socket: what is sent, and what its answers mean."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import BinaryIO

import pytest

from builder.transport.enginesocket import Engine, EngineError, find_engine


@pytest.fixture
def directory() -> Iterator[Path]:
    """The path of a socket has 107 bytes at most."""
    with TemporaryDirectory(prefix="engine-") as short:
        yield Path(short)


def engine(directory: Path, answer: bytes, *, early: bool = False) -> tuple[Engine, list[bytes]]:
    """One that reads a request to its end, or hangs up ``early``, and gives ``answer``."""
    path, seen = directory / "sock", [b""]
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        peer, _ = listener.accept()
        with peer, listener:
            while not early and not seen[0].endswith(b"0\r\n\r\n"):
                seen[0] += peer.recv(65536)
            if early:
                peer.recv(10)
            peer.sendall(answer)

    Thread(target=serve, daemon=True).start()
    return Engine(path), seen


def answered(status: str, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n%b" % (status.encode(), len(body), body)


def some(file: BinaryIO) -> None:
    file.write(b"a tar")
    file.write(b"" * 10)


def much(file: BinaryIO) -> None:
    for _ in range(64):
        file.write(bytes(1 << 20))


def test_a_tar_is_sent_in_chunks_and_the_words_of_the_engine_come_back(directory: Path) -> None:
    answer = answered("200 OK", b'{"stream":"Loaded image: a:1\\n"}\r\n{"status":"x"}\n')
    target, seen = engine(directory, answer)
    assert target.load(some) == ("Loaded image: a:1",)
    assert seen[0].startswith(b"POST /images/load?quiet=1 HTTP/1.1\r\n")
    assert seen[0].endswith(b"\r\n\r\n5\r\na tar\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    ("answer", "write", "early", "said"),
    [
        (
            answered("200 OK", b'{"error":"no space left on device"}\n'),
            some,
            False,
            "no space left",
        ),
        (answered("500 Internal", b'{"message":"bad tar"}\n'), some, False, "bad tar"),
        (answered("400 Bad Request", b"<html>"), some, False, "status 400"),
        (answered("500 Internal", b'{"message":"full"}\n'), much, True, "the engine at"),
        (b"nonsense\r\n\r\n", some, False, "cannot load into the engine"),
    ],
)
def test_what_goes_wrong_is_said_in_the_engine_s_words(
    directory: Path, answer: bytes, write: Callable[[BinaryIO], None], early: bool, said: str
) -> None:
    target, _ = engine(directory, answer, early=early)
    with pytest.raises(EngineError, match=said if not early else "engine at"):
        target.load(write)


def test_a_socket_that_nobody_listens_on_is_named(directory: Path) -> None:
    with pytest.raises(EngineError, match=r"cannot load into the engine at .*/none"):
        Engine(directory / "none").load(some)


def test_the_environment_names_the_engine_or_it_is_refused() -> None:
    assert find_engine({"DOCKER_HOST": "unix:///x/y"}).socket == Path("/x/y")
    assert find_engine({"CONTAINER_HOST": "unix:///p"}).socket == Path("/p")
    with pytest.raises(EngineError, match="DOCKER_HOST") as caught:
        find_engine({"DOCKER_HOST": "tcp://user:secret@host:2375"})
    assert "secret" not in str(caught.value)
