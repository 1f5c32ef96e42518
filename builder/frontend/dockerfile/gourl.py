"""A URL as Go's net/url reads it and writes it again."""

from __future__ import annotations

import ipaddress
import re
import string

from msgspec import Struct

_UNRESERVED = frozenset((string.ascii_letters + string.digits + "-_.~").encode())
_IN_PATH = _UNRESERVED | frozenset(b"$&+,/:;=@")
_IN_USER = _UNRESERVED | frozenset(b"$&+,;=")
_IN_HOST = _UNRESERVED | frozenset(b"!$&'()*+,;=:[]<>\"")
_MAY_STAND_IN_USER = _UNRESERVED | frozenset(b":!$&'()*+,;=%@")
_MAY_STAND_IN_PATH = _IN_PATH | frozenset(b"!'()*[]%")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PORT = re.compile(r"(?::[0-9]*)?")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class UrlError(ValueError):
    """``url.Parse`` refuses the text."""


class Url(Struct, frozen=True):
    """``scheme://user@host/path``. ``path`` and ``fragment`` are decoded, ``query`` is not;
    ``printed`` is the URL without query and fragment."""

    scheme: str
    host: str
    path: str
    query: str
    fragment: str
    printed: str


def parse(text: str) -> Url:
    """``url.Parse`` of text with a scheme or without. Raises UrlError."""
    before, _, fragment = text.partition("#")
    if any(char < " " or char == "\x7f" for char in before):
        raise UrlError("invalid control character")
    scheme, rest = _split_scheme(before)
    mark = "?" if rest.endswith("?") and rest.count("?") == 1 else ""
    rest, _, query = rest.partition("?")
    user = host = ""
    rooted = rest.startswith("//") and (bool(scheme) or not rest.startswith("///"))
    if not rest.startswith("/"):
        if scheme:
            return Url(scheme, "", "", query, _unescaped(fragment), f"{scheme}:{rest}{mark}")
        if ":" in rest.partition("/")[0]:
            raise UrlError("first path segment with a colon")
    if rooted:
        authority, slash, path = rest[2:].partition("/")
        user, host = _authority(scheme, authority)
        rest = slash + path
    path = _unescaped(rest)
    printed = f"{scheme}:" if scheme else ""
    if host or user or (scheme and rooted and path):
        printed += f"//{user}{_escaped(host, _IN_HOST)}"
    printed += _path_as_written(rest, path) + mark
    return Url(scheme, host, path, query, _unescaped(fragment), printed)


def query_pairs(query: str) -> list[tuple[str, str]]:
    """``ParseQuery``, without the pairs that it refuses."""
    pairs = []
    for part in query.split("&"):
        if not part or ";" in part:
            continue
        key, _, value = part.partition("=")
        try:
            pairs.append(tuple(_unescaped(each.replace("+", " ")) for each in (key, value)))
        except UrlError:
            continue
    return [(key, value) for key, value in pairs]


def query_is_sound(query: str) -> bool:
    """Whether ``ParseQuery`` has no error."""
    return ";" not in query and _BAD_ESCAPE.search(query.encode(errors="surrogateescape")) is None


def _split_scheme(text: str) -> tuple[str, str]:
    if text.startswith(":"):
        raise UrlError("no scheme")
    found = _SCHEME.match(text)
    return (found[1].lower(), text[found.end() :]) if found else ("", text)


def _authority(scheme: str, authority: str) -> tuple[str, str]:
    """(``user:password@`` as it is printed, host with its port)."""
    user, at, host = authority.rpartition("@")
    host = _host(scheme, host)
    if not at:
        return "", host
    if not _MAY_STAND_IN_USER.issuperset(user.encode(errors="surrogateescape")):
        raise UrlError("invalid userinfo")
    name, colon, password = user.partition(":")
    parts = [_escaped(_unescaped(each), _IN_USER) for each in (name, password)]
    return f"{parts[0]}{colon}{parts[1]}@", host


def _host(scheme: str, host: str) -> str:
    opening = host.rfind("[")
    if opening > 0:
        raise UrlError("invalid IP-literal")
    if opening == 0:
        return _literal(host)
    colon = host.find(":") if scheme in ("http", "https") else host.rfind(":")
    if colon >= 0 and not _PORT.fullmatch(host[colon:]):
        raise UrlError("invalid port")
    return _host_unescaped(host)


def _literal(host: str) -> str:
    name, bracket, port = host[1:].rpartition("]")
    if not bracket or not _PORT.fullmatch(port):
        raise UrlError("invalid IP-literal")
    address, percent, zone = name.partition("%25")
    address = _host_unescaped(address)
    try:
        ipaddress.IPv6Address(address)
    except ValueError as error:
        raise UrlError("invalid IP-literal") from error
    if percent and not zone:
        raise UrlError("invalid IP-literal")
    return f"[{address}{'%' if percent else ''}{_unescaped(zone)}]{port}"


def _host_unescaped(host: str) -> str:
    data = host.encode(errors="surrogateescape")
    for code in re.findall(rb"%([0-7][0-9A-Fa-f])", data):
        if code != b"25":
            raise UrlError("invalid URL escape in a host")
    if not (_IN_HOST | {0x25}).issuperset(each for each in data if each < 0x80):
        raise UrlError("invalid character in a host")
    return _unescaped(host)


def _unescaped(text: str) -> str:
    data = text.encode(errors="surrogateescape")
    if _BAD_ESCAPE.search(data):
        raise UrlError("invalid URL escape")
    found = _ESCAPE.sub(lambda match: bytes([int(match[1], 16)]), data)
    return found.decode(errors="surrogateescape")


def _escaped(text: str, allowed: frozenset[int]) -> str:
    data = text.encode(errors="surrogateescape")
    return "".join(chr(each) if each in allowed else f"%{each:02X}" for each in data)


def _path_as_written(written: str, path: str) -> str:
    """As it was where every character may stand there, else escaped anew."""
    if _MAY_STAND_IN_PATH.issuperset(written.encode(errors="surrogateescape")):
        return written
    return _escaped(path, _IN_PATH)
