"""What a registry session saw on the wire, as observations.

A build's preflight, its failures and a probe are judged by the same checks, and nothing is
asked twice. Pure: exchanges come redacted and bounded from the transport.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urljoin, urlsplit

from builder.oci.reference import InvalidReference, parse
from regdoctor.observations.auth import ManifestElsewhere, RealmRedirect
from regdoctor.observations.host import OwnTrust
from regdoctor.observations.http import (
    Answer,
    AuthUse,
    BlobLook,
    Challenge,
    ManifestLook,
    Ping,
    TokenAnswer,
)
from regdoctor.observations.images import DigestLook
from regdoctor.observations.network import (
    ConnectAttempt,
    ConnectFault,
    Connection,
    LookupFault,
    Resolution,
    Role,
    RoleKind,
)
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import HandshakeFault, ServedChain

if TYPE_CHECKING:
    from builder.errors import BuilderError
    from builder.registry import Attempt
    from builder.transport import Exchange, TransportError

BODY = 4096
"""Characters of a body that an observation keeps."""
PROBE_CLIENT = "regdoctor-probe"
"""The ``client_id`` of token requests that probes add: what they are told is theirs alone."""

_GRANT = re.compile(rb'"(?:access_)?token"\s*:')
_MANIFEST = re.compile(r"^/v2/.+/manifests/[^/]+$")
_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')


def observe(
    seen: Observations, attempts: Iterable[Attempt], others: Iterable[Exchange] = ()
) -> None:
    """Adds what the attempts tell to ``seen``; what stands there of other kinds is kept.

    ``others`` are exchanges of the same session beside the attempts: those with token servers
    are taken from it, which an attempt does not keep where they went well.
    """
    beside = tuple(others)
    for attempt in attempts:
        host, subject = attempt.host, attempt.subject
        url = host.endpoint.url
        note_role(seen, url, "mirror" if host.role == "mirror" else "registry", host.domain)
        for exchange in attempt.exchanges:
            if exchange.status == 401 and (offered := challenge_of(answer_of(exchange))):
                seen.add(url, offered)
        for exchange in (*_with_token_server(seen, url, beside), *attempt.exchanges):
            _observe(seen, exchange, url, host.domain, subject)
        if attempt.error is not None and not attempt.exchanges:
            _unasked(seen, url, subject, str(attempt.error))
        for endpoint in {exchange.endpoint.url for exchange in attempt.exchanges}:
            look = seen.get(ManifestLook, endpoint, subject)
            if look is not None and attempt.error is not None:
                seen.add(endpoint, replace(look, error=str(attempt.error)), name=subject)


def observe_blobs(seen: Observations, attempts: Iterable[Attempt]) -> None:
    """Adds how the blobs among ``attempts`` were had, and the hosts they were redirected to.

    A redirect's host is trusted as the registry that named it: clients go on with the same
    settings there.
    """
    for attempt in attempts:
        if attempt.step != "blob" or not attempt.exchanges:
            continue
        registry, last = attempt.host.endpoint.url, attempt.exchanges[-1]
        role, own = seen.get(Role, registry), seen.get(OwnTrust, registry)
        moved = last.endpoint.url != registry
        if moved:
            written = role.written if role is not None else ""
            note_role(seen, last.endpoint.url, "redirect", attempt.host.domain, written=written)
            if own is not None and seen.get(OwnTrust, last.endpoint.url) is None:
                seen.add(last.endpoint.url, own)
        for exchange in attempt.exchanges:
            _layers(seen, exchange)
        answer = answer_of(last)
        look = BlobLook(
            attempt.subject,
            replace(answer, body="") if answer.ok else answer,
            last.url.partition("?")[0] if moved or _redirects(attempt.exchanges) else "",
            *difference(attempt.error),
            received=last.received,
            login=_authorized(last),
        )
        seen.add(registry, look, name=attempt.subject)


def observe_digests(seen: Observations, image: str, attempts: Iterable[Attempt]) -> None:
    """Adds how manifests were had by their digests, on behalf of ``image``."""
    for attempt in attempts:
        if attempt.step != "manifest" or not attempt.exchanges:
            continue
        last = attempt.exchanges[-1]
        digest = urlsplit(last.url).path.rpartition("/")[2]
        answer = answer_of(last)
        error, what, expected, got = difference(attempt.error)
        look = DigestLook(
            image, digest, answer, last.received, what=what, expected=expected, got=got, error=error
        )
        seen.add(attempt.host.endpoint.url, look, name=digest)


def difference(error: BuilderError | None) -> tuple[str, str, str, str]:
    """(words, what differs, expected, got) of the error that content ended in; all empty
    where it arrived, the last three where something else was wrong."""
    if error is None:
        return "", "", "", ""
    told = (str(getattr(error, name, "")) for name in ("what", "expected", "got"))
    what, expected, got = told
    return str(error), what, expected, got


def _redirects(exchanges: Iterable[Exchange]) -> bool:
    return any(300 <= exchange.status < 400 for exchange in exchanges)


def _authorized(exchange: Exchange) -> bool:
    return any(name.lower() == "authorization" for name, _ in exchange.request_headers)


def _unasked(seen: Observations, endpoint: str, subject: str, error: str) -> None:
    """A reference for which nothing was sent, and why."""
    try:
        reference = parse(subject)
    except InvalidReference:
        return
    if seen.get(ManifestLook, endpoint, subject) is None:
        look = ManifestLook(reference.path, reference.target, error=error)
        seen.add(endpoint, look, name=subject)


def _with_token_server(
    seen: Observations, registry: str, exchanges: tuple[Exchange, ...]
) -> list[Exchange]:
    """The exchanges with the token server that the registry's challenge names."""
    challenge = seen.get(Challenge, registry)
    if challenge is None or challenge.scheme != "bearer":
        return []
    found: list[Exchange] = []
    targets: set[str] = set()
    for each in exchanges:
        query = parse_qs(urlsplit(each.url).query)
        if PROBE_CLIENT in query.get("client_id", ()):
            continue
        asked = _same(each.url, challenge.realm) and challenge.service in query.get("service", [""])
        if asked or each.url in targets:
            found.append(each)
            targets |= {_target(each)} - {""}
    return found


