"""The parts of Go's net/url that a certificate's URI names pass through."""

from __future__ import annotations

import ipaddress
import re
import string

from regdoctor.x509.text import quote

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):", re.ASCII)
_PORT = re.compile(r"(?::[0-9]*)?", re.ASCII)
_USER = frozenset(string.ascii_letters + string.digits + "-._:~!$&'()*+,;=%@")
# What a host may hold besides percent-encoded non-ASCII octets (RFC 3986, plus <>" as browsers).
_HOST = frozenset(string.ascii_letters + string.digits + "-_.~!$&'()*+,;=:[]<>\"")


class UrlError(Exception):
    """``str`` is the cause as Go words it, without ``parse "...": ``."""


def host_of(uri: str) -> str:
    """The authority's host with its port; empty where there is none. Raises UrlError."""
    uri, _, fragment = uri.partition("#")
    if any(each < " " or each == "\x7f" for each in uri):
        raise UrlError("net/url: invalid control character in URL")
    scheme, rest = _scheme(uri)
    rest = rest.partition("?")[0]
    host = ""
    if not rest.startswith("/"):
        if scheme:
            return ""
        if ":" in rest.partition("/")[0]:
            raise UrlError("first path segment in URL cannot contain colon")
    elif rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        host, rest = _authority(scheme, authority), slash + path
    _check_escapes(rest)
    _check_escapes(fragment)
    return host


def _scheme(uri: str) -> tuple[str, str]:
    if uri.startswith(":"):
        raise UrlError("missing protocol scheme")
    match = _SCHEME.match(uri)
    return (match[1].lower(), uri[match.end() :]) if match else ("", uri)


def _authority(scheme: str, authority: str) -> str:
    user, at, rest = authority.rpartition("@")
    host = _host(scheme, rest)
    if at:
        if not _USER.issuperset(user):
            raise UrlError("net/url: invalid userinfo")
        _check_escapes(user)
    return host


def _host(scheme: str, host: str) -> str:
    opening = host.rfind("[")
    if opening > 0:
        raise UrlError("invalid IP-literal")
    if opening == 0:
        return _literal(host)
    first, last = host.find(":"), host.rfind(":")
    if first >= 0:
        # Only http and https insist on a single colon.
        _check_port(host[first if scheme in ("http", "https") else last :])
    return _unescape_host(host)


def _literal(host: str) -> str:
    closing = host.rfind("]")
    if closing < 0:
        raise UrlError("missing ']' in host")
    _check_port(host[closing + 1 :])
    inside = _unescape_host(host[1:closing].replace("%25", "%", 1), zone=True)
    try:
        value = ipaddress.ip_address(inside)
    except ValueError:
        raise UrlError(f"invalid host: ParseAddr({quote(inside)}): unable to parse IP") from None
    if value.version == 4:
        raise UrlError("invalid IP-literal")
    return f"[{inside}]{host[closing + 1 :]}"


def _check_port(port: str) -> None:
    if not _PORT.fullmatch(port):
        raise UrlError(f"invalid port {quote(port)} after host")


def _unescape_host(host: str, *, zone: bool = False) -> str:
    if zone:
        host, mark, after = host.partition("%")
        return _unescape_host(host) + mark + after
    _check_escapes(host)
    for match in re.finditer(r"%([0-9A-Fa-f])[0-9A-Fa-f]", host):
        if int(match[1], 16) < 8 and match[0] != "%25":
            raise UrlError(f"invalid URL escape {quote(match[0])}")
    for each in re.sub(r"%[0-9A-Fa-f]{2}", "", host):
        if each.isascii() and each not in _HOST:
            raise UrlError(f"invalid character {quote(each)} in host name")
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), host)


def _check_escapes(text: str) -> None:
    """Every ``%`` begins two hexadecimal digits."""
    at = text.find("%")
    while at >= 0:
        if not re.fullmatch(r"%[0-9A-Fa-f]{2}", text[at : at + 3]):
            raise UrlError(f"invalid URL escape {quote(text[at : at + 3])}")
        at = text.find("%", at + 3)
