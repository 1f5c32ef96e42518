"""containerd's resolver, as in containerd, BuildKit and dockerd's containerd store.

Every object (the tag, the manifest, each blob) is asked at the first host again; whatever goes
wrong there, but for a few cases, sends the client to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from regdoctor.clients.authority import port_of
from regdoctor.clients.engines.tokens import Tokens
from regdoctor.clients.plan import Attempt, ClientPlan, Endpoint
from regdoctor.clients.wire import Answer, Fault, Request, Unreachable, Wire

BLOBS = ("config", "layer")
"""Names for the blobs of an image; that they are two is all that counts."""


def walk(plan: ClientPlan, wire: Wire, posts: bool = True) -> bool:
    """Pulls; True where the image came in. ``posts``: tokens are asked for by POST first."""
    if plan.refuses:
        return False
    return Resolver(plan, wire, posts).pull()


class Resolver:
    """One pull. Tokens and the scheme that an endpoint turned out to speak are remembered."""

    def __init__(self, plan: ClientPlan, wire: Wire, posts: bool = True) -> None:
        self._plan = plan
        self._wire = wire
        self._tokens = Tokens(wire, posts)
        self._spoken: dict[str, Attempt] = {}

    def pull(self) -> bool:
        if not self._resolve():
            return False
        if not any("pull" in each.capabilities for each in self._plan.endpoints):
            return False
        if not self._fetch("manifests", "sha256:manifest"):
            return False
        # Blobs are fetched side by side: one that fails does not keep the other from being asked.
        fetched = [self._fetch("blobs", blob) for blob in BLOBS]
        return all(fetched)

    def _resolve(self) -> bool:
        digest = self._plan.reference.digest
        wanted = {"pull"} if digest else {"pull", "resolve"}
        hosts = [each for each in self._plan.endpoints if wanted <= each.capabilities]
        target = self._plan.reference.target
        for kind in ("manifests", "blobs") if digest else ("manifests",):
            for host in hosts:
                answer = self._ask(host, "HEAD", kind, target)
                if answer is None or not answer.good:
                    continue
                if not answer.digest or not answer.length:
                    again = self._ask(host, "GET", kind, target)
                    if again is None or not again.good:
                        continue
                return True
        return False

    def _fetch(self, kind: str, target: str) -> bool:
        return any(self._got(host, kind, target) for host in self._plan.endpoints)

    def _got(self, host: Endpoint, kind: str, target: str) -> bool:
        answer = self._ask(host, "GET", kind, target)
        return answer is not None and answer.good

    def _ask(self, host: Endpoint, method: str, kind: str, target: str) -> Answer | None:
        """The answer after a challenge was met, or None where there was none."""
        if host.broken:
            return None
        try:
            answer = self._tokens.send(host, self._request(host, method, kind, target), self._send)
            if answer.status == 405 and method == "HEAD":
                request = self._request(host, "GET", kind, target)
                answer = self._tokens.send(host, request, self._send)
        except Unreachable:
            return None
        return answer

    def _request(self, host: Endpoint, method: str, kind: str, target: str) -> Request:
        path = f"{host.path}/{host.repository}/{kind}/{target}"
        return Request(method, host.attempts[0].scheme, host.host, path, host.ns)

    def _send(self, host: Endpoint, request: Request) -> Answer:
        spoken = self._spoken.get(f"{host.host}{host.path}")
        attempts: Sequence[Attempt] = (spoken,) if spoken else host.attempts
        answer, attempt = send_attempts(self._wire, host, request, attempts)
        if len(attempts) > 1 and attempt.scheme != attempts[0].scheme:
            self._spoken[f"{host.host}{host.path}"] = attempt
        return answer


def send_attempts(
    wire: Wire, host: Endpoint, request: Request, attempts: Sequence[Attempt]
) -> tuple[Answer, Attempt]:
    """Tries one scheme after the other, as the fallback transport does. Raises Unreachable.

    http follows https where the server speaks no TLS; for some clients also where nothing listens
    on the default port. A certificate never makes a client fall back.
    """
    for index, attempt in enumerate(attempts):
        try:
            return wire.send(host.transport, replace(request, scheme=attempt.scheme)), attempt
        except Unreachable as unreachable:
            falls = unreachable.fault is Fault.PLAIN or (
                unreachable.fault is Fault.REFUSED
                and host.port_guessed
                and not port_of(request.authority)
            )
            if not falls or index + 1 == len(attempts):
                raise
    raise AssertionError("an endpoint has at least one attempt")