def answer_of(exchange: Exchange) -> Answer:
    """One exchange as an answer."""
    error = exchange.error
    return Answer(
        method=exchange.method,
        url=exchange.url,
        status=exchange.status,
        headers=exchange.response_headers,
        body=exchange.body.decode("utf-8", "replace")[:BODY],
        fault=_fault(error) if error else "",
        timed_out=bool(error and error.timed_out),
        text=error.cause if error else "",
        at=exchange.started,
        seconds=exchange.seconds,
    )


def challenge_of(answer: Answer) -> Challenge | None:
    """The challenge of a 401, a Bearer one where there are several."""
    headers = [value for name, value in answer.headers if name.lower() == "www-authenticate"]
    found = [_challenge(value) for value in headers]
    return next((each for each in found if each.scheme == "bearer"), next(iter(found), None))


def note_role(
    seen: Observations,
    endpoint: str,
    kind: RoleKind,
    domain: str,
    *,
    origin: str = "",
    written: str = "",
) -> None:
    """Keeps why ``endpoint`` is contacted; domains and origins add up."""
    role = seen.get(Role, endpoint)
    if role is None:
        if not written:
            named = kind == "registry" and domain != "docker.io"
            written = domain if named else endpoint.partition("://")[2]
        role = Role(kind, (), written)
    domains = role.domains if domain in role.domains else (*role.domains, domain)
    origins = role.origins if not origin or origin in role.origins else (*role.origins, origin)
    seen.add(endpoint, replace(role, domains=domains, origins=origins))


