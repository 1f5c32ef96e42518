"""Characters as Go sees them: what is a blank."""

from __future__ import annotations

import re

BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""``unicode.IsSpace``; unlike ``str.isspace`` without the ASCII separators."""

_NOT_UTF8 = re.compile("[\udc80-\udcff]")


def runes(text: str) -> str:
    """``text`` as a loop over its runes sees it: bytes that are no UTF-8 are U+FFFD."""
    return text if text.isascii() else _NOT_UTF8.sub("\ufffd", text)


def scanned(text: str) -> str:
    """``text`` as ``text/scanner`` reads it: its runes, without a byte order mark before them."""
    return runes(text).removeprefix("\ufeff")


def bytes_as_characters(text: str) -> str:
    """``text`` with a character for each of its bytes."""
    return text.encode(errors="surrogateescape").decode("latin-1")


def characters_of_bytes(text: str) -> str:
    """What ``bytes_as_characters`` was given."""
    return text.encode("latin-1").decode(errors="surrogateescape")
