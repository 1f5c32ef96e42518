"""Resolvers asked one by one, over real packets on loopback."""

from __future__ import annotations

import asyncio

import pytest

from regdoctor.probes.resolvers import ask_all, question, read
from tests.fixtures.resolver import AAAA, A, resolver


def test_the_answers_of_two_resolvers_side_by_side() -> None:
    with (
        resolver({A: "192.0.2.1", AAAA: "2001:db8::1"}) as good,
        resolver({AAAA: "2001:db8::1"}) as half,
    ):
        found = asyncio.run(ask_all((good, half), "registry.example", 2.0))
    assert [(e.kind, e.rcode, e.addresses) for e in found.of(good)] == [
        ("A", "NOERROR", ("192.0.2.1",)),
        ("AAAA", "NOERROR", ("2001:db8::1",)),
    ]
    assert [e.addresses for e in found.of(half)] == [(), ("2001:db8::1",)]
    assert found.differ


def test_a_refusal_silence_and_a_closed_port_are_told_apart() -> None:
    with resolver({}, 3) as unknown, resolver({}, silent=True) as silent:
        found = asyncio.run(ask_all((unknown, silent, "127.0.0.1#1"), "registry.example", 0.3))
    kinds = {server: found.of(server)[0] for server in found.servers}
    assert kinds[unknown].rcode == "NXDOMAIN"
    assert kinds[silent].text == "no answer in 0 s"
    assert "refused" in kinds["127.0.0.1#1"].text
    assert not found.differ


def test_no_more_than_three_are_asked() -> None:
    servers = [f"127.0.0.1#{port}" for port in (1, 2, 3, 4)]
    assert len(asyncio.run(ask_all(servers, "registry.example", 0.3)).servers) == 3


@pytest.mark.parametrize(
    "packet", [b"", b"\x00" * 11, bytes(4) + b"\x00\x01\x00\x01" + bytes(4) + b"\x3fabc"]
)
def test_a_malformed_answer_is_an_error(packet: bytes) -> None:
    with pytest.raises(ValueError, match=r"short|malformed"):
        read(packet, "A")


def test_what_is_no_name_is_not_asked() -> None:
    with pytest.raises(ValueError, match="no name"):
        question("a..example", "A")
