"""Sparse files in tar archives: GNU's old header, and its PAX forms 0.0, 0.1 and 1.0.

Such an entry stores only the extents that hold data; a map says where they belong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Extents = list[tuple[int, int]]
"""``(offset, length)`` of each piece of data, in order."""

_LARGEST_FILE = (1 << 63) - 1
_MAP_LIMIT = 1 << 20
"""Bytes of one map, as of any other extended header."""


def is_sparse(kind: bytes, pax: dict[bytes, bytes]) -> bool:
    return kind == b"S" or b"GNU.sparse.map" in pax or b"GNU.sparse.major" in pax


def old_extents(header: bytes, block: Callable[[], bytes]) -> tuple[Extents, int]:
    """Extents and real size of an ``S`` entry; ``block`` gives the next block of the archive.

    Raises ValueError.
    """
    fields, more, size = header[386:482], header[482], _octal(header[483:495])
    out: Extents = []
    while True:
        for at in range(0, len(fields) - 23, 24):
            if fields[at]:
                out.append((_octal(fields[at : at + 12]), _octal(fields[at + 12 : at + 24])))
        if not more:
            return out, size
        if len(out) * 24 > _MAP_LIMIT:
            raise ValueError("its map is too long")
        extension = block()
        fields, more = extension[:504], extension[504]


def pax_extents(pax: dict[bytes, bytes]) -> tuple[Extents, int]:
    """Of the forms 0.0 and 0.1, whose map is a record. Raises ValueError."""
    numbers = [int(text) for text in pax[b"GNU.sparse.map"].split(b",") if text]
    return _pairs(numbers), int(pax.get(b"GNU.sparse.size", b"") or pax[b"GNU.sparse.realsize"])


def data_extents(pax: dict[bytes, bytes], block: Callable[[], bytes]) -> tuple[Extents, int, int]:
    """Of the form 1.0, whose map comes before the data: with the map's own length in bytes.

    Raises ValueError.
    """
    text = b""
    wanted = 1
    while text.count(b"\n") < wanted:
        text += block()
        if len(text) > _MAP_LIMIT:
            raise ValueError("its map is too long")
        if wanted == 1 and b"\n" in text:
            wanted = 1 + 2 * int(text.partition(b"\n")[0])
    numbers = [int(line) for line in text.split(b"\n")[1:wanted]]
    return _pairs(numbers), int(pax[b"GNU.sparse.realsize"]), len(text)


def check(extents: Extents, size: int, stored: int) -> None:
    """The extents must be in order, inside the file, and make up what is stored.

    Raises ValueError.
    """
    end = total = 0
    for offset, length in extents:
        if offset < end or length < 0:
            raise ValueError("its extents are out of order")
        end = offset + length
        total += length
    if end > size or size > _LARGEST_FILE or total != stored:
        raise ValueError("its extents do not fit its size")


def _pairs(numbers: Sequence[int]) -> Extents:
    if len(numbers) % 2:
        raise ValueError("its map has an odd number of values")
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _octal(field: bytes) -> int:
    if field[0] & 0x80:  # base-256, for what octal cannot hold
        return int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
    return int(field.strip(b" \0") or b"0", 8)
