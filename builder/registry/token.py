"""Tokens from a registry's token service (distribution, spec/auth/token and spec/auth/oauth)."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote_plus, urlencode, urljoin, urlsplit

from msgspec import Struct

from builder.registry.challenge import Challenge
from builder.registry.credentials import Credential
from builder.registry.errors import (
    Attempt,
    RegistryError,
    Unauthorized,
    UnexpectedStatus,
    Unreachable,
    UnusableChallenge,
    phrase,
)
from builder.registry.hosts import Host
from builder.registry.wire import Wire, detail_of
from builder.transport import redaction
from builder.transport.endpoint import Endpoint, InvalidEndpoint
from builder.transport.errors import TransportError
from builder.transport.exchange import Exchange
from builder.transport.metadata import is_metadata

CLIENT_ID = "regdoctor"
_LIFETIME = 60.0  # seconds, where the service names none
_LEEWAY = 5.0  # taken off, or a tenth of a short life
_TOKEN_LIMIT = 1 << 20
_NO_POST = frozenset({400, 401, 404, 405})
_NO_GET = frozenset({400, 404, 405})


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token for ``scopes``, good until ``expires`` (``time.monotonic()``)."""

    value: str = field(repr=False)
    scopes: tuple[str, ...]
    expires: float

    @property
    def fresh(self) -> bool:
        return time.monotonic() < self.expires


class TokenRequest(Struct, frozen=True):
    """What to ask a token service for, and as whom (None: anonymously)."""

    host: Host
    realm: str
    service: str
    scopes: tuple[str, ...]
    credential: Credential | None


def checked_realm(host: Host, challenge: Challenge) -> str:
    """The URL of the token service that ``challenge`` names; relative to the registry's.

    Raises UnusableChallenge for what is no http(s) URL, or points into a cloud's metadata
    service: a registry must not be able to send us, and credentials, there.
    """
    realm, shown = challenge.realm, redaction.url(challenge.realm)
    if realm.startswith("/") and not realm.startswith("//"):
        realm = urljoin(host.endpoint.url, realm)
    try:
        parts = urlsplit(realm)
        endpoint = Endpoint.parse(realm) if "://" in realm else None
    except (ValueError, InvalidEndpoint):
        endpoint = None
    if endpoint is None or parts.username is not None or "," in parts.netloc:
        raise UnusableChallenge(
            f"{host.endpoint.authority}: the challenge's realm {shown!r} "
            "is not the URL of a token service",
            hint="the registry, or a reverse proxy before it, builds its own address wrongly",
        )
    if is_metadata(endpoint.host) and endpoint.host != host.endpoint.host:
        raise UnusableChallenge(
            f"{host.endpoint.authority}: the challenge's realm {shown!r} "
            "is a link-local or metadata address",
            hint="no token is asked for there; the registry's auth settings are wrong or hostile",
        )
    return realm


def basic(credential: Credential) -> str:
    """The value of ``Authorization`` for user and password."""
    pair = f"{credential.username}:{credential.password}".encode()
    return "Basic " + base64.b64encode(pair).decode()


async def fetch(wire: Wire, request: TokenRequest) -> Token:
    """A token, by the flow that fits the credential.

    An identity token goes by POST, as only that takes one; user and password by GET, and by
    POST where the service knows no GET; anonymous by GET. Raises Unauthorized,
    UnexpectedStatus, RegistryError (with a TransportError as cause).
    """
    credential = request.credential
    if credential is None:
        return await _get(wire, request, "anonymous")
    if credential.identity_token:
        form = {"grant_type": "refresh_token", "refresh_token": credential.identity_token}
        try:
            return await _post(wire, request, form)
        except UnexpectedStatus as error:
            # With a password beside it, a service without POST can still be asked.
            if error.status not in _NO_POST or not credential.password:
                raise
            return await _get(wire, request, "oauth")
    try:
        return await _get(wire, request, "oauth")
    except UnexpectedStatus as error:
        if error.status not in _NO_GET:
            raise
        form = {
            "grant_type": "password",
            "username": credential.username,
            "password": credential.password,
        }
        try:
            return await _post(wire, request, form)
        except RegistryError:
            raise error from None


async def _get(wire: Wire, request: TokenRequest, kind: str) -> Token:
    query = [("service", request.service)] if request.service else []
    query += [("scope", scope) for scope in request.scopes]
    headers = {}
    if request.credential is not None:
        query.append(("account", request.credential.username))
        headers["Authorization"] = basic(request.credential)
    separator = "&" if urlsplit(request.realm).query else "?"
    url = request.realm + (separator + urlencode(query, quote_via=quote_plus) if query else "")
    return await _ask(wire, request, "GET", url, headers, None, kind)


async def _post(wire: Wire, request: TokenRequest, form: Mapping[str, str]) -> Token:
    fields = {**form, "service": request.service, "client_id": CLIENT_ID}
    if request.scopes:
        fields["scope"] = " ".join(request.scopes)
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    body = urlencode(fields).encode()
    return await _ask(wire, request, "POST", request.realm, headers, body, "oauth")


async def _ask(
    wire: Wire,
    request: TokenRequest,
    method: str,
    url: str,
    headers: Mapping[str, str],
    content: bytes | None,
    kind: str,
) -> Token:
    prefix = f"failed to fetch {kind} token: "
    log: list[Exchange] = []
    try:
        reply = await wire.request(
            request.host, method, url, headers=headers, content=content, log=log, limit=_TOKEN_LIMIT
        )
    except TransportError as error:
        attempt = Attempt("token", request.host, "", tuple(log), error)
        raise Unreachable(prefix + str(error), attempts=(attempt,)) from error
    shown = reply.exchange.url
    if reply.status in (401, 403) and method == "GET":
        text = f"unexpected status from {method} request to {shown}: "
        error_text = f"{prefix}{text}{reply.status} {phrase(reply.status)}".rstrip()
        detail = detail_of(reply.body)
        raise Unauthorized(
            error_text + (f": {detail}" if detail else ""),
            attempts=(Attempt("token", request.host, "", tuple(log)),),
            hint="log in again: the token service does not accept this credential"
            if request.credential
            else "log in: the token service gives no anonymous token for this",
        )
    if not reply.ok:
        raise UnexpectedStatus(
            method,
            shown,
            reply.status,
            prefix=prefix,
            detail=detail_of(reply.body),
            attempts=(Attempt("token", request.host, "", tuple(log)),),
        )
    value, lifetime = _parsed(reply.body)
    if not value:
        raise UnusableChallenge(
            f"{prefix}{shown} answered without a token",
            attempts=(Attempt("token", request.host, "", tuple(log)),),
        )
    return Token(value, request.scopes, time.monotonic() + lifetime - min(_LEEWAY, lifetime / 10))


def _parsed(body: bytes) -> tuple[str, float]:
    """The token and its lifetime in seconds; an empty token where there is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return "", 0.0
    if not isinstance(document, dict):
        return "", 0.0
    value = document.get("token") or document.get("access_token")
    lifetime = document.get("expires_in")
    seconds = float(lifetime) if isinstance(lifetime, int | float) and lifetime > 0 else _LIFETIME
    # What no header can carry is no token (RFC 6750, 2.1), whoever gave it.
    if isinstance(value, str) and value.isascii() and value.isprintable():
        return value, seconds
    return "", 0.0
