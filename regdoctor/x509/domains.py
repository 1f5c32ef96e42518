"""Domain names and mailboxes inside certificates: what Go's parser and constraints accept."""

from __future__ import annotations

import re
from typing import NamedTuple

from regdoctor.x509.release import Release

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


def domain_valid(name: str, release: Release, *, constraint: bool) -> bool:
    """No trailing dot, no empty label, only visible ASCII; a constraint may begin with a dot."""
    if constraint and name.startswith("."):
        name = name[1:]
        if not name:
            return release.takes_lone_dot
    if not name:
        return True
    if release.strict_domains:
        return _lengths_valid(name)
    return labels(name, release) is not None


def strict_domain_valid(name: str) -> bool:
    """The rules that one release applied to every SAN: the lengths of RFC 1034, no empty name,
    but any character."""
    return bool(name) and _lengths_valid(name)


def _lengths_valid(name: str) -> bool:
    return len(name) <= 253 and all(1 <= len(label) <= 63 for label in name.split("."))


def mailbox(text: str, release: Release) -> Mailbox | None:
    """RFC 2821's Mailbox, as loosely as Go reads it; ``None`` if it is none."""
    if text.startswith('"'):
        match = _QUOTED.match(text)
        if match is None:
            return None
        local, rest = re.sub(r"\\(.)", r"\1", match[1], flags=re.DOTALL), text[match.end() :]
    else:
        local, rest = _atom(text)
        if not local or local[0] == "." or local[-1] == "." or ".." in local:
            return None
    if not rest.startswith("@") or labels(rest[1:], release) is None:
        return None
    if "@" in rest[1:] and release.refuses_at_in_mail_domain:
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


def labels(domain: str, release: Release) -> list[str] | None:
    """Labels from the right; ``None`` if the domain is not one."""
    if release.overlooks_empty_first_label and len(domain) > 1:
        domain = domain.removeprefix(".")
    found = domain.split(".")[::-1] if domain else []
    if all(label and all("!" <= each <= "~" for each in label) for label in found):
        return found
    return None
