"""The endpoint answers, but not as a registry would: 404 on /v2/, a 5xx, 429, or no answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from regdoctor.checks.judging import (
    answer_evidence,
    asking,
    contacted_as,
    severity_of,
    subject_of,
)
from regdoctor.checks.products.known import product_evidence
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import Answer, ManifestLook, Ping, TokenAnswer
from regdoctor.observations.network import Connection, Resolution, Role
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain
from regdoctor.observations.trust import ChainVerdicts

_REALMS = ("dns", "connect", "tls", "certificate", "proxy")
"""Faults of the way to a token server: findings about its own address."""


class RegistryUnexpectedAnswer(Check):
    """GET /v2/ must be 200, or 401 with a challenge that can be answered."""

    code = "registry-unexpected-answer"
    summary = "the endpoint answers GET /v2/, but not as a registry does"
    needs = (Ping,)
    question = "how does the endpoint answer GET /v2/?"
    probe = "ping"
    supersedes = ("blob-unexpected-answer",)
    texts = (
        "toomanyrequests",
        "unexpected status * 502",
        "unexpected status * 503",
        "error parsing HTTP * response body",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            ping, role = seen.get(Ping, endpoint), seen.get(Role, endpoint)
            if ping is None or (role and role.kind in ("realm", "redirect")):
                continue
            if ping.answer.status == 403:
                found = self._refused_at_the_door(seen, endpoint, ping.answer)
            else:
                verdict = _verdict(ping.answer) or _unreached(seen, endpoint, ping.answer)
                found = self._finding(seen, endpoint, verdict, ping.answer) if verdict else None
            if found:
                yield found
            elif (token := _no_token(seen, endpoint)) is not None:
                yield from self._without_token(seen, endpoint, token)

    def _without_token(
        self, seen: Observations, endpoint: str, token: TokenAnswer
    ) -> Iterator[Finding]:
        answer = token.answer
        how = f"answers {answer.status}" if answer.status else f"breaks off: {answer.text}"
        wait = answer.header("Retry-After")
        if answer.ok:
            how += " without a token"
        elif answer.status == 429 and wait:
            how += f", retry after {wait}"
        verdict = f"gives no token: its token server {token.realm} {how}"
        found = self._finding(seen, endpoint, verdict, answer)
        if found is not None:
            yield replace(found, evidence=(answer_evidence(answer, "token"),))

    def _refused_at_the_door(
        self, seen: Observations, endpoint: str, answer: Answer
    ) -> Finding | None:
        """403 for everybody. podman stops there; others go on, and may get what they came for."""
        looks = [look for _, look in seen.named(ManifestLook, endpoint)]
        if any(look.served for look in looks):
            verdict = "refuses GET /v2/ (403) and serves images: podman and skopeo stop there"
            return self._finding(seen, endpoint, verdict, answer, ("podman",))
        if answer.html:
            verdict = "refuses GET /v2/ with a web page (403): a proxy or firewall before it"
            return self._finding(seen, endpoint, verdict, answer)
        # With an image in hand, its own refusal says more.
        verdict = "refuses GET /v2/ to clients without a login (403), and asks for none"
        return None if looks else self._finding(seen, endpoint, verdict, answer)

    def _finding(
        self,
        seen: Observations,
        endpoint: str,
        verdict: str,
        answer: Answer,
        clients: Sequence[str] = (),
    ) -> Finding | None:
        breaks = asking(seen, endpoint, clients)
        if not breaks:
            return None
        subject, as_what = subject_of(endpoint), contacted_as(seen, endpoint)
        return Finding(
            code=self.code,
            title=f"{subject}{f' ({as_what})' if as_what else ''} {verdict}",
            severity=severity_of(seen, breaks, endpoint),
            confidence="certain",
            subject=subject,
            evidence=(
                answer_evidence(answer, "ping"),
                *product_evidence(seen, endpoint, self.code),
            ),
            breaks=breaks,
        )


def _no_token(seen: Observations, endpoint: str) -> TokenAnswer | None:
    """What a token server that was reached answered in place of a token or a refusal."""
    for _, token in seen.named(TokenAnswer, endpoint):
        answer = token.answer
        elsewhere = answer.status in (400, 401, 403, 404) or answer.fault in _REALMS
        if not token.granted and not elsewhere:
            return token
    return None


def _unreached(seen: Observations, endpoint: str, answer: Answer) -> str:
    """A request that did not get through although name and port do: never left unsaid."""
    if answer.status or answer.fault in ("", "certificate", "proxy"):
        return ""
    served = seen.get(ServedChain, endpoint)
    if answer.fault == "tls" and served is not None and served.fault:
        return ""
    verdicts = seen.get(ChainVerdicts, endpoint)
    own = verdicts.of(OWN) if verdicts is not None else None
    if own is not None and "failed to parse certificate" in own.error:
        return ""  # our own TLS library cannot read it either, and the chain's finding says so
    lookup, connection = seen.get(Resolution, endpoint), seen.get(Connection, endpoint)
    if lookup is not None and lookup.fault:
        return ""
    if connection is not None and connection.attempts and not connection.reached:
        return ""
    if not answer.url.startswith(f"{endpoint}/"):
        target = answer.url.partition("?")[0]
        return f"redirects GET /v2/ to {target}, which could not be asked: {answer.text}"
    return f"could not be asked: {answer.text}"


def _verdict(answer: Answer) -> str:
    status = answer.status
    if not status:
        if answer.fault == "timeout":
            return "took the request and gave no answer in time"
        if answer.fault in ("read", "write", "protocol"):
            return f"broke the exchange off: {answer.text}"
        return ""
    if 300 <= status < 400:
        where = answer.header("Location").partition("?")[0]
        return f"answers GET /v2/ with redirects that end nowhere ({status} to {where})"
    if answer.dead_end:
        schemes = ", ".join(each.partition(" ")[0].lower() for each in answer.challenges)
        if schemes:
            return f"asks for a login by {schemes}, which clients of registries do not have"
        return "answers 401 without a challenge, so no client knows how to log in"
    if status < 400 and answer.html and not answer.header("Docker-Distribution-Api-Version"):
        return f"answers {status} with a web page: a portal, a user interface, another site"
    if status < 400 or status == 401:
        return ""
    if status == 429:
        wait = answer.header("Retry-After")
        return f"refuses more requests for now (429){f', retry after {wait}' if wait else ''}"
    if status >= 500:
        return f"answers {status}: the registry, or a proxy before it, is failing"
    return f"does not answer as a registry ({status} on /v2/)"


CHECK = RegistryUnexpectedAnswer()
