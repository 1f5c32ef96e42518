"""Client and server have no protocol version or cipher in common."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.network.handshakes import HandshakeCheck, versions_evidence
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain

NOTHING_IN_COMMON = frozenset({"protocol_version", "handshake_failure", "insufficient_security"})

_REFUSALS = (
    "tls: protocol version not supported",
    "tls: handshake failure",
    "tls: insufficient security level",
    "tls: server selected unsupported protocol version",
)


class TlsVersionOrCipherMismatch(HandshakeCheck):
    """The alerts that say so; handshake_failure can also mean that a certificate is wanted."""

    code = "tls-version-or-cipher-mismatch"
    summary = "client and server have no TLS version or cipher in common"
    question = "which TLS versions and ciphers does the server offer?"
    supersedes = ("registry-unexpected-answer",)
    texts = (
        "remote error: tls: protocol version not supported",
        "remote error: tls: handshake failure",
        "tls: server selected unsupported protocol version",
        "tls: no supported versions satisfy",
        "SSL: UNSUPPORTED_PROTOCOL",
        "handshake failure",
    )

    def meaning(self, served: ServedChain) -> str:
        if served.fault != "alert" or served.alert not in NOTHING_IN_COMMON:
            return ""
        return f"the server accepts nothing that was offered ({served.alert})"

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        yield from super().findings(seen)
        for endpoint in seen.endpoints():
            served, ping = seen.get(ServedChain, endpoint), seen.get(Ping, endpoint)
            if served is None or ping is None or served.fault or not _refused(served, ping.answer):
                continue
            subject, breaks = subject_of(endpoint), asking(seen, endpoint)
            version = f" (it spoke {_spoken(served)})" if served.version else ""
            yield Finding(
                code=self.code,
                title=f"{subject}: the TLS handshake fails: the server accepts nothing that "
                f"clients of today offer{version}",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    Evidence(
                        f"a client that takes anything was shown a certificate over "
                        f"{_spoken(served) or 'an older protocol'}",
                        "tls",
                        {"version": served.version, "cipher": served.cipher},
                    ),
                    answer_evidence(ping.answer, "ping"),
                    *versions_evidence(seen, endpoint),
                ),
                breaks=breaks,
            )


def _spoken(served: ServedChain) -> str:
    """The version that the server chose, and the cipher where the version is not what ails."""
    named = served.cipher and served.version == "TLSv1.2"
    return f"{served.version} with {served.cipher}" if named else served.version


def _refused(served: ServedChain, answer: Answer) -> bool:
    """The reader of certificates got through with what no client offers any more."""
    if answer.fault != "tls" or served.client_certificate_requested:
        return False
    return any(words in answer.text for words in _REFUSALS)


CHECK = TlsVersionOrCipherMismatch()
