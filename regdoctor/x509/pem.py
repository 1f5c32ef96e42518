"""PEM blocks as Go's encoding/pem finds them, and why a block that people see is not found."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

_END = b"\n-----END "
_BEGIN = b"-----BEGIN "
_DASHES = b"-----"


@dataclass(frozen=True, slots=True)
class Block:
    """A block that Go decodes. ``begin`` is where its BEGIN stands in the file."""

    label: str
    headers: tuple[str, ...]
    octets: bytes
    begin: int


def blocks(data: bytes) -> Iterator[Block]:
    """The blocks that repeated calls of Go's ``pem.Decode`` return."""
    at = 0
    while True:
        found = _next(data, at)
        if found is None:
            return
        block, at = found
        yield block


def _line(data: bytes, at: int) -> tuple[bytes, int]:
    """The line at ``at`` without trailing blanks, and where the next one begins."""
    end = data.find(b"\n", at)
    if end < 0:
        return data[at:].rstrip(b" \t"), len(data)
    return data[at:end].removesuffix(b"\r").rstrip(b" \t"), end + 1


def _next(data: bytes, at: int) -> tuple[Block, int] | None:
    """The next block from ``at`` on, with where to go on after it.

    An END line is looked for first, then the last BEGIN before it; what does not fit together
    is passed over.
    """
    search = at
    while True:
        end = data.find(_END, search)
        if end < 0:
            return None
        trailer = end + len(_END)
        begin = data.rfind(_BEGIN, search, end)
        block = None
        if begin == search or (begin > search and data[begin - 1 : begin] == b"\n"):
            label, body = _line(data, begin + len(_BEGIN))
            if label.endswith(_DASHES):
                headers, body = _headers(data, body)
                if headers and (body == len(data) or body > trailer):
                    # A header that swallows the END line ends the search for good.
                    return None
                block = _block(data, label.removesuffix(_DASHES), headers, (begin, body, end))
        if block is not None:
            return block, _line(data, trailer)[1]
        search = trailer


def _headers(data: bytes, body: int) -> tuple[tuple[str, ...], int]:
    """The keys of the lines with a colon that begin a block, and where they end."""
    found: list[str] = []
    while body < len(data):
        line, following = _line(data, body)
        key, colon, _ = line.partition(b":")
        if not colon:
            break
        found.append(key.strip().decode("latin-1"))
        body = following
    return tuple(found), body


def _block(
    data: bytes, label: bytes, headers: tuple[str, ...], places: tuple[int, int, int]
) -> Block | None:
    """The block at ``places`` (BEGIN, content, END), if its parts fit together."""
    begin, body, end = places
    if headers and body > end:
        # Headers need an empty line, or content, before the END line.
        return None
    closing, _ = _line(data, end + len(_END))
    if closing != label + _DASHES:
        return None
    content = _decode(data[body:end]) if body < end else b""
    if content is None:
        return None
    return Block(label.decode("latin-1"), headers, content, begin)


def _decode(text: bytes) -> bytes | None:
    """Standard base64; line ends and blanks anywhere, nothing else."""
    compact = text.translate(None, b" \t\r\n")
    if len(compact) % 4:
        return None
    try:
        return base64.b64decode(compact, validate=True)
    except binascii.Error:
        return None


_SEEN = re.compile(rb"-----BEGIN ([^\r\n]*?)-----")


def begin_marks(data: bytes) -> list[tuple[int, str]]:
    """Every ``-----BEGIN label-----`` that a reader would see, wherever it stands."""
    return [(each.start(), each[1].decode("latin-1")) for each in _SEEN.finditer(data)]
