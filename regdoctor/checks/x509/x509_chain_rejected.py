"""Go refuses the chain for a reason that no other check explains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from regdoctor.checks.judging import chain_evidence, go_evidence, name_of, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.x509.culprits import hidden_evidence
from regdoctor.checks.x509.leaf_faults import Refused, refused
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.model.wording import listed
from regdoctor.observations.http import Ping
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain
from regdoctor.observations.trust import ChainFacts, ChainVerdicts, Reason

_CAUSES = {
    "too many intermediates": "path-length",
    "unhandled critical extension": "extension",
    "parent certificate cannot sign": "issuer",
    "not authorized to sign other certificates": "issuer",
}
"""Go's words, and what ails."""


class ChainRejected(Check):
    """A refusal is never silent: Go's words, and the certificate really at fault."""

    code = "x509-chain-rejected"
    summary = "Go's verifier refuses the chain: a namesake of its CA, path length, extensions, form"
    needs = (ServedChain,)
    question = "what would Go's verifier say about the served chain?"
    probe = "tls"
    texts = (
        "certificate signed by unknown authority (possibly because of",
        "x509: too many intermediates for path length constraint",
        "x509: cannot verify signature: algorithm unimplemented",
    )

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        reasons: tuple[Reason, ...] = ("other", "namesake")
        for reason in reasons:
            for each in refused(seen, reason):
                yield self._finding(seen, each, reason)
        for endpoint in seen.endpoints():
            facts, verdicts = seen.get(ChainFacts, endpoint), seen.get(ChainVerdicts, endpoint)
            ping = seen.get(Ping, endpoint)
            own = verdicts.of(OWN) if verdicts else None
            if facts is None or own is None or own.skipped:
                continue
            if ping is None or not ping.answer.status:
                continue
            if own.accepted and not ping.verified and endpoint.startswith("https://"):
                yield _only_ours(endpoint, facts)

    def _finding(self, seen: Observations, each: Refused, reason: Reason) -> Finding:
        subject = subject_of(each.endpoint)
        return Finding(
            code=self.code,
            title=_title(subject, each, reason),
            severity=severity_of(seen, each.breaks, each.endpoint),
            confidence="certain",
            subject=subject,
            evidence=(
                _with_cause(
                    chain_evidence(
                        each.facts,
                        "the chain is refused",
                        marks={each.about: each.words[0].fault or "refused"},
                    ),
                    _cause(each, reason),
                ),
                *hidden_evidence(each),
                *go_evidence(each.words),
            ),
            breaks=each.breaks,
        )


def _cause(each: Refused, reason: Reason) -> str:
    """What has to be made otherwise: the fixes differ by it."""
    first = each.words[0]
    if reason == "namesake":
        return "namesake"
    return next((cause for words, cause in _CAUSES.items() if words in first.error), "")


def _with_cause(evidence: Evidence, cause: str) -> Evidence:
    return replace(evidence, data={**evidence.data, "cause": cause})


def _title(subject: str, each: Refused, reason: Reason) -> str:
    first = each.words[0]
    told = first.error.partition("x509: ")[2] or first.error
    clients = listed(each.breaks)
    if reason == "namesake":
        return f"{subject}: an authority of the right name is known, but it did not sign the chain"
    if each.about == 0 or not first.fault:
        return f"{subject}: its certificate is refused by {clients}: {told}"
    trusts = "trusts" if len(each.breaks) == 1 else "trust"
    where = f", which {clients} {trusts}," if each.anchor else ""
    refuses = "refuses" if len(each.breaks) == 1 else "refuse"
    culprit = f"the certificate {name_of(each.culprit)}{where} {first.fault}"
    return f"{subject}: {culprit}, so {clients} {refuses} the chain: {told}"


def _only_ours(endpoint: str, facts: ChainFacts) -> Finding:
    """OpenSSL, which carries our own requests, is stricter than Go here."""
    subject = subject_of(endpoint)
    return Finding(
        code=ChainRejected.code,
        title=f"{subject}: the TLS library of regdoctor refuses a chain that Go accepts",
        severity="error",
        confidence="likely",
        subject=subject,
        evidence=(chain_evidence(facts, "Go's verifier finds nothing wrong with the chain"),),
        breaks=(OWN,),
    )


CHECK = ChainRejected()
