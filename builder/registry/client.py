"""Authenticated requests to one host: challenge, answer, and another try where that helps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from builder.registry import challenge
from builder.registry.auth import Authorizer
from builder.registry.errors import RegistryError
from builder.registry.hosts import Host
from builder.registry.retry import Reason, RetryPolicy, status_reason, transport_reason
from builder.registry.wire import Wire
from builder.transport.errors import TransportError
from builder.transport.exchange import Exchange

if TYPE_CHECKING:
    from builder.transport.response import Reply, Response
    from builder.transport.transport import Body


class Client:
    """What every step of the protocol sends its requests through."""

    def __init__(self, wire: Wire, authorizer: Authorizer, policy: RetryPolicy) -> None:
        self.wire = wire
        self.authorizer = authorizer
        self.policy = policy
        self._pinged: dict[str, tuple[challenge.Challenge, ...]] = {}

    @asynccontextmanager
    async def open(
        self,
        host: Host,
        method: str,
        url: str,
        *,
        repository: str,
        scopes: Sequence[str],
        log: list[Exchange],
        headers: Mapping[str, str] | None = None,
        content: Body | None = None,
        redirects: bool = True,
    ) -> AsyncIterator[Response]:
        """The answer after authentication, unread.

        A 401 is answered once, twice where a token had grown old. Raises TransportError, and
        Unauthorized or UnusableChallenge where the 401 stays.
        """
        own = self.wire.owns(host, url)
        value = await self._guarded(log, host, scopes, repository) if own else ""
        stale = bool(value)
        while True:
            sent = {**(headers or {}), **({"Authorization": value} if value else {})}
            async with self.wire.stream(
                host, method, url, log=log, headers=sent, content=content, redirects=redirects
            ) as response:
                if response.status != 401 or not own:
                    yield response
                    return
                challenges = challenge.parse(response.header_values("WWW-Authenticate"))
            if not challenges:
                challenges = await self._ask_ping(host, log)
            if value and not stale:
                credential = await self.authorizer.credential(host, repository)
                raise self.authorizer.refusal(challenges, credential, scopes)
            refused, stale = value, False
            try:
                value = await self.authorizer.answer(host, challenges, scopes, repository, refused)
            except RegistryError as error:
                _extend(log, error)
                raise

    async def request(
        self,
        host: Host,
        method: str,
        url: str,
        *,
        repository: str,
        scopes: Sequence[str],
        log: list[Exchange],
        headers: Mapping[str, str] | None = None,
        content: Body | None = None,
        limit: int = 4 * 1024 * 1024,
        retry: Reason | None = None,
        redirects: bool = True,
    ) -> Reply:
        """As ``open``, with the body read; again, by the policy, while ``retry`` gives a reason.

        ``status_reason`` stands for broken connections too. Raises BodyTooLarge as well.
        """
        from builder.transport.response import Reply

        number = 1
        while True:
            try:
                async with self.open(
                    host,
                    method,
                    url,
                    repository=repository,
                    scopes=scopes,
                    log=log,
                    headers=headers,
                    content=content,
                    redirects=redirects,
                ) as response:
                    body = await response.read(limit)
            except TransportError as error:
                reason = transport_reason(error)
                pause = self.policy.pause(number) if retry is status_reason and reason else None
                if pause is None:
                    raise
            else:
                reason = retry(response.status) if retry is not None else ""
                after = response.header("Retry-After")
                pause = self.policy.pause(number, after) if reason else None
                if pause is None:
                    return Reply(response.status, response.headers, body, response.url, log[-1])
            await self.policy.wait(method, log[-1].url, reason, number, pause)
            number += 1

    async def _guarded(
        self, log: list[Exchange], host: Host, scopes: Sequence[str], repository: str
    ) -> str:
        try:
            return await self.authorizer.header(host, scopes, repository)
        except RegistryError as error:
            _extend(log, error)
            raise

    async def _ask_ping(self, host: Host, log: list[Exchange]) -> tuple[challenge.Challenge, ...]:
        """The challenge of ``GET /v2/``: some registries send none with other 401s."""
        if host.base not in self._pinged:
            reply = await self.wire.request(host, "GET", f"{host.endpoint.url}/v2/", log=log)
            found = challenge.parse(reply.header_values("WWW-Authenticate"))
            self._pinged[host.base] = found
            if found:
                self.authorizer.note(host, "challenge-from-ping")
        return self._pinged[host.base]


def _extend(log: list[Exchange], error: RegistryError) -> None:
    """The exchanges with a token service belong to the step that needed the token."""
    for attempt in error.attempts:
        log += attempt.exchanges
    error.attempts = ()
