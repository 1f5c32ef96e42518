"""Large packets vanish on the way, small ones pass: the handshake stalls, TCP connects."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import asking, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import HelloTry, LargeHello, ServedChain, SmallSegments


class MtuBlackHole(Check):
    """Proven by doing the same twice: in packets of usual size, and in small ones."""

    code = "tls-handshake-timeout-mtu-blackhole"
    summary = "large packets vanish on the way to the registry, so the TLS handshake stalls"
    needs = (ServedChain,)
    question = "does the handshake come about in small packets?"
    probe = "segments"
    supersedes = ("tls-handshake-failure", "registry-unexpected-answer")
    texts = (
        "net/http: TLS handshake timeout",
        "net/http: request canceled * TLS handshake",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            served = seen.get(ServedChain, endpoint)
            if served is None:
                continue
            inward, outward = seen.get(SmallSegments, endpoint), seen.get(LargeHello, endpoint)
            if served.fault == "timeout" and inward is not None and inward.packets_matter:
                yield self._finding(
                    seen,
                    endpoint,
                    Evidence(f"TLS handshake: {served.text}", "tls", {"fault": served.fault}),
                    inward.attempt,
                )
            elif outward is not None and outward.pieces and outward.packets_matter:
                yield self._finding(
                    seen,
                    endpoint,
                    Evidence(
                        f"a hello of {outward.whole.octets} bytes in packets of usual size: "
                        f"{outward.whole.text}",
                        "hello",
                        {"octets": outward.whole.octets, "fault": outward.whole.fault},
                    ),
                    outward.pieces,
                )

    def _finding(
        self, seen: Observations, endpoint: str, usual: Evidence, small: HelloTry
    ) -> Finding:
        subject, breaks = subject_of(endpoint), asking(seen, endpoint)
        return Finding(
            code=self.code,
            title=f"large packets between this host and {subject} vanish, and small ones pass: "
            "an MTU on the way is smaller than this host believes",
            severity=severity_of(seen, breaks, endpoint),
            confidence="certain",
            subject=subject,
            evidence=(
                usual,
                Evidence(
                    f"the same in packets of at most {small.segment} bytes: answered after "
                    f"{small.seconds:.2f} s; in packets of usual size, tried once more, not",
                    "segments",
                    {"segment": small.segment, "seconds": small.seconds},
                ),
            ),
            breaks=breaks,
        )


CHECK = MtuBlackHole()
