"""User and password taken out of URLs before these are shown, kept or attested."""

from __future__ import annotations

import re

_USERINFO = re.compile(r"(?<=://)([^/?#\s]*)@(?!sha[0-9]{3}:)")
_HOST = re.compile(r"(\[[^\]]*\]|[^:\[]*)(:([0-9]*|\$.*))?")
_WORD = re.compile(r"\S+")
_MASK = "xxxxx"


def without_credentials(url: str) -> str:
    """``url`` with user and password as ``xxxxx``: where BuildKit puts that, and also where
    a slash in a password makes the URL none."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" not in authority and not _HOST.fullmatch(authority) and "@" in rest:
        return f"{scheme}://{_MASK}:{_MASK}@{rest.rpartition('@')[2]}"
    return _USERINFO.sub(_masked, url, count=1)


def hide_in(text: str) -> str:
    """``text`` with the same done to every URL in it; a user of ssh alone is no secret."""
    return _WORD.sub(_hidden, text) if "://" in text else text


def _hidden(found: re.Match[str]) -> str:
    word = found[0]
    if "://" not in word or "@" not in word:
        return word
    if not _USERINFO.search(word):
        return without_credentials(word)
    return _USERINFO.sub(_masked_unless_login_name, word)


def hide_in_file(data: bytes) -> bytes:
    """As ``hide_in``; lines stay where they are."""
    return hide_in(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _masked_unless_login_name(found: re.Match[str]) -> str:
    plain = found.string.endswith(("ssh://", "git://"), 0, found.start())
    return found[0] if plain and ":" not in found[1] else _masked(found)


def _masked(found: re.Match[str]) -> str:
    user, colon, _ = found[1].partition(":")
    return f"{_MASK if user else ''}{f':{_MASK}' if colon else ''}@"
