"""``WWW-Authenticate`` as registries really send it (RFC 9110, 11.6.1, read with leniency)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

_TOKEN = re.compile(r"[^\s=,\"']+")
_SCHEMES = frozenset(("basic", "bearer", "digest", "negotiate", "ntlm", "hoba", "mutual"))
_LIMIT = 64 * 1024


class Challenge(Struct, frozen=True):
    """``scheme`` and the names of ``parameters`` are lower case."""

    scheme: str
    parameters: Mapping[str, str]

    @property
    def realm(self) -> str:
        return self.parameters.get("realm", "")

    @property
    def service(self) -> str:
        return self.parameters.get("service", "")

    @property
    def scopes(self) -> tuple[str, ...]:
        return tuple(self.parameters.get("scope", "").split())

    @property
    def error(self) -> str:
        """``insufficient_scope``, ``invalid_token`` ...: why the last try was refused."""
        return self.parameters.get("error", "")


def parse(fields: Iterable[str]) -> tuple[Challenge, ...]:
    """Every challenge of every header field, in order.

    Several challenges in one field, blanks around ``=``, values without or with single
    quotes, a missing closing quote and unquoted scopes with commas are all understood; what
    makes no sense is passed over.
    """
    challenges: list[Challenge] = []
    for field in fields:
        challenges += _Reader(field[:_LIMIT]).challenges()
    return tuple(challenges)


class _Reader:
    """One pass over one header field."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._found: list[tuple[str, dict[str, str]]] = []
        self._open = ""  # the parameter whose unquoted value a comma may have cut short

    def challenges(self) -> list[Challenge]:
        while True:
            comma = self._skip(" \t\r\n,")
            match = _TOKEN.match(self._text, self._at)
            if match is None:
                if self._at >= len(self._text):
                    break
                self._at += 1
                continue
            self._at = match.end()
            self._take(match[0], comma)
        return [Challenge(scheme, parameters) for scheme, parameters in self._found]

    def _skip(self, characters: str) -> bool:
        """Moves past ``characters``; whether a comma was among them."""
        start = self._at
        while self._at < len(self._text) and self._text[self._at] in characters:
            self._at += 1
        return "," in self._text[start : self._at]

    def _take(self, word: str, after_comma: bool) -> None:
        resume = self._at
        self._skip(" \t")
        if self._at < len(self._text) and self._text[self._at] == "=":
            self._at += 1
            self._skip(" \t")
            name = word.lower()
            quoted, value = self._value()
            if self._found:
                self._found[-1][1].setdefault(name, value)
                self._open = "" if quoted else name
            return
        self._at = resume
        if self._open and after_comma and word.lower() not in _SCHEMES:
            self._found[-1][1][self._open] += "," + word
            return
        self._open = ""
        self._found.append((word.lower(), {}))

    def _value(self) -> tuple[bool, str]:
        text, at = self._text, self._at
        quote = text[at : at + 1]
        if quote not in ('"', "'") or not quote:
            end = text.find(",", at)
            end = len(text) if end < 0 else end
            self._at = end
            return False, text[at:end].strip()
        out: list[str] = []
        at += 1
        while at < len(text) and text[at] != quote:
            if text[at] == "\\" and at + 1 < len(text):
                at += 1
            out.append(text[at])
            at += 1
        self._at = at + 1
        return True, "".join(out)
