"""Every executed chain is replayed: the same words, the same verdict, the same culprit."""

from __future__ import annotations

import functools

import pytest

from tests.replay.compare import Common, common, misses
from tests.unit.regdoctor.x509.vectors import vector, vectors


@functools.cache
def file() -> Common:
    return common(vectors())


@pytest.mark.parametrize("identity", [each["id"] for each in vectors()])
def test_says_what_go_says_in_every_release(identity: str) -> None:
    assert misses(vector(identity), file()) == []


def test_the_file_has_what_it_is_known_to_have() -> None:
    assert len(vectors()) == 466
    assert file().releases == (
        *("1.26.6", "1.26.0", "1.25.5", "1.25.2", "1.25.0", "1.24.11", "1.24.3"),
        *("1.23.9", "1.22.10", "1.21.13", "1.19.8"),
    )
    settings = {
        go.partition("GODEBUG=")[2]
        for each in vectors()
        for differing in each.get("differs", ())
        for go in differing["go"]
    }
    assert settings == {"", "x509negativeserial=1", "rsa1024min=0", "tlsmaxrsasize=16384"}
