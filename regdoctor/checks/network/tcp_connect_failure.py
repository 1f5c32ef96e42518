"""The name resolves, and no address of it takes a connection."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import (
    answer_evidence,
    contacted_as,
    severity_of,
    subject_of,
)
from regdoctor.checks.network.proxies import NoTunnel, no_tunnels, straight
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.network import ConnectFault, Connection
from regdoctor.observations.store import Observations

_MEANING: dict[ConnectFault, str] = {
    "refused": "nothing listens on that port (connection refused)",
    "timeout": "no answer came: filtered on the way, or the host is down",
    "unreachable": "this host has no route there",
    "reset": "the connection was reset at once",
    "other": "the connection could not be made",
}


class TcpConnectFailure(Check):
    """Tells a closed port from a filtered one, address by address."""

    code = "tcp-connect-failure"
    summary = "no TCP connection to the registry can be made"
    needs = (Connection,)
    question = "does any address of the name take a TCP connection on that port?"
    probe = "tcp"
    texts = (
        "connect: connection refused",
        "connect: no route to host",
        "dial tcp *: i/o timeout",
        "proxyconnect tcp: dial tcp",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            connection = seen.get(Connection, endpoint)
            if connection is None or connection.reached or not connection.attempts:
                continue
            if connection.via:
                continue  # the proxy is told of below
            faults = {each.fault for each in connection.attempts}
            meaning = (
                _MEANING[next(iter(faults))]
                if len(faults) == 1
                else "every address failed, each its way"
            )
            yield self._finding(
                seen,
                endpoint,
                f"cannot be reached: {meaning}",
                straight(seen, endpoint),
                tuple(
                    Evidence(
                        f"connect {each.address}: {each.text or 'ok'}",
                        "tcp",
                        {"address": each.address, "fault": each.fault, "seconds": each.seconds},
                    )
                    for each in connection.attempts
                ),
            )
        for through in no_tunnels(seen):
            if not through.wants_login and through.breaks:
                yield self._through_proxy(seen, through)

    def _through_proxy(self, seen: Observations, through: NoTunnel) -> Finding:
        subject = subject_of(through.endpoint)
        evidence = (
            answer_evidence(through.answer, "ping")
            if through.answer is not None
            else Evidence(f"CONNECT {subject}: {through.text}", "ping")
        )
        verdict = f"cannot be reached through the proxy of {through.source}: {through.text}"
        said = (
            (Evidence(f"the proxy's own words: {through.words}", "proxies"),)
            if "(" in through.words
            else ()
        )
        return self._finding(seen, through.endpoint, verdict, through.breaks, (evidence, *said))

    def _finding(
        self,
        seen: Observations,
        endpoint: str,
        verdict: str,
        breaks: tuple[str, ...],
        evidence: tuple[Evidence, ...],
    ) -> Finding:
        subject, as_what = subject_of(endpoint), contacted_as(seen, endpoint)
        return Finding(
            code=self.code,
            title=f"{subject}{f' ({as_what})' if as_what else ''} {verdict}",
            severity=severity_of(seen, breaks, endpoint),
            confidence="certain",
            subject=subject,
            evidence=evidence,
            breaks=breaks,
        )


CHECK = TcpConnectFailure()
