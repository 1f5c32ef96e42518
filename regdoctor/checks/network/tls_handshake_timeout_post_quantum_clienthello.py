"""Something on the way, or the server, does not take a ClientHello of more than one packet."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import asking, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import Ping
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import LargeHello, ServedChain

_GO = ("docker", "buildkit", "containerd", "podman")


class PostQuantumHello(Check):
    """Not the path: the same bytes in small packets get no answer either."""

    code = "tls-handshake-timeout-post-quantum-clienthello"
    summary = "the long ClientHello of today's Go programs gets no answer, a short one does"
    needs = (ServedChain,)
    question = "does a hello with a post-quantum key share get an answer?"
    probe = "hello"
    supersedes = ("tls-handshake-failure", "registry-unexpected-answer")
    texts = (
        "net/http: TLS handshake timeout",
        "read: connection reset by peer",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            served, hello = seen.get(ServedChain, endpoint), seen.get(LargeHello, endpoint)
            if served is None or served.fault or hello is None or hello.pieces is None:
                continue
            if not hello.length_matters:
                continue
            ping = seen.get(Ping, endpoint)
            own = (OWN,) if ping is not None and ping.answer.fault == "tls" else ()
            subject, breaks = subject_of(endpoint), asking(seen, endpoint, (*_GO, *own))
            yield Finding(
                code=self.code,
                title=f"{subject} answers a short TLS hello and not a long one: something before "
                "it does not take the key exchange that Go programs offer since 1.24",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    Evidence(
                        f"a hello without the key share was answered with {served.version}",
                        "tls",
                        {"version": served.version},
                    ),
                    *(
                        Evidence(
                            f"a hello of {each.octets} bytes in packets of {size}: {each.text}",
                            "hello",
                            {
                                "octets": each.octets,
                                "segment": each.segment,
                                "fault": each.fault,
                            },
                        )
                        for each, size in (
                            (hello.whole, "usual size"),
                            (hello.pieces, f"at most {hello.pieces.segment} bytes"),
                        )
                    ),
                ),
                breaks=breaks,
            )


CHECK = PostQuantumHello()