def _observe(
    seen: Observations, exchange: Exchange, registry: str, domain: str, subject: str
) -> None:
    endpoint = exchange.endpoint.url
    answer = answer_of(exchange)
    path = urlsplit(exchange.url).path
    own = exchange.endpoint.host == urlsplit(registry).hostname and path.startswith("/v2/")
    challenge = seen.get(Challenge, registry)
    is_token = (
        challenge is not None
        and challenge.scheme == "bearer"
        and (_same(exchange.url, challenge.realm) or _redirected(seen, registry, exchange.url))
    )
    if not own or is_token:
        first = seen.get(Role, registry)
        kind: RoleKind = "realm" if is_token else "redirect"
        note_role(seen, endpoint, kind, domain, written=first.written if first else "")
    _layers(seen, exchange)
    if is_token:
        _token(seen, exchange, answer, registry)
        return
    found = _MANIFEST.match(path)
    if own and found:
        _manifest(seen, exchange, answer, endpoint, subject)
    elif found:
        seen.add(registry, ManifestElsewhere(answer), name=subject)
    elif own and path in ("/v2/", "/v2") and exchange.method == "GET":
        seen.add(endpoint, Ping(answer, verified=exchange.endpoint.scheme == "https"))
    if answer.status == 401 and (offered := challenge_of(answer)):
        seen.add(registry, offered)


def _layers(seen: Observations, exchange: Exchange) -> None:
    """What an exchange tells about names, connections and handshakes."""
    endpoint, error = exchange.endpoint.url, exchange.error
    host = exchange.endpoint.host
    peer = exchange.peer or (error.peer if error else "")
    if error is not None and error.stage == "dns":
        fault: LookupFault = (
            "timeout"
            if error.timed_out
            else "no-such-host"
            if "no such host" in error.cause
            else "temporary"
        )
        text = error.cause.rpartition(": ")[2]
        seen.add(endpoint, Resolution(host, fault=fault, text=text, seconds=exchange.seconds))
        return
    if peer and not seen.has(Resolution, endpoint) and not exchange.proxy:
        seen.add(endpoint, Resolution(host, (peer.rpartition(":")[0].strip("[]"),)))
    if error is not None and error.stage in ("connect", "proxy"):
        if not seen.has(Connection, endpoint):
            attempt = ConnectAttempt(peer, connect_fault(error), error.cause, exchange.seconds)
            seen.add(endpoint, Connection((attempt,), via=exchange.proxy))
        return
    if peer and not seen.has(Connection, endpoint):
        seen.add(endpoint, Connection((ConnectAttempt(peer),), via=exchange.proxy))
    if error is None or error.stage != "tls" or error.certificate_refused:
        return
    if not seen.has(ServedChain, endpoint):
        served = ServedChain(
            host,
            fault=_handshake_fault(error),
            text=error.cause,
            alert=_alert(error.cause),
            address=peer,
            seen_at=exchange.started,
        )
        seen.add(endpoint, served)


def connect_fault(error: TransportError) -> ConnectFault:
    """Which way a connection failed, from Go's words for it."""
    cause = error.cause
    if error.timed_out or "timeout" in cause or "timed out" in cause:
        return "timeout"
    if "refused" in cause:
        return "refused"
    if "unreachable" in cause or "no route" in cause:
        return "unreachable"
    return "reset" if "reset" in cause else "other"


def _handshake_fault(error: TransportError) -> HandshakeFault:
    cause = error.cause
    if error.timed_out:
        return "timeout"
    if "server gave HTTP response" in cause:
        return "plain-http"
    if "first record does not look like" in cause:
        return "not-tls"
    if "remote error" in cause:
        return "alert"
    if cause.endswith("EOF"):
        return "closed"
    return "reset" if "reset by peer" in cause else "other"


def _alert(cause: str) -> str:
    return cause.partition("remote error: tls: ")[2]


