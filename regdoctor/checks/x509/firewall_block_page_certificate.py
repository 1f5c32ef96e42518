"""A firewall shows its own certificate in place of the registry's, to show a page."""

from __future__ import annotations

import re
from collections.abc import Iterator

from regdoctor.checks.judging import (
    answer_evidence,
    chain_evidence,
    go_evidence,
    is_public,
    severity_of,
    subject_of,
)
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509.culprits import culprit_evidence, inspector
from regdoctor.checks.x509.leaf_faults import Refused, refused
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.http import Ping
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain
from regdoctor.observations.trust import Reason

_SERIAL = re.compile(r"^F[GW][0-9A-Z]{4,8}[0-9]{8}$")
"""Serial numbers of FortiGate boxes, which are the common name of their own certificate."""


class BlockPage(Check):
    """The wrong name: a box that inspects shows the right one."""

    code = "firewall-block-page-certificate"
    summary = "a firewall blocks the registry and shows its own certificate in its place"
    needs = (ServedChain,)
    question = "whose certificate is it that is shown in place of the registry's?"
    probe = "tls"
    supersedes = (
        "x509-hostname-mismatch",
        "x509-legacy-common-name",
        "x509-unknown-authority-private-root",
        "x509-missing-intermediate",
        "x509-self-signed-leaf",
        "registry-unexpected-answer",
    )
    texts = ("x509: certificate is valid for FG*, not",)
    products = ("proxy",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        reasons: tuple[Reason, ...] = ("hostname", "legacy-common-name")
        for reason in reasons:
            for each in refused(seen, reason):
                if box := _box(each):
                    yield self._finding(seen, each, reason, box)

    def _finding(self, seen: Observations, each: Refused, reason: Reason, box: str) -> Finding:
        subject = subject_of(each.endpoint)
        return Finding(
            code=self.code,
            title=f"a firewall on the way blocks {subject}: in place of the registry's "
            f"certificate it shows {box}",
            severity=severity_of(seen, each.breaks, each.endpoint),
            confidence="certain" if is_public(each.facts.host) else "likely",
            subject=subject,
            evidence=(
                chain_evidence(
                    each.facts, "the certificate is a box's own", marks={0: "a firewall's"}
                ),
                culprit_evidence(each.leaf, "it is none of the registry", 0),
                *go_evidence([v for v in each.verdicts.verdicts if v.reason == reason]),
                *_page(seen, each.endpoint),
            ),
            breaks=each.breaks,
        )


def _box(each: Refused) -> str:
    """How the box calls itself; empty where the certificate is none of a box."""
    for name in (each.leaf.common_name, *each.leaf.dns_names):
        if _SERIAL.match(name.upper()):
            return f"that of a FortiGate ({name})"
    word = inspector(each.facts)
    return f"one that is named like a firewall's ({word})" if word else ""


def _page(seen: Observations, endpoint: str) -> Iterator[Evidence]:
    ping = seen.get(Ping, endpoint)
    if ping is not None and ping.answer.html:
        yield answer_evidence(ping.answer, "ping")


CHECK = BlockPage()
