"""A public registry that answers in the clear: it is not the registry that answers."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from regdoctor.checks.http.http_response_to_https_client import in_the_clear
from regdoctor.checks.judging import (
    answer_evidence,
    asking,
    is_public,
    severity_of,
    subject_of,
)
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import PlainAnswer
from regdoctor.observations.network import Resolution
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain


class Middlebox(Check):
    """No public registry speaks HTTP there; a portal, a filter or a wrong address does."""

    code = "middlebox-answers-plain-http-on-443"
    summary = "something on the way answers in plain HTTP in place of a public registry"
    needs = (ServedChain,)
    question = "who answers in the clear in place of the public registry?"
    probe = "plain-http"
    supersedes = ("http-response-to-https-client", "registry-unexpected-answer")
    texts = (
        "registry-1.docker.io/v2/: http: server gave HTTP response to HTTPS client",
        "production.cloudflare.docker.com/* http: server gave HTTP response to HTTPS client",
    )
    clients = ("docker", "buildkit", "containerd", "podman")
    products = ("docker-hub", "proxy")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            served, plain = seen.get(ServedChain, endpoint), seen.get(PlainAnswer, endpoint)
            parts = urlsplit(endpoint)
            if parts.port not in (None, 443) or not is_public(parts.hostname or ""):
                continue
            if served is None or not in_the_clear(served, plain):
                continue
            subject, breaks = subject_of(endpoint), asking(seen, endpoint)
            lookup = seen.get(Resolution, endpoint)
            where = f" at {', '.join(lookup.addresses)}" if lookup and lookup.addresses else ""
            yield Finding(
                code=self.code,
                title=f"it is not {subject} that answers{where}: plain HTTP is spoken there, by "
                "a portal, a filter, or a wrong address",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    Evidence(
                        f"no TLS handshake came about: {served.text}",
                        "tls",
                        {"first_bytes": served.first_bytes.decode("latin-1")},
                    ),
                    *_answered(plain),
                ),
                breaks=breaks,
            )


def _answered(plain: PlainAnswer | None) -> Iterator[Evidence]:
    """The answer, and the headers by which one knows who gave it."""
    if plain is None:
        return
    yield answer_evidence(plain.answer, "plain-http")
    for name in ("Server", "Location", "Via"):
        if value := plain.answer.header(name).partition("?")[0]:
            yield Evidence(f"{name}: {value}", "plain-http", {name.lower(): value})


CHECK = Middlebox()
