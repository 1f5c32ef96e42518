"""A mirror with another path is asked by a token for two names, and takes only one for one."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of
from regdoctor.checks.manifest.images import looks
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.auth import GrantedScopes
from regdoctor.observations.store import Observations


class TwoScopes(Check):
    """Proven by asking once more: with the registry's own scope alone the image is served."""

    code = "mirror-rewrite-token-with-two-scopes"
    summary = "a token for the image's two names is of no use, and one for its own name alone is"
    needs = (GrantedScopes,)
    question = "does a token for the registry's own scope alone open the image?"
    probe = "granted-scopes"
    supersedes = ("pull-access-denied-or-not-found", "image-not-found")
    symptoms = ("a mirror with a rewritten path answers 401 or 404 only where one is logged in",)
    clients = ("containerd", "buildkit", "k3s", "regdoctor")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in looks(seen):
            found = seen.get(GrantedScopes, each.endpoint)
            if found is None or found.alone is None or not found.alone.ok:
                continue
            if found.repository != each.look.repository or each.look.served:
                continue
            breaks = asking(seen, each.endpoint, ("containerd", "buildkit", "regdoctor"))
            last = (answer_evidence(each.last, "manifest"),) if each.last else ()
            yield Finding(
                code=self.code,
                title=f"{each.image} is refused by the mirror with a token for two names, and "
                f"served with one for {found.own} alone",
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="certain",
                subject=each.image,
                evidence=(
                    *last,
                    Evidence(f"the token was asked for {listed(found.asked)}", "granted-scopes"),
                    answer_evidence(found.alone, "granted-scopes"),
                ),
                breaks=breaks,
            )


CHECK = TwoScopes()
