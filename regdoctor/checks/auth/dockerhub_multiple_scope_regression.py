"""A token server that grants one scope of several."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.auth import JoinedScopes
from regdoctor.observations.store import Observations


class MultipleScopes(Check):
    """Both images were served by tokens of their own, so each scope alone is granted."""

    code = "dockerhub-multiple-scope-regression"
    summary = "the token server grants one scope of several that are asked for at once"
    needs = (JoinedScopes,)
    question = "does a token for two scopes grant both?"
    probe = "joined-scopes"
    texts = ("server message: insufficient_scope: authorization failed",)
    clients = ("buildkit", "containerd", "kubernetes")
    products = ("docker-hub",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            joined = seen.get(JoinedScopes, endpoint)
            if joined is None or not joined.readable:
                continue
            missing = [scope for scope in joined.asked if not covers(joined.granted, scope)]
            if not missing:
                continue
            breaks = ("buildkit", "containerd")
            subject = subject_of(endpoint)
            yield Finding(
                code=self.code,
                title=f"the token server of {subject} forgets {listed(missing)} where it is asked "
                "for two scopes at once",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    Evidence(
                        f"asked for {listed(joined.asked)}",
                        "joined-scopes",
                        {"asked": list(joined.asked)},
                    ),
                    Evidence(
                        f"the token grants {listed(joined.granted) or 'nothing'}",
                        "joined-scopes",
                        {"granted": list(joined.granted)},
                    ),
                ),
                breaks=breaks,
            )


def covers(granted: tuple[str, ...], scope: str) -> bool:
    """Whether ``granted`` has the resource of ``scope`` with all of its actions."""
    resource, _, actions = scope.rpartition(":")
    for each in granted:
        had, _, names = each.rpartition(":")
        if had == resource and set(actions.split(",")) <= set(names.split(",")):
            return True
    return False


CHECK = MultipleScopes()
