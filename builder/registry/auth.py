"""Answering challenges: which ``Authorization`` a host wants for which scopes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from builder.registry import scope, token
from builder.registry.challenge import Challenge
from builder.registry.credentials import Credential, CredentialStore
from builder.registry.errors import Unauthorized, UnusableChallenge
from builder.registry.hosts import HUB_HOST, Host
from builder.registry.token import Token, TokenRequest
from builder.registry.wire import Wire
from builder.transport.endpoint import Endpoint


def _denied(scopes: Iterable[str]) -> str:
    action = "push" if any(":pull,push" in one for one in scopes) else "pull"
    return f"{action} access denied, repository does not exist or may require authorization: "


@dataclass(slots=True)
class _State:
    """What one endpoint is known to want."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    scheme: str = ""
    realm: str = ""
    service: str = ""
    tokens: list[Token] = field(default_factory=list, repr=False)
    notes: dict[str, None] = field(default_factory=dict)

    def token_for(self, scopes: Sequence[str]) -> Token | None:
        self.tokens = [token for token in self.tokens if token.fresh]
        return next((t for t in self.tokens if scope.covers(t.scopes, scopes)), None)


class Authorizer:
    """Remembers schemes and tokens per endpoint; asks a token service once per set of scopes."""

    def __init__(self, wire: Wire, credentials: CredentialStore) -> None:
        self._wire = wire
        self._credentials = credentials
        self._states: dict[Endpoint, _State] = {}

    def notes(self, host: Host) -> tuple[str, ...]:
        """What had to be coped with in this host's challenges."""
        return tuple(self._state(host).notes)

    def note(self, host: Host, code: str) -> None:
        self._state(host).notes[code] = None

    async def credential(self, host: Host, repository: str = "") -> Credential | None:
        """The credential for ``host`` as it is contacted: a mirror never gets its origin's."""
        authority = host.endpoint.authority
        if authority == HUB_HOST:
            return await self._credentials.lookup(HUB_HOST, repository)
        found = await self._credentials.lookup(authority, repository)
        literal = f"{host.endpoint.hostname}:{host.endpoint.port}"
        if found is None and literal != authority:
            found = await self._credentials.lookup(literal, repository)
        return found

    async def header(self, host: Host, scopes: Sequence[str], repository: str) -> str:
        """The ``Authorization`` to send unasked, from what is known; empty for none."""
        state = self._state(host)
        if state.scheme == "basic":
            credential = await self.credential(host, repository)
            return token.basic(credential) if credential is not None else ""
        if state.scheme != "bearer":
            return ""
        async with state.lock:
            return await self._bearer(state, host, scope.merged(scopes), repository)

    async def answer(
        self,
        host: Host,
        challenges: Sequence[Challenge],
        scopes: Iterable[str],
        repository: str,
        refused: str,
    ) -> str:
        """The ``Authorization`` that answers a 401; ``refused`` is the value it came upon.

        Raises Unauthorized, UnusableChallenge, and what asking for a token raises.
        """
        state, wanted = self._state(host), tuple(scopes)
        bearer = next((c for c in challenges if c.scheme == "bearer" and c.realm), None)
        has_basic = any(c.scheme == "basic" for c in challenges)
        if bearer is None and not has_basic:
            raise _no_scheme(host, challenges)
        credential = await self.credential(host, repository)
        if bearer is None:
            if credential is None or not (credential.username or credential.password):
                raise Unauthorized(
                    f"{_denied(wanted)}authorization failed: no basic auth credentials",
                    hint=f"log in to {host.endpoint.authority}",
                )
            value = token.basic(credential)
            if value == refused:
                raise self.refusal(challenges, credential, wanted)
            state.scheme = "basic"
            return value
        async with state.lock:
            return await self._answer_bearer(state, host, bearer, wanted, repository, refused)

    def refusal(
        self,
        challenges: Sequence[Challenge],
        credential: Credential | None,
        scopes: Iterable[str],
    ) -> Unauthorized:
        """401 to the end, in containerd's words."""
        said = next((c.error for c in challenges if c.error), "")
        server = f"server message: {said}: " if said else ""
        hint = (
            "the credential was sent and not accepted, or has no right to this repository"
            if credential is not None
            else "log in, if the repository exists and is private"
        )
        error = Unauthorized(f"{_denied(scopes)}{server}authorization failed", hint=hint)
        error.refused = True
        return error

    async def _answer_bearer(
        self,
        state: _State,
        host: Host,
        challenge: Challenge,
        scopes: Sequence[str],
        repository: str,
        refused: str,
    ) -> str:
        state.realm, state.service = token.checked_realm(host, challenge), challenge.service
        state.scheme = "bearer"
        wanted = scope.merged((*scopes, *challenge.scopes))
        if wanted and not challenge.scopes:
            state.notes["challenge-without-scope"] = None
        if challenge.realm.startswith("/"):
            state.notes["realm-relative"] = None
        if refused:
            # The very token that was refused is of no more use; one got meanwhile may be.
            state.tokens = [t for t in state.tokens if f"Bearer {t.value}" != refused]
        value = await self._bearer(state, host, wanted, repository)
        if value == refused:
            raise self.refusal((challenge,), await self.credential(host, repository), scopes)
        return value

    async def _bearer(
        self, state: _State, host: Host, scopes: tuple[str, ...], repository: str
    ) -> str:
        known = state.token_for(scopes)
        if known is not None:
            return f"Bearer {known.value}"
        credential = await self.credential(host, repository)
        if credential is not None and credential.registry_token:
            return f"Bearer {credential.registry_token}"
        secret = credential is not None
        if secret and host.endpoint.scheme == "https" and state.realm.startswith("http:"):
            state.notes["realm-over-http"] = None
        request = TokenRequest(host, state.realm, state.service, scopes, credential)
        fetched = await token.fetch(self._wire, request)
        state.tokens.append(fetched)
        return f"Bearer {fetched.value}"

    def _state(self, host: Host) -> _State:
        return self._states.setdefault(host.endpoint, _State())


def _no_scheme(host: Host, challenges: Sequence[Challenge]) -> UnusableChallenge:
    names = ", ".join(dict.fromkeys(c.scheme for c in challenges))
    text = f"asks for {names}" if names else "answered 401 without a challenge"
    return UnusableChallenge(
        f"{host.endpoint.authority}: {text}; Basic and Bearer (with a realm) can be answered",
        hint="the registry, or a proxy in front of it, does not speak the registries' protocol",
    )
