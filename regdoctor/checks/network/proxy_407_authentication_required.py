"""The proxy before the registry wants a login that it was not given, or does not take."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, severity_of, subject_of
from regdoctor.checks.network.proxies import no_tunnels
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import Ping
from regdoctor.observations.store import Observations


class ProxyWantsLogin(Check):
    """407 to CONNECT: the registry was never reached, and has no part in it."""

    code = "proxy-407-authentication-required"
    summary = "the HTTP proxy demands a login before it lets clients through"
    needs = (Ping,)
    question = "does the proxy make a tunnel for the credentials in its URL?"
    probe = "ping"
    texts = (
        "Proxy Authentication Required",
        "authenticationrequired",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in no_tunnels(seen):
            if not each.wants_login or not each.breaks:
                continue
            subject = subject_of(each.endpoint)
            yield Finding(
                code=self.code,
                title=f"the proxy before {subject} ({each.source}) demands a login: {each.text}"
                if each.answer is None
                else f"the proxy before {subject} demands a login: {each.text}",
                severity=severity_of(seen, each.breaks, each.endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    answer_evidence(each.answer, "ping")
                    if each.answer is not None
                    else Evidence(f"CONNECT {subject}: {each.text}", "ping"),
                ),
                breaks=each.breaks,
            )


CHECK = ProxyWantsLogin()
