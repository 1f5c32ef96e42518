"""A mirror at whose address nobody answers: it is gone, filtered, or its name leads elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import contacted_as, severity_of, subject_of
from regdoctor.checks.network.proxies import straight
from regdoctor.checks.network.resolvers import resolver_evidence
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.network import Connection, ResolverAnswers, Role
from regdoctor.observations.store import Observations


class DeadMirror(Check):
    """Every build waits for it as long as the client waits for a connection."""

    code = "dead-or-poisoned-mirror-deadline-exceeded"
    summary = "a configured mirror does not answer, and clients wait for it until their time is up"
    needs = (Connection,)
    question = "does the mirror's name lead to the mirror, and is anybody there?"
    probe = "tcp"
    supersedes = ("tcp-connect-failure",)
    texts = (
        "?ns=docker.io*: dial tcp *: i/o timeout",
        "DeadlineExceeded: * failed to do request: * i/o timeout",
    )
    clients = ("docker", "buildkit", "containerd", "podman")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint in seen.endpoints():
            role, connection = seen.get(Role, endpoint), seen.get(Connection, endpoint)
            if role is None or role.kind != "mirror" or connection is None or connection.via:
                continue
            attempts = connection.attempts
            if not attempts or not all(each.fault == "timeout" for each in attempts):
                continue
            subject, breaks = subject_of(endpoint), straight(seen, endpoint)
            known = seen.get(ResolverAnswers, endpoint)
            poisoned = known is not None and known.differ
            doubt = ", and the resolvers disagree about its address" if poisoned else ""
            yield Finding(
                code=self.code,
                title=f"{subject} ({contacted_as(seen, endpoint)}) does not answer{doubt}: clients "
                "wait for it before they go on, or give up",
                severity=severity_of(seen, breaks, endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    *(
                        Evidence(
                            f"connect {each.address}: {each.text}",
                            "tcp",
                            {"address": each.address, "seconds": each.seconds},
                        )
                        for each in attempts
                    ),
                    *resolver_evidence(seen, endpoint),
                    *_named_in(role),
                ),
                breaks=breaks,
            )


def _named_in(role: Role) -> Iterator[Evidence]:
    if role.origins:
        yield Evidence(
            f"the mirror is configured in {listed(role.origins)}",
            "files",
            {"files": list(role.origins)},
        )


CHECK = DeadMirror()
