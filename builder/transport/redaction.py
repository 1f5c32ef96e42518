"""Secrets taken out of URLs, headers and bodies before these become evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from builder.oci.credentials import without_credentials
from builder.transport.exchange import Headers

REDACTED = "REDACTED"

# What the distribution protocol and its token services put in queries; no value of these is
# a secret. Everything else may be part of a signed URL and loses its value.
_OPEN_QUERIES = frozenset(
    (
        *("ns", "scope", "service", "account", "client_id", "offline_token", "digest", "mount"),
        *("from", "n", "last", "artifactType", "tag", "digest-algorithm"),
    )
)
_SECRET_HEADERS = frozenset(
    (
        *("authorization", "proxy-authorization", "cookie", "set-cookie", "private-token"),
        *("x-registry-auth", "x-amz-security-token", "x-goog-api-key", "x-api-key"),
    )
)
# The realm of a Bearer challenge; that of a Basic one is a name and has no "://".
_REALM = re.compile(r"""(\brealm\s*=\s*"?)([a-z][a-z0-9+.-]*://[^"\s]*)""", re.IGNORECASE)
_URL_HEADERS = frozenset(("location", "content-location", "referer"))
_TOKEN_FIELD = re.compile(
    rb'("(?:access_|refresh_|id_|identity|registry)?token"|"password"|"secret")'
    rb'(\s*:\s*)"(?:[^"\\]|\\.)*(?:"|\\?$)',
    re.IGNORECASE,
)


def url(text: str) -> str:
    """``text`` without a password and without the values of unknown query fields."""
    try:
        parts = urlsplit(text)
        if "@" not in parts.netloc:
            parts = urlsplit(without_credentials(text))
    except ValueError:
        return without_credentials(text).partition("?")[0]
    netloc = parts.netloc
    if "@" in netloc:
        user, _, host = netloc.rpartition("@")
        name, colon, _ = user.partition(":")
        netloc = f"{name}{colon and ':xxxxx'}@{host}"
    query = parts.query
    if query:
        pairs = parse_qsl(query, keep_blank_values=True)
        if any(key not in _OPEN_QUERIES and value for key, value in pairs):
            query = urlencode(
                [(k, v if k in _OPEN_QUERIES or not v else REDACTED) for k, v in pairs],
                safe=":/,",
                quote_via=quote,
            )
    return urlunsplit((parts.scheme, netloc, parts.path, query, ""))


def headers(fields: Iterable[tuple[str, str]]) -> Headers:
    """The same fields; credentials keep their scheme (``Bearer REDACTED``) and lose the rest."""
    out: list[tuple[str, str]] = []
    for name, value in fields:
        key = name.lower()
        if key in ("authorization", "proxy-authorization"):
            scheme, blank, rest = value.partition(" ")
            out.append((name, f"{scheme} {REDACTED}" if blank and rest else REDACTED))
        elif key in _SECRET_HEADERS:
            out.append((name, REDACTED))
        elif key in _URL_HEADERS:
            out.append((name, url(value)))
        elif key == "www-authenticate":
            out.append((name, _REALM.sub(lambda found: f"{found[1]}{url(found[2])}", value)))
        else:
            out.append((name, value))
    return tuple(out)


def body(data: bytes) -> bytes:
    """``data`` with the values of JSON fields that hold tokens or passwords replaced."""
    if b"token" not in data.lower() and b"password" not in data and b"secret" not in data:
        return data
    return _TOKEN_FIELD.sub(rb'\1\2"' + REDACTED.encode() + b'"', data)
