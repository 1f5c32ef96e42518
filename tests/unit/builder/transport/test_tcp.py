"""A name is asked for once while the question is open, and anew when it was answered."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import Any

import pytest

from builder.transport.tcp import LayerError, Resolver


def _answering(monkeypatch: pytest.MonkeyPatch, seconds: float) -> list[str]:
    """The system's resolver takes ``seconds`` for every name but ``bad.example``."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        time.sleep(seconds)
        if host == "bad.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.9", port))
        return [found, found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


async def test_a_name_that_is_being_asked_for_is_asked_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = _answering(monkeypatch, 0.05)
    resolver, deadline = Resolver(), time.monotonic() + 10
    names = ("r.example", "s.example", "bad.example")
    answers = await asyncio.gather(
        *(resolver.lookup(name, 443, deadline) for name in names * 20), return_exceptions=True
    )
    assert sorted(asked) == sorted(names)
    assert answers[:2] == [[("127.0.0.9", 443)]] * 2
    assert all(
        str(error) == "dial tcp: lookup bad.example: no such host" for error in answers[2::3]
    )


async def test_a_name_is_asked_for_anew_when_it_was_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = _answering(monkeypatch, 0.0)
    resolver, deadline = Resolver(), time.monotonic() + 10
    await resolver.lookup("r.example", 443, deadline)
    await resolver.lookup("r.example", 443, deadline)
    assert asked == ["r.example"] * 2


async def test_who_gives_up_takes_the_answer_from_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    _answering(monkeypatch, 0.2)
    resolver, now = Resolver(), time.monotonic()
    hasty, patient = await asyncio.gather(
        resolver.lookup("r.example", 443, now + 0.05),
        resolver.lookup("r.example", 443, now + 10),
        return_exceptions=True,
    )
    assert isinstance(hasty, LayerError)
    assert hasty.timed_out
    assert str(hasty) == "dial tcp: lookup r.example: i/o timeout"
    assert patient == [("127.0.0.9", 443)]


async def test_names_wait_for_one_another_no_longer_than_each_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    everybody = threading.Barrier(20)

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        everybody.wait(5)  # raises where not all twenty are here
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    resolver, deadline = Resolver(), time.monotonic() + 10
    await asyncio.gather(*(resolver.lookup(f"r{n}.example", 443, deadline) for n in range(20)))
