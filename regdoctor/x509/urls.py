"""The parts of Go's net/url that a certificate's URI names pass through."""

from __future__ import annotations

import ipaddress
import re
import string

from builder.oci.goquote import go_quote

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):", re.ASCII)
_PORT = re.compile(r"(?::[0-9]*)?", re.ASCII)
_USER = frozenset(string.ascii_letters + string.digits + "-._:~!$&'()*+,;=%@")
# What a host may hold besides percent-encoded non-ASCII octets (RFC 3986, plus <>" as browsers).
_HOST = frozenset(string.ascii_letters + string.digits + "-_.~!$&'()*+,;=:[]<>\"")


_PIECE = re.compile(r"%(?P<octet>[0-9A-Fa-f]{2})|(?P<broken>%.{0,2})|.", re.DOTALL)


class UrlError(Exception):
    """``str`` is the cause as Go words it, without ``parse "...": ``, which shows ``url``."""

    url = ""


def host_of(uri: str) -> str:
    """The authority's host with its port; empty where there is none. Raises UrlError."""
    before, _, fragment = uri.partition("#")
    shown = before
    try:
        host = _host_before_fragment(before)
        shown = uri
        _check_escapes(fragment)
    except UrlError as error:
        error.url = shown
        raise
    return host


# Characters that Go writes as they are where it escapes a part itself, and those that may stand
# in a part as it was written.
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-_.~")
_IN_PATH = _UNRESERVED | frozenset("$&+,/:;=@")
_IN_FRAGMENT = _IN_PATH | frozenset("?!()*")
_IN_USER = _UNRESERVED | frozenset("$&+,;=")
_AS_WRITTEN = frozenset("!$&'()*+,;=:@[]%")


def printed(uri: str) -> str:
    """How Go writes a URI that it could parse: ``HTTP://a/<b>#`` becomes ``http://a/%3Cb%3E``."""
    before, _, fragment = uri.partition("#")
    scheme, rest = _scheme(before)
    rest, mark, query = rest.partition("?")
    head = f"{scheme}:" if scheme else ""
    tail = mark + query + (f"#{_escaped(fragment, _IN_FRAGMENT)}" if fragment else "")
    if scheme and not rest.startswith("/"):
        return head + rest + tail
    if not rest.startswith("//") or (rest.startswith("///") and not scheme):
        return head + _escaped(rest, _IN_PATH) + tail
    authority, slash, path = rest[2:].partition("/")
    path = slash + _escaped(path, _IN_PATH)
    user, at, host = authority.rpartition("@")
    if at or host or (scheme and path):
        name, colon, password = user.partition(":")
        user = colon.join(_escape(_unescape(each), _IN_USER) for each in (name, password))
        head += f"//{user}{at}{_escape(_host(scheme, host), _HOST)}"
    return head + path + tail


def _escaped(text: str, allowed: frozenset[str]) -> str:
    """As written where every character may stand there, else escaped anew."""
    if all(each in _AS_WRITTEN or each in allowed for each in text):
        return text
    return _escape(_unescape(text), allowed)


def _unescape(text: str) -> str:
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), text)


def _escape(text: str, allowed: frozenset[str]) -> str:
    return "".join(each if each in allowed else f"%{ord(each):02X}" for each in text)


def _host_before_fragment(uri: str) -> str:
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
    address, mark, zone = host[1:closing].partition("%25")
    inside = _unescape_host(address) + _unescape_host(mark + zone, zone=True)
    try:
        value = ipaddress.ip_address(inside)
    except ValueError:
        raise UrlError(f"invalid host: ParseAddr({go_quote(inside)}): unable to parse IP") from None
    if value.version == 4:
        raise UrlError("invalid IP-literal")
    return f"[{inside}]{host[closing + 1 :]}"


def _check_port(port: str) -> None:
    if not _PORT.fullmatch(port):
        raise UrlError(f"invalid port {go_quote(port)} after host")


def _unescape_host(host: str, *, zone: bool = False) -> str:
    """Only octets beyond ASCII may be escaped in a host, but ``%`` itself; a zone may escape
    what it could also write as it is, and a space."""
    made: list[str] = []
    for piece in _PIECE.finditer(host):
        if piece["octet"]:
            character = chr(int(piece["octet"], 16))
            plain = character in _HOST or character == " " if zone else not character.isascii()
            if character != "%" and not plain:
                raise UrlError(f"invalid URL escape {go_quote(piece[0])}")
            made.append(character)
        elif piece["broken"]:
            raise UrlError(f"invalid URL escape {go_quote(piece['broken'])}")
        elif piece[0].isascii() and piece[0] not in _HOST:
            raise UrlError(f"invalid character {go_quote(piece[0])} in host name")
        else:
            made.append(piece[0])
    return "".join(made)


def _check_escapes(text: str) -> None:
    """Every ``%`` begins two hexadecimal digits."""
    at = text.find("%")
    while at >= 0:
        if not re.fullmatch(r"%[0-9A-Fa-f]{2}", text[at : at + 3]):
            raise UrlError(f"invalid URL escape {go_quote(text[at : at + 3])}")
        at = text.find("%", at + 3)
