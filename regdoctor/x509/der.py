"""A strict DER reader that accepts and refuses exactly what Go's certificate parser does.

Rules (X.690, as Go applies them): one-octet tags only, definite lengths in the fewest octets,
lengths of at most four octets, minimal integers, no padding in object identifiers. Nothing is
raised here: a read that fails returns ``None`` and the caller names the fault, because the
words depend on where in a certificate it happened.
"""

from __future__ import annotations

import functools
from typing import Final

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31

NULL: Final = b"\x05\x00"

_HIGH_TAG = 0x1F
_MAX_LENGTH_OCTETS = 4
# Go keeps each arc in 31 bits, whatever the machine.
_ARC_LIMIT = 1 << (31 - 7)
_ARC_OCTETS = 5


def context(number: int, *, constructed: bool = False) -> int:
    """The tag octet of ``[number]``."""
    return 0x80 | number | (0x20 if constructed else 0)


class Der:
    """A cursor over the elements of ``data``. After a failed read it must not be used."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        """True while octets are left."""
        return self._at < len(self._data)

    def peek(self, tag: int) -> bool:
        """True if the next octet is ``tag``."""
        return self._at < len(self._data) and self._data[self._at] == tag

    def any(self) -> tuple[int, bytes, bytes] | None:
        """The next element as (tag, content, whole element)."""
        data, start = self._data, self._at
        if len(data) - start < 2:
            return None
        tag, size = data[start], data[start + 1]
        if tag & _HIGH_TAG == _HIGH_TAG:
            return None
        begin = start + 2
        if size & 0x80:
            octets = size & 0x7F
            if not 1 <= octets <= _MAX_LENGTH_OCTETS or len(data) - begin < octets:
                return None
            size = int.from_bytes(data[begin : begin + octets], "big")
            if size < 0x80 or size >> (8 * (octets - 1)) == 0:
                return None
            begin += octets
        end = begin + size
        if end > len(data):
            return None
        self._at = end
        return tag, data[begin:end], data[start:end]

    def content(self, tag: int) -> bytes | None:
        """The content of the next element, which must have ``tag``."""
        found = self.any()
        return found[1] if found is not None and found[0] == tag else None

    def element(self, tag: int) -> bytes | None:
        """The next element with its header, which must have ``tag``."""
        found = self.any()
        return found[2] if found is not None and found[0] == tag else None

    def inside(self, tag: int) -> Der | None:
        """A reader of the content of the next element, which must have ``tag``."""
        content = self.content(tag)
        return None if content is None else Der(content)

    def skip_optional(self, tag: int) -> bool:
        """Passes over the next element if it has ``tag``; False if it is malformed."""
        return not self.peek(tag) or self.content(tag) is not None

    def integer(self, tag: int = INTEGER) -> int | None:
        """A two's-complement integer in the fewest octets."""
        content = self.content(tag)
        if not content:
            return None
        if len(content) > 1 and (
            (content[0] == 0x00 and not content[1] & 0x80)
            or (content[0] == 0xFF and content[1] & 0x80)
        ):
            return None
        return int.from_bytes(content, "big", signed=True)

    def small_integer(self, tag: int = INTEGER) -> int | None:
        """An integer that fits into 64 bits with its sign."""
        value = self.integer(tag)
        return value if value is not None and -(1 << 63) <= value < 1 << 63 else None

    def boolean(self) -> bool | None:
        """DER's TRUE is ff and nothing else."""
        content = self.content(BOOLEAN)
        return {b"\x00": False, b"\xff": True}.get(content) if content is not None else None

    def identifier(self) -> str | None:
        """An object identifier in dotted form."""
        content = self.content(OBJECT_IDENTIFIER)
        return None if content is None else dotted(content)

    def bits(self) -> tuple[bytes, int] | None:
        """A bit string as (octets, unused bits of the last one)."""
        content = self.content(BIT_STRING)
        if not content:
            return None
        unused, octets = content[0], content[1:]
        if unused > 7 or (not octets and unused):
            return None
        if octets and octets[-1] & ((1 << unused) - 1):
            return None
        return octets, unused


@functools.lru_cache(maxsize=512)
def dotted(content: bytes) -> str | None:
    """The dotted form of an encoded object identifier; ``None`` if it is malformed."""
    arcs: list[int] = []
    value, octets = 0, 0
    for octet in content:
        if (octets == 0 and octet == 0x80) or octets == _ARC_OCTETS or value >= _ARC_LIMIT:
            return None
        value, octets = value << 7 | octet & 0x7F, octets + 1
        if not octet & 0x80:
            arcs.append(value)
            value, octets = 0, 0
    if octets or not arcs:
        return None
    first = arcs[0]
    head = divmod(first, 40) if first < 80 else (2, first - 80)
    return ".".join(map(str, (*head, *arcs[1:])))


def right_aligned(octets: bytes, unused: int) -> bytes:
    """A bit string shifted so that its last bit is the lowest, as keys and signatures are read."""
    if not unused or not octets:
        return octets
    return (int.from_bytes(octets, "big") >> unused).to_bytes(len(octets), "big")