def _fault(error: TransportError) -> str:
    return "certificate" if error.certificate_refused else error.stage


def _manifest(
    seen: Observations,
    exchange: Exchange,
    answer: Answer,
    endpoint: str,
    subject: str,
) -> None:
    """``subject`` is the reference: a mirror's path may have a prefix that is none of it."""
    look = seen.get(ManifestLook, endpoint, subject)
    if look is None:
        try:
            reference = parse(subject)
        except InvalidReference:
            return
        look = ManifestLook(reference.path, reference.target)
    if exchange.method == "HEAD":
        look = replace(look, head=answer)
    elif exchange.method == "GET":
        look = replace(look, get=answer)
    seen.add(endpoint, replace(look, auth=_auth(seen, exchange, endpoint)), name=subject)


def _auth(seen: Observations, exchange: Exchange, endpoint: str) -> AuthUse:
    sent = next((v for n, v in exchange.request_headers if n.lower() == "authorization"), "")
    if not sent:
        return "none"
    if sent.lower().startswith("basic"):
        return "credentials"
    tokens = [token for _, token in seen.named(TokenAnswer, endpoint)]
    return "credentials" if any(token.authenticated for token in tokens) else "anonymous"


def _token(seen: Observations, exchange: Exchange, answer: Answer, registry: str) -> None:
    query = parse_qs(urlsplit(exchange.url).query)
    scope = " ".join(query.get("scope", ()))
    came = _redirected(seen, registry, exchange.url)
    if came is not None and not _same(exchange.url, came.realm):
        scope = came.scope
    sent = _authorized(exchange)
    if target := _target(exchange):
        seen.add(registry, _redirect(exchange, target, scope, sent, came), name=scope)
        return
    # A token is a secret: of a granted one the observation keeps no body at all.
    kept = replace(answer, body="") if answer.ok else answer
    token = TokenAnswer(
        realm=exchange.url.partition("?")[0],
        scope=scope,
        answer=kept,
        granted=answer.ok and _GRANT.search(exchange.body) is not None,
        authenticated=sent or exchange.method == "POST" or bool(came and came.authenticated),
    )
    seen.add(registry, token, name=scope)


def _challenge(value: str) -> Challenge:
    scheme, _, rest = value.strip().partition(" ")
    pairs = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(rest)}
    return Challenge(
        scheme.lower(),
        pairs.get("realm", ""),
        pairs.get("service", ""),
        pairs.get("scope", ""),
    )


def _same(url: str, realm: str) -> bool:
    """True where ``url`` is the realm with a query."""
    return bool(realm) and url.partition("?")[0] == realm.partition("?")[0]


def _target(exchange: Exchange) -> str:
    """Where an exchange that was redirected went on; empty where it did not."""
    location = next((v for n, v in exchange.response_headers if n.lower() == "location"), "")
    if exchange.status not in (301, 302, 303, 307, 308) or exchange.error is not None:
        return ""
    return urljoin(exchange.url, location) if location else ""


def _redirected(seen: Observations, registry: str, url: str) -> RealmRedirect | None:
    """The redirect of a token server by which ``url`` was reached."""
    for _, each in seen.named(RealmRedirect, registry):
        if each.target == url:
            return each
    return None


def _redirect(
    exchange: Exchange, target: str, scope: str, sent: bool, before: RealmRedirect | None
) -> RealmRedirect:
    """One redirect of a token server, with what was lost on those before it."""
    old, new = urlsplit(exchange.url), urlsplit(target)
    lost = set(parse_qs(old.query)) - set(parse_qs(new.query))
    return RealmRedirect(
        realm=before.realm if before else exchange.url.partition("?")[0],
        scope=scope,
        status=exchange.status,
        target=target,
        lost=tuple(sorted(lost | set(before.lost if before else ()))),
        moved=old.netloc != new.netloc or bool(before and before.moved),
        authenticated=sent or bool(before and before.authenticated),
    )
