"""Questions to token servers, asked after a first sign of trouble; tokens are never kept."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

from builder.errors import BuilderError
from builder.oci.mediatypes import IMAGE_ACCEPT
from builder.registry import Credential, CredentialError, Host, Session, challenge, token
from builder.registry.wire import Wire
from builder.transport import Endpoint, Exchange, TransportError
from builder.transport.errors import BodyTooLarge
from regdoctor.observations.auth import AnonymousToken, GrantedScopes, JoinedScopes
from regdoctor.observations.from_exchanges import PROBE_CLIENT, answer_of
from regdoctor.observations.http import (
    Answer,
    Challenge,
    LoginAnswer,
    ManifestLook,
    TokenAnswer,
)
from regdoctor.observations.store import Failure, Observations

_REFUSED = (400, 401, 403)
_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class AnonymousTokenProbe:
    """Whether a token server that refuses the configured login serves those without one."""

    session: Session
    hosts: Mapping[str, Host]

    name = "anonymous-token"
    gives = AnonymousToken
    needs: tuple[type, ...] = (Challenge,)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        return endpoint.url in self.hosts and _refused_scope(seen, endpoint.url) is not None

    async def observe(self, endpoint: Endpoint, seen: Observations) -> AnonymousToken | Failure:
        scopes = (_refused_scope(seen, endpoint.url) or "").split()
        offered = seen.get(Challenge, endpoint.url)
        assert offered is not None
        value, answer = await _ask(self.session, self.hosts[endpoint.url], offered, scopes, None)
        if answer is None:
            why = "the token server could not be asked without a login"
            return Failure(AnonymousToken.__name__, self.name, why)
        return AnonymousToken(answer, bool(value))


@dataclass(frozen=True, slots=True)
class GrantProbe:
    """What a token grants with which an image was refused all the same.

    Where more than the registry's own scope was asked for (a mirror's name beside the
    origin's), the image is asked for once more with a token for that scope alone.
    """

    session: Session
    hosts: Mapping[str, Host]

    name = "granted-scopes"
    gives = GrantedScopes
    needs: tuple[type, ...] = (Challenge, ManifestLook, TokenAnswer)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        return endpoint.url in self.hosts and _refused_look(seen, endpoint.url) is not None

    async def observe(self, endpoint: Endpoint, seen: Observations) -> GrantedScopes | Failure:
        host, offered = self.hosts[endpoint.url], seen.get(Challenge, endpoint.url)
        refused = _refused_look(seen, endpoint.url)
        assert offered is not None
        assert refused is not None
        look, asked = refused
        try:
            credential = await _credential(self.session, host, look.repository)
        except CredentialError as error:
            return Failure(GrantedScopes.__name__, self.name, str(error))
        value, _ = await _ask(self.session, host, offered, asked, credential)
        granted = scopes_of(value)
        found = GrantedScopes(
            look.repository, asked, granted is not None, granted or (), offered.scope
        )
        if len(asked) < 2 or not offered.scope or set(offered.scope.split()) == set(asked):
            return found
        value, _ = await _ask(self.session, host, offered, offered.scope.split(), credential)
        alone = await _manifest(self.session, host, look, value) if value else None
        return replace(found, alone=alone)


@dataclass(frozen=True, slots=True)
class JoinedScopesProbe:
    """Whether one token is good for two images, as pushes that mount layers need it.

    Asked only where two images of one registry were served by tokens of their own.
    """

    session: Session
    hosts: Mapping[str, Host]

    name = "joined-scopes"
    gives = JoinedScopes
    needs: tuple[type, ...] = (Challenge, ManifestLook, TokenAnswer)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        return endpoint.url in self.hosts and len(_served(seen, endpoint.url)) > 1

    async def observe(self, endpoint: Endpoint, seen: Observations) -> JoinedScopes | Failure:
        host, offered = self.hosts[endpoint.url], seen.get(Challenge, endpoint.url)
        assert offered is not None
        first, second = _served(seen, endpoint.url)[:2]
        asked = tuple(f"repository:{name}:pull" for name in (first, second))
        try:
            credential = await _credential(self.session, host, first)
            other = await _credential(self.session, host, second)
        except CredentialError as error:
            return Failure(JoinedScopes.__name__, self.name, str(error))
        if credential != other:
            return JoinedScopes(asked, readable=False)  # one login is not known to see both
        value, _ = await _ask(self.session, host, offered, asked, credential)
        granted = scopes_of(value)
        return JoinedScopes(asked, granted is not None, granted or ())


def _refused_scope(seen: Observations, endpoint: str) -> str | None:
    """The scope for which a login was refused by the token server; None where none was."""
    for _, given in seen.named(TokenAnswer, endpoint):
        if given.authenticated and not given.granted and given.answer.status in _REFUSED:
            return given.scope
    login, offered = seen.get(LoginAnswer, endpoint), seen.get(Challenge, endpoint)
    if login is None or offered is None or login.answer.status not in _REFUSED:
        return None
    where, _, query = login.answer.url.partition("?")
    if not offered.realm or where != offered.realm.partition("?")[0]:
        return None
    return " ".join(parse_qs(query).get("scope", ()))


def _refused_look(seen: Observations, endpoint: str) -> tuple[ManifestLook, tuple[str, ...]] | None:
    """An image refused in spite of a token, and the scopes that were asked for it."""
    for _, look in seen.named(ManifestLook, endpoint):
        answer = look.get or look.head
        if answer is None or answer.status not in (401, 403, 404) or look.served:
            continue
        for _, given in seen.named(TokenAnswer, endpoint):
            scopes = tuple(given.scope.split())
            if not given.granted or not any(_about(scope, look.repository) for scope in scopes):
                continue
            if answer.status != 404 or len(scopes) > 1:
                return look, scopes
    return None


def _about(scope: str, repository: str) -> bool:
    return scope.startswith(f"repository:{repository}:")


def _served(seen: Observations, endpoint: str) -> tuple[str, ...]:
    """The repositories of images that were served by a token, in order."""
    tokens = [given.scope for _, given in seen.named(TokenAnswer, endpoint) if given.granted]
    found = (
        look.repository
        for _, look in seen.named(ManifestLook, endpoint)
        if look.served and look.auth in ("anonymous", "credentials")
    )
    known = (name for name in found if any(_about(scope, name) for scope in tokens))
    return tuple(dict.fromkeys(known))


async def _credential(session: Session, host: Host, repository: str) -> Credential | None:
    """As the session finds it: under the name that is contacted."""
    authority = host.endpoint.authority
    literal = f"{host.endpoint.hostname}:{host.endpoint.port}"
    for name in dict.fromkeys((authority, literal)):
        found = await session.credentials.lookup(name, repository)
        if found is not None:
            return found
    return None


async def _ask(
    session: Session,
    host: Host,
    offered: Challenge,
    scopes: Sequence[str],
    credential: Credential | None,
) -> tuple[str, Answer | None]:
    """A token (a secret; empty where none was given) by GET, and the answer that had it.

    An identity token is good for POST alone, so it gives nothing here.
    """
    parameters = {"realm": offered.realm, "service": offered.service}
    try:
        realm = token.checked_realm(host, challenge.Challenge("bearer", parameters))
    except BuilderError:
        return "", None
    if credential is not None and credential.identity_token:
        return "", None
    query = [("service", offered.service)] if offered.service else []
    query += [("scope", scope) for scope in scopes]
    query.append(("client_id", PROBE_CLIENT))
    headers = {"Authorization": token.basic(credential)} if credential is not None else {}
    separator = "&" if urlsplit(realm).query else "?"
    url = realm + separator + urlencode(query, quote_via=quote_plus)
    log: list[Exchange] = []
    try:
        reply = await Wire(session.transport).request(
            host, "GET", url, headers=headers, log=log, limit=_LIMIT
        )
    except (TransportError, BodyTooLarge):
        return "", answer_of(log[-1]) if log else None
    answer = answer_of(reply.exchange)
    if not reply.ok:
        return "", answer
    return _value(reply.body), replace(answer, body="")


async def _manifest(session: Session, host: Host, look: ManifestLook, value: str) -> Answer | None:
    """GET of the image with the token ``value``, as an answer without its body."""
    log: list[Exchange] = []
    url = host.url(look.repository, f"manifests/{look.reference}")
    headers = {"Accept": ", ".join(IMAGE_ACCEPT), "Authorization": f"Bearer {value}"}
    try:
        await Wire(session.transport).request(host, "GET", url, headers=headers, log=log)
    except (TransportError, BodyTooLarge):
        if not log:
            return None
    return replace(answer_of(log[-1]), body="")


def _value(body: bytes) -> str:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(document, dict):
        return ""
    value = document.get("token") or document.get("access_token")
    return value if isinstance(value, str) else ""


def scopes_of(value: str) -> tuple[str, ...] | None:
    """The scopes that a JWT grants by its ``access`` claim (distribution, token/jwt).

    None where ``value`` is no JWT, or one without that claim.
    """
    parts = value.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    access = claims.get("access") if isinstance(claims, dict) else None
    if not isinstance(access, list):
        return None
    return tuple(
        f"{each.get('type')}:{each.get('name')}:{','.join(map(str, each.get('actions') or ()))}"
        for each in access[:100]
        if isinstance(each, dict) and isinstance(each.get("actions") or [], list)
    )
