"""Versions as programs and packages write them."""

from __future__ import annotations

import pytest

from regdoctor.clients.version import UnknownVersionError, version


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("24.0.9", (24, 0, 9)),
        ("v1.7.24", (1, 7, 24)),
        ("20.10.24+dfsg1-1", (20, 10, 24)),
        ("1.6.20~ds1-1+b1", (1, 6, 20)),
        ("0.32", (0, 32)),
    ],
)
def test_the_numbers_count(text: str, numbers: tuple[int, ...]) -> None:
    assert version(text).numbers == numbers
    assert str(version(text)) == text


def test_order() -> None:
    assert version("1.10.0") > version("1.9.3")
    assert version("24") == version("24.0.0")
    assert hash(version("24")) == hash(version("24.0"))
    assert version("24.0.9").since(24, 0, 8)
    assert not version("24.0.7").since(24, 0, 8)
    assert version("1.6.25").within((1, 6, 25), (1, 7))
    assert not version("1.7.0").within((1, 6, 25), (1, 7))


def test_what_is_no_version() -> None:
    with pytest.raises(UnknownVersionError):
        version("latest")
