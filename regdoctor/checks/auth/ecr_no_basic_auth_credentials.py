"""ECR was asked without any login: nothing there is for everybody."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.auth.ecr import is_ecr
from regdoctor.checks.auth.logins import host_of, logins, names_of, unsent
from regdoctor.checks.judging import answer_evidence, asking, severity_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.http import ManifestLook
from regdoctor.observations.products import ecr_place
from regdoctor.observations.store import Observations


class EcrWithoutLogin(Check):
    """Tells which other accounts and regions there are logins for: a frequent slip."""

    code = "ecr-no-basic-auth-credentials"
    summary = "Amazon ECR was asked without a login: there is none for this account and region"
    needs = (ManifestLook,)
    question = "is there a login for exactly this account and region?"
    probe = "credentials"
    supersedes = ("pull-access-denied-or-not-found",)
    texts = ("Get https://*.dkr.ecr.*.amazonaws.com/v2/*: no basic auth credentials",)
    products = ("ecr",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in unsent(seen):
            if not is_ecr(seen, each.endpoint):
                continue
            others = _other_places(seen, names_of(seen, each.endpoint))
            breaks = asking(seen, each.endpoint)
            fact = f"logins there are for {listed(others)}" if others else "no file has one for it"
            yield Finding(
                code=self.code,
                title=f"{each.subject} was asked of Amazon ECR without a login, and ECR wants one "
                "for its account and region",
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="certain",
                subject=each.subject,
                evidence=(
                    answer_evidence(each.answer, each.probe),
                    Evidence(fact, "credentials", {"others": others}),
                ),
                breaks=breaks,
            )


def _other_places(seen: Observations, names: tuple[str, ...]) -> list[str]:
    """Hosts of other accounts or regions of ECR that the files have logins or helpers for."""
    found: dict[str, None] = {}
    for file in logins(seen).files:
        keys = (*(host_of(each.key) for each in file.entries), *(host for host, _ in file.helpers))
        found.update(dict.fromkeys(key for key in keys if ecr_place(key) and key not in names))
    return list(found)


CHECK = EcrWithoutLogin()
