"""A TLS handshake that did not come about, as the checks about it have it in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator

from regdoctor.checks.judging import asking, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.http import PlainAnswer
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain, TlsVersions


class HandshakeCheck(Check):
    """Each check takes the endings that are its own, and says what they mean."""

    code = ""
    needs = (ServedChain,)
    probe = "tls"

    @abstractmethod
    def meaning(self, served: ServedChain) -> str:
        """What the ending means, as the rest of a sentence; empty where it is another's."""

    def suspects(
        self, served: ServedChain, seen: Observations, endpoint: str
    ) -> tuple[tuple[str, str], ...]:
        """(code, question) of causes that look alike and were not told apart."""
        return ()

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            served, plain = seen.get(ServedChain, endpoint), seen.get(PlainAnswer, endpoint)
            if served is None or not served.fault or served.fault == "plain-http":
                continue
            if plain is not None and plain.answer.status and not plain.asks_for_tls:
                continue  # the port speaks http, which is another finding
            meaning = self.meaning(served)
            if not meaning:
                continue
            subject, breaks = subject_of(endpoint), asking(seen, endpoint)
            yield Finding(
                code=self.code,
                title=f"{subject}: the TLS handshake fails: {meaning}",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(*_evidence(subject, served), *versions_evidence(seen, endpoint)),
                breaks=breaks,
            )
            for code, question in self.suspects(served, seen, endpoint):
                yield OpenQuestion(code, question, "tls", f"{subject}: {served.text}")


def _evidence(subject: str, served: ServedChain) -> Iterator[Evidence]:
    yield Evidence(
        f"TLS handshake with {served.address or subject}: {served.text}",
        "tls",
        {"fault": served.fault, "alert": served.alert, "server_name": served.server_name},
    )
    if served.first_bytes:
        yield Evidence(
            f"the first bytes received were {served.first_bytes!r}",
            "tls",
            {"first_bytes": served.first_bytes.hex()},
        )


def versions_evidence(seen: Observations, endpoint: str) -> Iterator[Evidence]:
    """What the server takes, where it was asked version by version."""
    versions = seen.get(TlsVersions, endpoint)
    if versions is not None:
        taken = listed(versions.taken) or "no version at all"
        yield Evidence(
            f"offered one by one, the server takes {taken}",
            "versions",
            {"taken": list(versions.taken), "refused": list(versions.refused)},
        )
