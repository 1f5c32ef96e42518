"""The endpoint answers, but not as a registry would: 404 on /v2/, a 5xx, 429, or no answer."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import (
    answer_evidence,
    contacted_as,
    severity_of,
    subject_of,
)
from regdoctor.clients.table import EVERY
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.network import Connection, Resolution, Role
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain


class RegistryUnexpectedAnswer:
    """GET /v2/ must be 200 or 401; 403 says that a registry is there and refuses."""

    code = "registry-unexpected-answer"
    summary = "the endpoint answers GET /v2/, but not as a registry does"
    needs: tuple[type, ...] = (Ping,)
    question = "how does the endpoint answer GET /v2/?"
    probe = "ping"
    supersedes: tuple[str, ...] = ()

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            ping, role = seen.get(Ping, endpoint), seen.get(Role, endpoint)
            if ping is None or (role and role.kind in ("realm", "redirect")):
                continue
            verdict = _verdict(ping.answer) or _unreached(seen, endpoint, ping.answer)
            if not verdict:
                continue
            subject = subject_of(endpoint)
            breaks = role.asked_by if role and role.asked_by else EVERY
            as_what = contacted_as(seen, endpoint)
            yield Finding(
                code=self.code,
                title=f"{subject}{f' ({as_what})' if as_what else ''} {verdict}",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(answer_evidence(ping.answer, "ping"),),
                breaks=breaks,
            )


def _unreached(seen: Observations, endpoint: str, answer: Answer) -> str:
    """A request that did not get through although name and port do: never left unsaid."""
    if answer.status or answer.fault in ("", "certificate"):
        return ""
    served = seen.get(ServedChain, endpoint)
    if answer.fault == "tls" and served is not None and served.fault:
        return ""
    lookup, connection = seen.get(Resolution, endpoint), seen.get(Connection, endpoint)
    if lookup is not None and lookup.fault:
        return ""
    if connection is not None and connection.attempts and not connection.reached:
        return ""
    return f"could not be asked: {answer.text}"


def _verdict(answer: Answer) -> str:
    status = answer.status
    if not status:
        if answer.fault == "timeout":
            return "took the request and gave no answer in time"
        if answer.fault in ("read", "write", "protocol"):
            return f"broke the exchange off: {answer.text}"
        return ""
    if status < 400 and answer.html and not answer.header("Docker-Distribution-Api-Version"):
        return f"answers {status} with a web page: a portal, a user interface, another site"
    if status < 400 or status in (401, 403):
        return ""
    if status == 429:
        wait = answer.header("Retry-After")
        return f"refuses more requests for now (429){f', retry after {wait}' if wait else ''}"
    if status >= 500:
        return f"answers {status}: the registry, or a proxy before it, is failing"
    if "nexus" in (answer.header("Server") + answer.body[:2000]).lower():
        return f"is a Nexus, but no docker repository answers on this port ({status} on /v2/)"
    return f"does not answer as a registry ({status} on /v2/)"


CHECK = RegistryUnexpectedAnswer()
