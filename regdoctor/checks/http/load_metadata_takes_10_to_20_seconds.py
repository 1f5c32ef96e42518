"""Nothing fails, and every build begins with the same wait."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import asking, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.network import Connection, Resolution
from regdoctor.observations.store import Observations

SLOW_LOOKUP = 2.5
"""Seconds. A resolver asks the next server of its list after 5 s, or 3 s (resolv.conf(5))."""
SLOW_CONNECT = 3.0
"""Seconds that an address which never answers is waited for, where another one does."""


class LoadMetadataWaits(Check):
    """A nameserver or an address that does not answer, before one that does."""

    code = "load-metadata-takes-10-to-20-seconds"
    summary = "a dead nameserver or a dead address makes every contact begin with a wait"
    needs = (Resolution, Connection)
    question = "which step takes the seconds: the lookup, or an address that does not answer?"
    probe = "dns"
    symptoms = ("load metadata for an image takes a constant 5 to 20 seconds, then all is well",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            lookup, connection = seen.get(Resolution, endpoint), seen.get(Connection, endpoint)
            subject = subject_of(endpoint)
            if lookup is not None and not lookup.fault and lookup.seconds >= SLOW_LOOKUP:
                seconds = lookup.seconds
                fact = f"looking {lookup.host} up took {seconds:.1f} s"
                title = f"{subject}: the lookup of its name alone takes {seconds:.1f} s"
                yield self._finding(
                    seen, endpoint, title, Evidence(fact, "dns", {"seconds": seconds})
                )
            dead = _dead(connection)
            if connection is not None and dead:
                title = (
                    f"{subject}: {listed(dead)} of its addresses does not answer, and clients "
                    "that try it first wait"
                )
                facts = (f"{a.address}: {a.text or 'ok'}" for a in connection.attempts)
                yield self._finding(
                    seen, endpoint, title, Evidence("; ".join(facts), "tcp", {"dead": list(dead)})
                )

    def _finding(
        self, seen: Observations, endpoint: str, title: str, evidence: Evidence
    ) -> Finding:
        return Finding(
            code=self.code,
            title=title,
            severity="warning",
            confidence="likely",
            subject=subject_of(endpoint),
            evidence=(evidence,),
            breaks=asking(seen, endpoint),
        )


def _dead(connection: Connection | None) -> tuple[str, ...]:
    """Addresses that were waited for in vain, where others took the connection."""
    if connection is None or not connection.reached:
        return ()
    return tuple(
        each.address
        for each in connection.attempts
        if each.fault == "timeout" and each.seconds >= SLOW_CONNECT
    )


CHECK = LoadMetadataWaits()
