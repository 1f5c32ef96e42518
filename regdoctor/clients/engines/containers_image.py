"""How containers/image asks an endpoint: ping, then GET of the manifest, then the blobs.

Any fault up to the manifest sends it to the next endpoint; one after it ends the pull.
"""

from __future__ import annotations

from dataclasses import replace

from regdoctor.clients.plan import ClientPlan, Credential, Endpoint
from regdoctor.clients.wire import (
    Answer,
    Challenge,
    Fault,
    Request,
    Unreachable,
    Wire,
    split_url,
)

BLOBS = ("config", "layer")
REACHED = (200, 401)


def walk(plan: ClientPlan, wire: Wire) -> bool:
    """Does what the command asks for, in its order; True where all of it came about."""
    if plan.refuses:
        return False
    done = True
    pulls = [each for each in plan.endpoints if "pull" in each.capabilities]
    if pulls:
        done = _pulled(pulls, plan.reference.target, wire)
    for each in plan.endpoints:
        if done and "pull" not in each.capabilities:
            done = _other(Source(wire, each), plan.reference.target)
    return done


def _pulled(endpoints: list[Endpoint], target: str, wire: Wire) -> bool:
    for endpoint in endpoints:
        source = Source(wire, endpoint)
        if source.get(f"manifests/{target}"):
            return all(source.get(f"blobs/{blob}") for blob in BLOBS)
    return False


def _other(source: Source, target: str) -> bool:
    does = source.endpoint.capabilities
    if "tags" in does:
        return source.get("tags/list")
    if "delete" in does:
        return source.get(f"manifests/{target}") and source.ask("DELETE", f"manifests/{target}")
    if "push" in does:
        found = all(source.ask("HEAD", f"blobs/{blob}") for blob in BLOBS)
        return found and source.ask("PUT", f"manifests/{target}")
    return source.ping()


class Source:
    """One endpoint: the scheme that it turned out to speak, and what it asks of clients."""

    def __init__(self, wire: Wire, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._wire = wire
        self._scheme = ""
        self._challenge: Challenge | None = None
        self._authorization = ""

    def get(self, what: str) -> bool:
        return self.ask("GET", what)

    def ask(self, method: str, what: str) -> bool:
        """Whether the request succeeded, the ping before it included."""
        if self.endpoint.broken or not self.ping():
            return False
        try:
            self._authorize()
            path = f"{self.endpoint.path}/{self.endpoint.repository}/{what}"
            answer = self._send(Request(method, self._scheme, self.endpoint.host, path))
        except Unreachable:
            return False
        return answer.good

    def ping(self) -> bool:
        """``GET /v2/`` by https, then by http where the endpoint is insecure, after any fault."""
        if self._scheme:
            return True
        for attempt in self.endpoint.attempts:
            request = Request("GET", attempt.scheme, self.endpoint.host, f"{self.endpoint.path}/")
            try:
                answer = self._wire.send(self.endpoint.transport, request)
            except Unreachable:
                continue
            if answer.status in REACHED:
                self._scheme, self._challenge = attempt.scheme, answer.challenge
                return True
        return False

    def _authorize(self) -> None:
        challenge, credential = self._challenge, self.endpoint.credential
        if challenge is None or self._authorization:
            return
        if challenge.scheme == "basic":
            # Without a credential it sends an empty user and password.
            user, secret = (credential.user, credential.secret) if credential else ("", "")
            self._authorization = f"Basic {user}:{secret}"
            return
        self._authorization = self._token(challenge, credential)

    def _token(self, challenge: Challenge, credential: Credential | None) -> str:
        scheme, authority, path = split_url(challenge.realm)
        basic = f"Basic {credential.user}:{credential.secret}" if credential else ""
        request = Request("GET", scheme, authority, path, "", basic)
        answer = self._wire.send(self.endpoint.transport, request)
        if not answer.good:
            raise Unreachable(Fault.REALM, challenge.realm)
        return f"Bearer {answer.token}"

    def _send(self, request: Request) -> Answer:
        return self._wire.send(
            self.endpoint.transport, replace(request, authorization=self._authorization)
        )
