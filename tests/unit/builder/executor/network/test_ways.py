"""The first way out that works is used, and its namespaces are used again."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.executor.network import ways
from builder.executor.network.types import NetworkError


class Toy:
    """A way out that counts; with ``error`` it refuses."""

    resolver = ""

    def __init__(self, name: str, error: Exception | None = None) -> None:
        self.name = name
        self.error = error
        self.made = 0
        self.open = 0
        self.closed = False

    def attach(self) -> ToyAttachment:
        if self.error is not None:
            raise self.error
        self.made += 1
        self.open += 1
        return ToyAttachment(self)

    def close(self) -> None:
        self.closed = True


class ToyAttachment:
    def __init__(self, way: Toy) -> None:
        self._way = way
        self.path = Path("/netns")

    def close(self) -> None:
        self._way.open -= 1


def lender(monkeypatch: pytest.MonkeyPatch, *toys: Toy) -> ways.WaysOut:
    monkeypatch.setattr(ways, "WAYS", {toy.name: lambda _, toy=toy: toy for toy in toys})
    return ways.WaysOut(Path("/state"), [toy.name for toy in toys])


def test_what_refuses_is_passed_over_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Toy("bridge", PermissionError(1, "Operation not permitted"))
    second, third = Toy("pasta", NetworkError("pasta not found")), Toy("slirp4netns")
    out = lender(monkeypatch, first, second, third)
    assert out.lend() is not None
    assert out.way is third
    assert out.refusals == ["bridge: Operation not permitted", "pasta not found"]
    assert first.closed


def test_where_none_works_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    out = lender(monkeypatch, Toy("bridge", NetworkError("no")))
    assert out.lend() is None
    assert out.lend() is None
    assert out.refusals == ["no"]


def test_a_namespace_is_lent_again_unless_it_may_have_been_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toy = Toy("bridge")
    out = lender(monkeypatch, toy)
    first = out.lend()
    assert first is not None
    out.take_back(first, reuse=True)
    assert out.lend() is first
    out.take_back(first, reuse=False)
    assert toy.open == 0
    assert out.lend() is not first


def test_closing_gives_back_what_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    toy = Toy("bridge")
    out = lender(monkeypatch, toy)
    lent = [out.lend() for _ in range(10)]
    for attachment in lent:
        assert attachment is not None
        out.take_back(attachment, reuse=True)
    assert 0 < toy.open < 10
    out.close()
    assert toy.open == 0
    assert toy.closed
