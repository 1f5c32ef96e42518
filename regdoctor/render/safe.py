"""Text from servers and files, made harmless for terminals and for markup."""

from __future__ import annotations

import unicodedata

_SHOWN = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Control, format (bidirectional overrides, zero-width), surrogate, private use, unassigned,
# line and paragraph separators: all of them can make a terminal show what is not there.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def plain(text: str) -> str:
    """``text`` on one line, with everything that is not a visible character escaped."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_shown, text))


def _shown(char: str) -> str:
    if char in _SHOWN:
        return _SHOWN[char]
    if unicodedata.category(char) not in _HIDDEN:
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def xml(text: str) -> str:
    """``text`` as the content of an XML element or attribute."""
    escaped = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return escaped.replace('"', "&quot;")


def markdown(text: str) -> str:
    """``text`` inside a paragraph or a table cell of Markdown, taken literally."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>|#~&" else char for char in plain(text))
