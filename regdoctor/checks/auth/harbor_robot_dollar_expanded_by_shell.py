"""The ``$`` in a Harbor robot's name was taken for a variable by a shell."""

from __future__ import annotations

import re
from collections.abc import Iterator

from regdoctor.checks.auth.logins import user_of
from regdoctor.checks.auth.refusals import of_logins
from regdoctor.checks.auth.rejected import rejected
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.http import Challenge, TokenAnswer
from regdoctor.observations.store import Observations

_EATEN = re.compile(r"robot(\+[^$]*)?")
"""What a shell leaves of ``robot$ci`` and of ``robot$project+ci``."""


class HarborRobotDollar(Check):
    """Only at a Harbor, and only for a name that no robot there can have."""

    code = "harbor-robot-dollar-expanded-by-shell"
    summary = "the $ in a Harbor robot's name was eaten by a shell, so another user logs in"
    needs = (TokenAnswer,)
    question = "which user name was sent?"
    probe = "token"
    supersedes = ("credentials-rejected", "podman-invalid-username-password-401")
    texts = (
        "Error response from daemon: Get https://*/v2/: unauthorized: authentication required",
    )
    products = ("harbor",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in of_logins(seen):
            challenge, user = seen.get(Challenge, each.endpoint), user_of(seen, each)
            harbor = challenge is not None and challenge.service == "harbor-registry"
            if not harbor or not _EATEN.fullmatch(user):
                continue
            title = f"{each.subject} was asked as {user!r}: the $ of a robot's name was lost"
            fact = "robots of Harbor are called robot$NAME; in a shell, $NAME is a variable"
            yield rejected(seen, each, self.code, title, "likely", fact)


CHECK = HarborRobotDollar()
