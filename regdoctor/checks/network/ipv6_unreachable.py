"""The name has IPv6 addresses alone, and this host has no way to them."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import contacted_as, severity_of, subject_of
from regdoctor.checks.network.proxies import straight
from regdoctor.checks.network.resolvers import resolver_evidence
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.network import Connection, ResolverAnswers
from regdoctor.observations.store import Observations


class Ipv6Unreachable(Check):
    """Where an IPv4 address is tried too, its failure is the one that counts."""

    code = "ipv6-unreachable"
    summary = "only IPv6 addresses are known for the registry, and this host cannot reach any"
    needs = (Connection,)
    question = "has the name an IPv4 address, and has this host a route for IPv6?"
    probe = "tcp"
    supersedes = ("tcp-connect-failure",)
    texts = ("dial tcp [*]:*: connect: network is unreachable",)
    clients = ("docker", "buildkit", "containerd", "podman")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            connection = seen.get(Connection, endpoint)
            if connection is None or connection.reached or connection.via:
                continue
            attempts = connection.attempts
            if not attempts or not all(
                each.address.startswith("[") and each.fault == "unreachable" for each in attempts
            ):
                continue
            subject, breaks = subject_of(endpoint), straight(seen, endpoint)
            as_what = contacted_as(seen, endpoint)
            named = f"{subject} ({as_what})" if as_what else subject
            elsewhere = _ipv4(seen, endpoint)
            why = f", while another resolver knows {elsewhere}" if elsewhere else ""
            yield Finding(
                code=self.code,
                title=f"{named} has IPv6 addresses alone, and this host has no route for IPv6{why}",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    *(
                        Evidence(
                            f"connect {each.address}: {each.text}",
                            "tcp",
                            {"address": each.address, "fault": each.fault},
                        )
                        for each in attempts
                    ),
                    *resolver_evidence(seen, endpoint),
                ),
                breaks=breaks,
            )


def _ipv4(seen: Observations, endpoint: str) -> str:
    """An IPv4 address that some resolver gives and the system's lookup did not."""
    known = seen.get(ResolverAnswers, endpoint)
    answers = known.answers if known else ()
    return next((e.addresses[0] for e in answers if e.kind == "A" and e.addresses), "")


CHECK = Ipv6Unreachable()
