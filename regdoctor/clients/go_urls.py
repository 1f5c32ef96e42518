"""``host:port`` and URLs as Go's net/url reads them, which is not always as they are meant."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PORT = re.compile(r"(:[0-9]*)?")
_NOT_IN_HOST = re.compile(r"[ %\\^`{|}]")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}")


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
    if _CONTROL.search(text):
        raise NotParsed(f'parse "{text}": net/url: invalid control character in URL')
    user, host = False, ""
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, rest = _split(rest[2:])
        _, at, host = authority.rpartition("@")
        user = bool(at)
        fault = _host_fault(host)
        if fault:
            raise NotParsed(f'parse "{text}": {fault}')
    elif not scheme and ":" in rest.partition("/")[0]:
        raise NotParsed(f'parse "{text}": first path segment in URL cannot contain colon')
    url = GoUrl(scheme, host, rest, user)
    escape = _BAD_ESCAPE.search(url.path) if host or not scheme else None
    if escape:
        raise NotParsed(f'parse "{text}": invalid URL escape "{escape[0]}"')
    return url


def _host_fault(host: str) -> str:
    """What is wrong with ``host[:port]``, in Go's words."""
    if host.startswith("["):
        name, bracket, port = host.rpartition("]")
        if not bracket:
            return "missing ']' in host"
    else:
        name, colon, port = host.rpartition(":")
        name, port = (name, colon + port) if colon else (port, "")
    if not _PORT.fullmatch(port):
        return f'invalid port "{port}" after host'
    odd = _NOT_IN_HOST.search(name)
    return f'invalid character "{odd[0]}" in host name' if odd else ""


def _split(rest: str) -> tuple[str, str]:
    end = re.search(r"[/?#]", rest)
    return (rest[: end.start()], rest[end.start() :]) if end else (rest, "")
