"""Challenges met: Basic with the endpoint's credential, Bearer with a token from its realm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from regdoctor.clients.plan import Credential, Endpoint, Transport
from regdoctor.clients.wire import (
    Answer,
    Challenge,
    Fault,
    Request,
    Unreachable,
    Wire,
    split_url,
)

Send = Callable[[Endpoint, Request], Answer]


class Tokens:
    """What was learned of each endpoint, for the length of a pull."""

    def __init__(self, wire: Wire, posts: bool = True) -> None:
        self._wire = wire
        self._posts = posts
        self._authorization: dict[str, str] = {}

    def send(self, host: Endpoint, request: Request, send: Send) -> Answer:
        """``request`` once, and again with what its challenge asks for. Raises Unreachable."""
        known = self._authorization.get(host.host, "")
        answer = send(host, replace(request, authorization=known))
        if answer.status != 401 or answer.challenge is None or known:
            return answer
        authorization = self._authorize(host, answer.challenge)
        if not authorization:
            return answer
        self._authorization[host.host] = authorization
        return send(host, replace(request, authorization=authorization))

    def _authorize(self, host: Endpoint, challenge: Challenge) -> str:
        if challenge.scheme == "basic":
            credential = host.credential
            return f"Basic {credential.user}:{credential.secret}" if credential else ""
        transport = host.tokens or host.transport
        return fetch_token(self._wire, transport, challenge, host.credential, self._posts)


def fetch_token(
    wire: Wire,
    transport: Transport,
    challenge: Challenge,
    credential: Credential | None,
    posts: bool = True,
) -> str:
    """``Bearer ...`` from the realm: POST with a password, GET else or where POST is refused.

    Not ``posts``: a client that knows GET alone. Raises Unreachable.
    """
    scheme, authority, path = split_url(challenge.realm)
    basic = f"Basic {credential.user}:{credential.secret}" if credential else ""
    if basic and posts:
        answer = wire.send(transport, Request("POST", scheme, authority, path, "", basic))
        if answer.good:
            return f"Bearer {answer.token}"
        if answer.status not in (401, 404, 405):
            raise Unreachable(Fault.REALM, challenge.realm)
    answer = wire.send(transport, Request("GET", scheme, authority, path, "", basic))
    if not answer.good:
        raise Unreachable(Fault.REALM, challenge.realm)
    return f"Bearer {answer.token}"
