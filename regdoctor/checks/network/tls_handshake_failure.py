"""The port takes a connection, and no TLS handshake comes about."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import severity_of, subject_of
from regdoctor.clients.table import EVERY
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import PlainAnswer
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import HandshakeFault, ServedChain

_MEANING: dict[HandshakeFault, str] = {
    "not-tls": "something that is neither TLS nor HTTP answers on that port",
    "alert": "the server refuses it with an alert",
    "closed": "the server closes the connection without a word",
    "reset": "the connection is reset during it",
    "timeout": "no answer came in time",
    "other": "it failed",
}
_SUSPECTS: dict[HandshakeFault, tuple[tuple[str, str], ...]] = {
    "timeout": (
        (
            "tls-handshake-timeout-mtu-blackhole",
            "do small packets pass while large ones vanish on this path?",
        ),
        (
            "tls-handshake-timeout-post-quantum-clienthello",
            "does a ClientHello that fits one segment get an answer?",
        ),
    ),
    "closed": (
        (
            "https-eof-plain-port-or-lb-close",
            "does the server answer with another name, or in the clear?",
        ),
    ),
}


class TlsHandshakeFailure:
    """Gives the alert or the first bytes; names the causes that look alike as questions."""

    code = "tls-handshake-failure"
    summary = "no TLS handshake with the registry comes about"
    needs: tuple[type, ...] = (ServedChain,)
    question = "how does the TLS handshake end?"
    probe = "tls"
    supersedes: tuple[str, ...] = ()

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            served = seen.get(ServedChain, endpoint)
            plain = seen.get(PlainAnswer, endpoint)
            if served is None or served.fault not in _MEANING:
                continue
            if plain is not None and plain.answer.status and not plain.asks_for_tls:
                continue  # the port speaks http, which is another finding
            subject = subject_of(endpoint)
            detail = f" ({served.alert})" if served.alert else ""
            evidence = [
                Evidence(
                    f"TLS handshake with {served.address or subject}: {served.text}",
                    "tls",
                    {
                        "fault": served.fault,
                        "alert": served.alert,
                        "server_name": served.server_name,
                    },
                )
            ]
            if served.first_bytes:
                evidence.append(
                    Evidence(
                        f"the first bytes received were {served.first_bytes!r}",
                        "tls",
                        {"first_bytes": served.first_bytes.hex()},
                    )
                )
            yield Finding(
                code=self.code,
                title=f"{subject}: the TLS handshake fails: {_MEANING[served.fault]}{detail}",
                severity=severity_of(seen, EVERY, endpoint),
                confidence="certain",
                subject=subject,
                evidence=tuple(evidence),
                breaks=EVERY,
            )
            for code, question in _SUSPECTS.get(served.fault, ()):
                yield OpenQuestion(code, question, "tls", f"{subject}: {served.text}")


CHECK = TlsHandshakeFailure()
