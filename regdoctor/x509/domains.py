"""Domain names and mailboxes inside certificates: what Go's parser and constraints accept."""

from __future__ import annotations

import re
from typing import NamedTuple

_ATOM = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~."
)
_QUOTED = re.compile(
    # RFC 2821 Quoted-string; the space is accepted against the grammar, as many do.
    r'"((?:\\[\x01-\x09\x0b\x0c\x0e-\x7f]|[\x01-\x08\x0b\x0c\x0e-\x21\x23-\x5b\x5d-\x7f])*)"'
)


class Mailbox(NamedTuple):
    """An email address in its two parts, quotes and backslashes resolved."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def domain_valid(name: str, *, constraint: bool, any_character: bool = False) -> bool:
    """No trailing dot, no empty label, only visible ASCII; a constraint may begin with a dot."""
    if not name:
        return True
    if constraint and name[0] == ".":
        name = name[1:]
    return all(
        label and (any_character or all("!" <= each <= "~" for each in label))
        for label in name.split(".")
    )


def strict_domain_valid(name: str) -> bool:
    """The rules that one release applied to every SAN: the lengths of RFC 1034, no empty name,
    but any character."""
    if not name or len(name) > 253:
        return False
    return domain_valid(name, constraint=False, any_character=True) and all(
        len(label) <= 63 for label in name.split(".")
    )


def mailbox(text: str, *, second_at: bool = True) -> Mailbox | None:
    """RFC 2821's Mailbox, as loosely as Go reads it; ``None`` if it is none. ``second_at``:
    may the domain hold an ``@``, as it may for older releases?"""
    if text.startswith('"'):
        match = _QUOTED.match(text)
        if match is None:
            return None
        local, rest = re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL), text[match.end() :]
    else:
        local, rest = _atom(text)
        if not local or local[0] == "." or local[-1] == "." or ".." in local:
            return None
    if not rest.startswith("@") or not domain_valid(rest[1:], constraint=False):
        return None
    if "@" in rest[1:] and not second_at:
        return None
    return Mailbox(local, rest[1:])


def _atom(text: str) -> tuple[str, str]:
    """The local part and what follows it; a backslash takes the next character as it is."""
    local, at = [], 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
            if at == len(text):
                return "", ""
        elif text[at] not in _ATOM:
            break
        local.append(text[at])
        at += 1
    return "".join(local), text[at:]


def labels(domain: str) -> list[str] | None:
    """Labels from the right; ``None`` if the domain is not one."""
    if not domain_valid(domain, constraint=False):
        return None
    return domain.split(".")[::-1] if domain else []
