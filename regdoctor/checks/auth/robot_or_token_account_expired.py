"""The login of a machine's account is not taken: those end by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

from regdoctor.checks.auth.logins import user_of
from regdoctor.checks.auth.refusals import of_logins
from regdoctor.checks.auth.rejected import rejected
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import TokenAnswer
from regdoctor.observations.store import Observations

_KINDS = (
    (re.compile(r"robot[$_].+"), "a robot account of Harbor, which ends after 30 days by default"),
    (re.compile(r"gitlab\+deploy-token-\d+"), "a deploy token of GitLab, which may have an end"),
    (re.compile(r"gitlab-ci-token"), "a job's token of GitLab, which ends with its job"),
    (re.compile(r"0{8}-0{4}-0{4}-0{4}-0{12}"), "a token of Azure, which lives three hours"),
    (re.compile(r"_?oauth2accesstoken"), "an access token of Google, which lives an hour"),
    (re.compile(r"AWS"), "a password of Amazon ECR, which lives 12 hours"),
)


class RobotExpired(Check):
    """The registry says the same of an ended account as of a wrong password."""

    code = "robot-or-token-account-expired"
    summary = "the login of a robot or token account is not accepted: such accounts end"
    needs = (TokenAnswer,)
    question = "has the robot account or its token ended?"
    probe = "token"
    supersedes = ("credentials-rejected", "podman-invalid-username-password-401")
    texts = ("unauthorized: unauthorized to access repository: *, action: push",)
    products = ("harbor", "gitlab", "acr", "gar")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in of_logins(seen):
            user = user_of(seen, each)
            kind = next((words for name, words in _KINDS if name.fullmatch(user)), "")
            if not kind:
                continue
            title = f"{each.subject} does not accept the login of {user}: it has probably ended"
            yield rejected(seen, each, self.code, title, "likely", f"{user} is {kind}")
            yield OpenQuestion(
                self.code,
                f"has {user} ended?",
                self.probe,
                "registries say the same of an ended account as of a wrong password",
            )


CHECK = RobotExpired()
