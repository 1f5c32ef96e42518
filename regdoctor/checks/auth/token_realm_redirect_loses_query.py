"""The token server redirects, and the request that arrives has lost what was asked."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.auth import RealmRedirect
from regdoctor.observations.http import Challenge, TokenAnswer
from regdoctor.observations.store import Observations


class RealmRedirectLosesQuery(Check):
    """Scope and service are in the query; a login is not sent on to another host."""

    code = "token-realm-redirect-loses-query"
    summary = "the token server redirects, and what was asked for is lost on the way"
    needs = (Challenge,)
    question = "does the realm of the challenge answer by itself, without a redirect?"
    probe = "token"
    supersedes = (
        "credentials-rejected",
        "podman-invalid-username-password-401",
        "pull-access-denied-or-not-found",
        "registry-unexpected-answer",
        "robot-or-token-account-expired",
        "token-realm-wrong-port-or-host",
    )
    texts = ("Bad Request: /token/ *Go-http-client",)
    products = ("pulp",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            for name, each in seen.named(RealmRedirect, endpoint):
                token = seen.get(TokenAnswer, endpoint, name)
                login = each.moved and each.authenticated
                lost = (*each.lost, *(("the login",) if login else ()))
                if not lost or (token is not None and token.granted and not each.lost):
                    continue
                breaks = asking(seen, endpoint)
                subject = subject_of(endpoint)
                told = (answer_evidence(token.answer, "token"),) if token is not None else ()
                yield Finding(
                    code=self.code,
                    title=f"the token server of {subject} redirects and loses {listed(lost)} on "
                    "the way",
                    severity=severity_of(seen, breaks, endpoint),
                    confidence="certain",
                    subject=subject,
                    evidence=(
                        Evidence(
                            f"{each.realm} answers {each.status} to {each.target}",
                            "token",
                            {"status": each.status, "target": each.target, "lost": list(lost)},
                        ),
                        *told,
                    ),
                    breaks=breaks,
                )
                break


CHECK = RealmRedirectLosesQuery()
