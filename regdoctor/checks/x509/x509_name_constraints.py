"""A CA of the chain may not sign for a name that the certificate has."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import name_of, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509.culprits import refusal_evidence
from regdoctor.checks.x509.leaf_faults import Refused, refused
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain


class NameConstraints(Check):
    """One name outside is enough, also where the name that the client uses is inside."""

    code = "x509-name-constraints"
    summary = "a CA of the chain is limited to names that do not include one of the certificate"
    needs = (ServedChain,)
    question = "which CA of the chain has name constraints, and which name is outside of them?"
    probe = "tls"
    texts = (
        "x509: a root or intermediate certificate is not authorized to sign for this name:",
        "x509: a root or intermediate certificate is not authorized to sign in this domain",
        "x509: issuer has name constraints but leaf doesn't have a SAN extension",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in refused(seen, "name-constraint"):
            subject = subject_of(each.endpoint)
            place = _constrained(each)
            names = listed((*each.leaf.dns_names, *each.leaf.ip_addresses))
            words = next(v.error for v in each.verdicts.verdicts if v.reason == "name-constraint")
            outside = words.partition("for this name: ")[2] or "a name is outside"
            who = (
                f"the CA {name_of(each.facts.certificates[place])}"
                if place > 0
                else f"an authority above {each.facts.certificates[each.facts.topmost].issuer}"
            )
            yield Finding(
                code=self.code,
                title=f"{subject}: {who} may not sign for a name of its certificate: {outside}",
                severity=severity_of(seen, each.breaks, each.endpoint),
                confidence="certain",
                subject=subject,
                evidence=(
                    *refusal_evidence(
                        each,
                        "name-constraint",
                        f"the certificate is for {names}",
                        _limits(each, place) if place > 0 else "has a name that is not allowed",
                        max(place, 0),
                    ),
                    Evidence(outside, "verify", {"names": list(each.leaf.dns_names)}),
                ),
                breaks=each.breaks,
            )


def _constrained(each: Refused) -> int:
    """The place of the CA with limits; -1 where it is not among those sent."""
    places = enumerate(each.facts.certificates)
    return next((at for at, ca in places if at and (ca.permitted or ca.excluded)), -1)


def _limits(each: Refused, place: int) -> str:
    ca = each.facts.certificates[place]
    parts = []
    if ca.permitted:
        parts.append(f"may sign below {listed(ca.permitted)} alone")
    if ca.excluded:
        parts.append(f"may not sign below {listed(ca.excluded)}")
    return "; ".join(parts)


CHECK = NameConstraints()
