"""Versions of client programs, ordered as their numbers are."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

_NUMBERS = re.compile(r"v?(\d+(?:\.\d+)*)")


class UnknownVersionError(ValueError):
    """``text`` does not begin with a number such as ``24.0.9`` or ``v1.7.24``."""

    def __init__(self, text: str) -> None:
        super().__init__(f"not a version: {text!r}")
        self.text = text


@functools.total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """``numbers`` of ``text``: ``1.6.20~ds1-1`` is (1, 6, 20). ``24`` equals ``24.0.0``."""

    text: str
    numbers: tuple[int, ...]

    def since(self, *numbers: int) -> bool:
        """Is it this release or a later one?"""
        return self._padded() >= _pad(numbers)

    def within(self, first: tuple[int, ...], after: tuple[int, ...]) -> bool:
        """Is it ``first`` or later, and before ``after``?"""
        return self.since(*first) and not self.since(*after)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._padded() == other._padded()

    def __hash__(self) -> int:
        return hash(self._padded())

    def __lt__(self, other: Version) -> bool:
        return self._padded() < other._padded()

    def __str__(self) -> str:
        return self.text

    def _padded(self) -> tuple[int, ...]:
        return _pad(self.numbers)


def _pad(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return (*numbers, *(0,) * (4 - len(numbers)))


def version(text: str) -> Version:
    """``text`` as a package manager or ``--version`` gives it. Raises UnknownVersionError."""
    found = _NUMBERS.match(text.strip())
    if found is None:
        raise UnknownVersionError(text)
    return Version(text.strip(), tuple(int(each) for each in found[1].split(".")))
