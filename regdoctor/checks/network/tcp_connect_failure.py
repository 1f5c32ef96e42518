"""The name resolves, and no address of it takes a connection."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import contacted_as, severity_of, subject_of
from regdoctor.clients.table import EVERY
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.network import ConnectFault, Connection, Role
from regdoctor.observations.store import Observations

_MEANING: dict[ConnectFault, str] = {
    "refused": "nothing listens on that port (connection refused)",
    "timeout": "no answer came: filtered on the way, or the host is down",
    "unreachable": "this host has no route there",
    "reset": "the connection was reset at once",
    "other": "the connection could not be made",
}


class TcpConnectFailure:
    """Tells a closed port from a filtered one, address by address."""

    code = "tcp-connect-failure"
    summary = "no TCP connection to the registry can be made"
    needs: tuple[type, ...] = (Connection,)
    question = "does any address of the name take a TCP connection on that port?"
    probe = "tcp"
    supersedes: tuple[str, ...] = ()

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            connection = seen.get(Connection, endpoint)
            if connection is None or connection.reached or not connection.attempts:
                continue
            subject = subject_of(endpoint)
            faults = {each.fault for each in connection.attempts}
            meaning = (
                _MEANING[next(iter(faults))]
                if len(faults) == 1
                else "every address failed, each its way"
            )
            if connection.via:
                meaning = f"the proxy {connection.via} could not be used: {meaning}"
            role = seen.get(Role, endpoint)
            breaks = role.asked_by if role and role.asked_by else EVERY
            as_what = contacted_as(seen, endpoint)
            yield Finding(
                code=self.code,
                title=f"{subject}{f' ({as_what})' if as_what else ''} cannot be reached: {meaning}",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=tuple(
                    Evidence(
                        f"connect {each.address}: {each.text or 'ok'}",
                        "tcp",
                        {"address": each.address, "fault": each.fault, "seconds": each.seconds},
                    )
                    for each in connection.attempts
                ),
                breaks=breaks,
            )


CHECK = TcpConnectFailure()
