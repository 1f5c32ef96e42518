"""docker's own registry client: a ping of each endpoint, then everything from that one.

A ping that gets any answer binds the client to the endpoint's scheme; its status does not matter,
its challenge does. Whatever fails afterwards leads to the next endpoint, not to plain http.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from regdoctor.clients.engines.tokens import fetch_token
from regdoctor.clients.plan import Attempt, ClientPlan, Endpoint
from regdoctor.clients.wire import Answer, Challenge, Fault, Request, Unreachable, Wire

BLOBS = ("config", "layer")


class NoCredential(Exception):
    """Basic is asked for and there is nothing to give: the request is not sent at all."""


@dataclass
class Session:
    """One endpoint by one scheme, after its ping."""

    wire: Wire
    endpoint: Endpoint
    attempt: Attempt
    challenge: Challenge | None = None
    authorization: str = field(default="", repr=False)

    def ping(self) -> Answer:
        """``GET /v2/`` without credentials; a challenge is kept. Raises Unreachable."""
        answer = self.wire.send(self.endpoint.transport, self._request("GET", "/"))
        if answer.status == 401:
            self.challenge = answer.challenge
        return answer

    def ask(self, method: str, path: str) -> Answer:
        """One request with what the challenge wants. Raises Unreachable and NoCredential."""
        if self.challenge is not None and not self.authorization:
            self.authorization = self._authorize(self.challenge)
        return self.wire.send(self.endpoint.transport, self._request(method, path))

    def object(self, method: str, kind: str, target: str) -> Answer:
        return self.ask(method, f"/{self.endpoint.repository}/{kind}/{target}")

    def _authorize(self, challenge: Challenge) -> str:
        credential = self.endpoint.credential
        if challenge.scheme == "basic":
            if credential is None:
                raise NoCredential
            return f"Basic {credential.user}:{credential.secret}"
        transport = self.endpoint.tokens or self.endpoint.transport
        return fetch_token(self.wire, transport, challenge, credential, posts=False)

    def _request(self, method: str, path: str) -> Request:
        return Request(
            method,
            self.attempt.scheme,
            self.endpoint.host,
            f"{self.endpoint.path}{path}",
            authorization=self.authorization,
        )


def pull(plan: ClientPlan, wire: Wire, heads: bool) -> bool:
    """True where the image came in. ``heads``: a tag is resolved with HEAD (since 20.10)."""
    if plan.refuses:
        return False
    return any(_pulled(plan, each, wire, heads) for each in plan.endpoints)


def _pulled(plan: ClientPlan, endpoint: Endpoint, wire: Wire, heads: bool) -> bool:
    for attempt in endpoint.attempts:
        session = Session(wire, endpoint, attempt)
        try:
            session.ping()
        except Unreachable:
            continue
        try:
            return _image(session, plan, heads)
        except NoCredential:
            # Until 22 this alone left open whether the registry speaks TLS: http is tried as well.
            if plan.version.since(23):
                return False
        except Unreachable:
            return False
    return False


def _image(session: Session, plan: ClientPlan, heads: bool) -> bool:
    by_digest = plan.reference.digest is not None
    if not by_digest and not _resolved(session, plan.reference.target, heads):
        return False
    # Without HEAD the manifest has come with the tag already.
    target = plan.reference.target if by_digest else "sha256:manifest"
    if (by_digest or heads) and not session.object("GET", "manifests", target).good:
        return False
    # Side by side: one that fails does not keep the other from being asked for.
    fetched = [_blob(session, blob) for blob in BLOBS]
    return all(fetched)


def _resolved(session: Session, tag: str, heads: bool) -> bool:
    answer = session.object("HEAD" if heads else "GET", "manifests", tag)
    if heads and not (answer.good and answer.digest):
        answer = session.object("GET", "manifests", tag)
    # Content-Length is demanded; a HEAD without it is not made good by a GET.
    return answer.good and (answer.length or not heads)


def _blob(session: Session, blob: str) -> bool:
    try:
        return session.object("GET", "blobs", blob).good
    except Unreachable:
        return False


def login(plan: ClientPlan, wire: Wire) -> bool:
    """``docker login``: ``GET /v2/`` with the credential. Only a refusal of it ends the walk."""
    if plan.refuses:
        return False
    for endpoint in plan.endpoints:
        for attempt in endpoint.attempts:
            session = Session(wire, endpoint, attempt)
            try:
                session.ping()
                answer = session.ask("GET", "/")
            except Unreachable as unreachable:
                if unreachable.fault is Fault.REALM:
                    return False
                continue
            except NoCredential:
                return False
            if answer.status in (200, 401):
                return answer.status == 200
    return False


def inspect(plan: ClientPlan, wire: Wire, plain: bool) -> bool:
    """``docker manifest inspect``. ``plain``: http may be used, beyond a ping."""
    if plan.refuses:
        return False
    for endpoint in plan.endpoints:
        for attempt in endpoint.attempts:
            session = Session(wire, endpoint, attempt)
            try:
                session.ping()
                if attempt.scheme == "http" and not plain:
                    continue
                return _described(session, plan.reference.target)
            except Unreachable as unreachable:
                if unreachable.fault is not Fault.PLAIN:
                    return False
            except NoCredential:
                return False
    return False


def _described(session: Session, target: str) -> bool:
    if not session.object("GET", "manifests", target).good:
        return False
    return session.object("GET", "blobs", BLOBS[0]).good
