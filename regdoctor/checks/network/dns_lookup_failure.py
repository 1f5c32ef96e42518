"""The name of an endpoint does not resolve on this host."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import contacted_as, severity_of, subject_of
from regdoctor.checks.network.proxies import straight
from regdoctor.checks.network.resolvers import resolver_evidence
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Confidence, Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.network import (
    Connection,
    LookupFault,
    Resolution,
    ResolverAnswers,
)
from regdoctor.observations.store import Observations

_MEANING: dict[LookupFault, str] = {
    "no-such-host": "no resolver of this host knows the name",
    "temporary": "the resolver failed (SERVFAIL), refused, or gave no answer",
    "timeout": "no resolver answered in time",
    "other": "the resolver gave an error",
}


class DnsLookupFailure(Check):
    """``no such host`` is an answer; the other failures are a resolver that does not work."""

    code = "dns-lookup-failure"
    summary = "the registry's name does not resolve on this host"
    needs = (Resolution,)
    question = "does the name resolve with the resolver that the client uses?"
    probe = "dns"
    texts = (
        "no such host",
        "server misbehaving",
        "Temporary failure in name resolution",
        "dial tcp: lookup * on *: read udp",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            lookup = seen.get(Resolution, endpoint)
            connection = seen.get(Connection, endpoint)
            # Through a proxy, the proxy resolves the name; ours need not.
            if lookup is None or not lookup.fault or (connection and connection.via):
                continue
            breaks = straight(seen, endpoint)
            as_what = contacted_as(seen, endpoint)
            confidence: Confidence = "certain" if lookup.fault != "other" else "likely"
            yield Finding(
                code=self.code,
                title=f"{lookup.host}{f' ({as_what})' if as_what else ''} does not resolve: "
                f"{_MEANING.get(lookup.fault, lookup.fault)}",
                severity=severity_of(seen, breaks, endpoint),
                confidence=confidence,
                subject=subject_of(endpoint),
                evidence=(
                    Evidence(
                        f"lookup {lookup.host}: {lookup.text}",
                        "dns",
                        {"host": lookup.host, "fault": lookup.fault, "seconds": lookup.seconds},
                    ),
                    *resolver_evidence(seen, endpoint),
                    *_asked(seen, endpoint, lookup),
                ),
                breaks=breaks,
            )


def _asked(seen: Observations, endpoint: str, lookup: Resolution) -> Iterator[Evidence]:
    if lookup.servers and not seen.has(ResolverAnswers, endpoint):
        yield Evidence(
            f"asked by /etc/resolv.conf: {listed(lookup.servers)}",
            "dns",
            {"servers": list(lookup.servers)},
        )


CHECK = DnsLookupFailure()
