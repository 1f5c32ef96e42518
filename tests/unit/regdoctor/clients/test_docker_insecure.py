"""``insecure-registries``: what is covered, and what dockerd does not start with."""

from __future__ import annotations

import pytest

from regdoctor.clients.docker_daemon import DoesNotStart
from regdoctor.clients.docker_insecure import Insecure, read_insecure

ADDRESSES = {
    "reg.example": ("10.1.0.5",),
    "loop.example": ("127.0.0.1",),
    "six.example": ("fd00::5",),
}


def insecure(*entries: str) -> Insecure:
    return read_insecure(entries, ADDRESSES)


@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("reg.example:5000", "reg.example:5000"),
        ("reg.example", "reg.example"),
        ("http://reg.example:5000", "reg.example:5000"),
        ("HTTPS://reg.example:5000", "reg.example:5000"),
        ("10.1.0.0/16", "10.1.0.5:5000"),
        ("10.1.0.9/16", "reg.example:5000"),
        ("fd00::/8", "six.example"),
        ("fd00::/8", "[fd00::7]:5000"),
        ("[fd00::7]:5000", "[fd00::7]:5000"),
    ],
)
def test_an_entry_covers(entry: str, host: str) -> None:
    assert insecure(entry).covers(host)
    assert not insecure().covers(host)


@pytest.mark.parametrize(
    ("entry", "host"),
    [
        ("reg.example", "reg.example:5000"),
        ("reg.example:443", "reg.example"),
        ("example", "reg.example"),
        ("10.1.0.5", "reg.example"),
        ("10.2.0.0/16", "reg.example"),
        ("10.1.0.0/16", "unknown.example"),
        ("fd00::/8", "[fd00::7]"),
        ("docker.io", "docker.io"),
    ],
)
def test_an_entry_does_not_cover(entry: str, host: str) -> None:
    assert not insecure(entry).covers(host)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:5000", "127.3.0.1:80", "[::1]:5000", "loop.example:5000"]
)
def test_loopback_is_always_insecure_names_of_it_included(host: str) -> None:
    assert insecure().covers(host)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("ftp://reg.example", "should not contain '://'"),
        ("reg.example:5000/", "invalid host"),
        ("reg_x:5000", "invalid host"),
        ("reg.example:70000", 'invalid port "70000"'),
        ("-reg", "Cannot begin or end with"),
    ],
)
def test_dockerd_does_not_start_with(entry: str, why: str) -> None:
    with pytest.raises(DoesNotStart, match=why):
        insecure(entry)
