"""Symbolic file modes (``u=rwX,go=rX``), as ``chmod`` and BuildKit's ``--chmod`` read them."""

from __future__ import annotations

import re
import stat

from builder.ops.errors import OpError

_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)")
_ACTION = re.compile(r"([-+=])([ugo]|[rwxXst]*)")
_SHIFT = {"u": 6, "g": 3, "o": 0}


def apply_symbolic(text: str, mode: int) -> int:
    """``mode`` (``st_mode``) changed by ``text``; returns the twelve permission bits.

    There is no umask: without who, all three are meant. Raises OpError.
    """
    bits = stat.S_IMODE(mode)
    for clause in text.split(","):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            raise OpError(f"invalid mode: {text}")
        who = match[1] or "a"
        who = "ugo" if "a" in who else who
        for sign, permissions in _ACTION.findall(match[2]):
            bits = _change(bits, who, sign, permissions, directory=stat.S_ISDIR(mode))
    return bits


def _change(bits: int, who: str, sign: str, permissions: str, *, directory: bool) -> int:
    if permissions in ("u", "g", "o") and permissions:
        rwx = (bits >> _SHIFT[permissions]) & 7
    else:
        rwx = sum({"r": 4, "w": 2, "x": 1}.get(letter, 0) for letter in set(permissions))
        if "X" in permissions and (directory or bits & 0o111):
            rwx |= 1
    mask = value = 0
    for letter in set(who):
        mask |= 7 << _SHIFT[letter]
        value |= rwx << _SHIFT[letter]
    special = {"u": stat.S_ISUID, "g": stat.S_ISGID}
    if "s" in permissions:
        value |= sum(special.get(letter, 0) for letter in set(who))
    if "t" in permissions:
        value |= stat.S_ISVTX
    if sign == "+":
        return bits | value
    if sign == "-":
        return bits & ~value
    mask |= sum(special.get(letter, 0) for letter in set(who))
    if set(who) == set("ugo"):
        mask |= stat.S_ISVTX
    return (bits & ~mask) | value
