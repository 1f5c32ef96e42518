"""How go-containerregistry asks: ping by https and, for some names, by http; then what it wants."""

from __future__ import annotations

from dataclasses import replace

from regdoctor.clients.plan import Credential, Endpoint
from regdoctor.clients.wire import (
    Challenge,
    Fault,
    Request,
    Unreachable,
    Wire,
    split_url,
)

REACHED = (200, 401)


class Registry:
    """One registry: the scheme of its first good ping, and the login that it asks for."""

    def __init__(self, wire: Wire, endpoint: Endpoint) -> None:
        self._wire, self.endpoint = wire, endpoint
        self._scheme = ""
        self._authorization = ""

    def ask(self, method: str, what: str) -> bool:
        """Whether the request succeeded, ping and login included."""
        if self.endpoint.broken:
            return False
        try:
            self._open()
        except Unreachable:
            return False
        if not self._scheme:
            return False
        path = f"{self.endpoint.path}/{self.endpoint.repository}/{what}"
        request = Request(method, self._scheme, self.endpoint.host, path)
        try:
            answer = self._wire.send(
                self.endpoint.transport, replace(request, authorization=self._authorization)
            )
        except Unreachable:
            return False
        return answer.good

    def _open(self) -> None:
        """The ping, once. Raises Unreachable where the token server does not give a token."""
        if self._scheme:
            return
        for attempt in self.endpoint.attempts:
            request = Request("GET", attempt.scheme, self.endpoint.host, f"{self.endpoint.path}/")
            try:
                answer = self._wire.send(self.endpoint.transport, request)
            except Unreachable:
                continue
            if answer.status in REACHED:
                self._scheme = attempt.scheme
                if answer.challenge is not None:
                    self._authorization = self._login(answer.challenge, self.endpoint.credential)
                return

    def _login(self, challenge: Challenge, credential: Credential | None) -> str:
        basic = f"Basic {credential.user}:{credential.secret}" if credential else ""
        if challenge.scheme == "basic":
            return basic
        scheme, authority, path = split_url(challenge.realm)
        request = Request("GET", scheme, authority, path, "", basic)
        answer = self._wire.send(self.endpoint.transport, request)
        if not answer.good:
            raise Unreachable(Fault.REALM, challenge.realm)
        return f"Bearer {answer.token}"
