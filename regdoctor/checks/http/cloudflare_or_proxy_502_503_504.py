"""What stands before the registry answers in its place."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.manifest.images import looks
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.fingerprints import Product, front_of
from regdoctor.observations.http import Answer, BlobLook, Ping
from regdoctor.observations.store import Observations

_STATUSES = {
    408: "did not get the whole request in time",
    502: "gets no answer that it understands from the registry",
    503: "sends nothing on to the registry now",
    504: "waits for the registry in vain",
    **dict.fromkeys(range(520, 528), "does not reach the registry behind it"),
}

_NOBODY_BEHIND = (
    "no server is available",  # HAProxy
    "no healthy upstream",  # Envoy
    "upstream connect error",  # Envoy
    "no available server",  # Traefik
)
"""What a 503 says whose writer has no registry to send requests to. One without such words may
be a limit on requests as well: nginx's limit_req and limit_conn answer so unless told otherwise."""


class GatewayError(Check):
    """Told apart from the registry's own 5xx by its form: no registry writes such a page."""

    code = "cloudflare-or-proxy-502-503-504"
    summary = "a proxy or load balancer before the registry answers in its place"
    needs = (Ping,)
    question = "is the 5xx of the registry, or of a proxy before it?"
    probe = "ping"
    supersedes = (
        "registry-unexpected-answer",
        "manifest-unexpected-answer",
        "blob-unexpected-answer",
        "head-manifest-refused",
    )
    texts = (
        "received unexpected HTTP status: 502 Bad Gateway",
        "received unexpected HTTP status: 503 Service Unavailable",
        "received unexpected HTTP status: 504 Gateway",
        "error parsing HTTP 408 response body: invalid character '<'",
        "error parsing HTTP 50* response body: invalid character '<'",
    )
    products = ("nginx", "proxy")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            for subject, answer, probe in self._answers(seen, endpoint):
                yield self._finding(seen, endpoint, subject, answer, probe)
                if answer.status == 503 and not _nobody_behind(answer):
                    yield OpenQuestion(
                        self.code,
                        f"is nobody behind {subject_of(endpoint)}, or does it limit requests?",
                        probe,
                        "a 503 means either; the log of what answered says which",
                    )

    def _answers(self, seen: Observations, endpoint: str) -> Iterator[tuple[str, Answer, str]]:
        """What it is about, the answer of something before the registry, and the probe."""
        ping = seen.get(Ping, endpoint)
        subject = subject_of(endpoint)
        if ping is not None and _gateway(ping.answer):
            yield subject, ping.answer, "ping"
            return
        for _, look in seen.named(BlobLook, endpoint):
            if look.answer is not None and look.error and _gateway(look.answer):
                yield subject, look.answer, "blob"
                break
        for each in looks(seen):
            mine = each.endpoint == endpoint and not each.served
            if mine and each.last is not None and _gateway(each.last):
                yield each.image, each.last, "manifest"

    def _finding(
        self, seen: Observations, endpoint: str, subject: str, answer: Answer, probe: str
    ) -> Finding:
        front = _gateway(answer)
        assert front is not None
        why = _STATUSES[answer.status]
        if answer.status == 503 and _nobody_behind(answer):
            why = "has no registry to send requests to"
        breaks = asking(seen, endpoint)
        return Finding(
            code=self.code,
            title=f"{front} before {subject_of(endpoint)} answers {answer.status}: it {why}",
            severity=severity_of(seen, breaks, endpoint),
            confidence="certain" if answer.body else "likely",
            subject=subject,
            evidence=(
                answer_evidence(answer, probe),
                Evidence(f"the answer is {front}'s: {front.mark}", probe, {"mark": front.mark}),
            ),
            breaks=breaks,
        )


def _gateway(answer: Answer) -> Product | None:
    """What wrote the answer, where it is one of these and no registry's."""
    if answer.status not in _STATUSES or '"errors"' in answer.body or "json" in _kind(answer):
        return None
    return front_of(answer)


def _nobody_behind(answer: Answer) -> bool:
    body = answer.body.lower()
    return any(words in body for words in _NOBODY_BEHIND)


def _kind(answer: Answer) -> str:
    return answer.header("Content-Type").lower()


CHECK = GatewayError()
