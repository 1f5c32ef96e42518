"""``host:port`` and URLs as Go's net/url reads them, which is not always as they are meant."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


@dataclass(frozen=True, slots=True)
class GoUrl:
    """What url.Parse makes of a text. ``reg.example:5000`` has the scheme ``reg.example`` and no
    host. ``rest`` is what follows scheme and host: path, query and fragment."""

    scheme: str
    host: str
    rest: str
    user: bool = False

    @property
    def path(self) -> str:
        return re.split(r"[?#]", self.rest, maxsplit=1)[0]


class NotParsed(Exception):
    """url.Parse fails, in these words."""


def parse_url(text: str) -> GoUrl:
    """As url.Parse does. Raises NotParsed.

    What begins with a digit, a bracket or an underscore has no scheme, and a colon in the first
    part of a path is an error: ``10.0.0.1:5000`` does not parse, ``reg.example:5000`` does.
    """
    found = _SCHEME.match(text)
    scheme = found[1].lower() if found else ""
    rest = text[found.end() :] if found else text
    if not found and rest.startswith(":"):
        raise NotParsed(f'parse "{text}": missing protocol scheme')
    if rest.startswith("//"):
        authority, tail = _split(rest[2:])
        _, at, host = authority.rpartition("@")
        return GoUrl(scheme, host, tail, bool(at))
    if not scheme and ":" in rest.partition("/")[0]:
        raise NotParsed(f'parse "{text}": first path segment in URL cannot contain colon')
    return GoUrl(scheme, "", rest)


def _split(rest: str) -> tuple[str, str]:
    end = re.search(r"[/?#]", rest)
    return (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
