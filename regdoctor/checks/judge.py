"""All checks over one set of observations: findings best first, and what stays open."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from regdoctor.checks.internal_check_failed import CHECK as INTERNAL
from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.table import CHECKS
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.store import HOST, Failure, Observations

DOCS = "docs/troubleshooting"


def judge(
    seen: Observations, checks: Sequence[Check] = CHECKS
) -> tuple[tuple[Finding, ...], tuple[OpenQuestion, ...]]:
    """The findings, without fixes yet, and the open questions.

    A check that raises becomes a finding about ourselves and leaves its question open.
    """
    findings: list[Finding] = []
    questions: list[OpenQuestion] = []
    for check in checks:
        if check is INTERNAL:
            continue
        try:
            said = list(check.findings(seen))
        except Exception as error:  # noqa: BLE001  # a broken check must be told, not swallowed
            where = traceback.extract_tb(error.__traceback__)[-1]
            why = f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
            seen.add(HOST, Failure(check.code, check.code, why, internal=True))
            questions.append(OpenQuestion(check.code, check.question, check.probe, why))
            continue
        findings += [each for each in said if isinstance(each, Finding)]
        questions += [each for each in said if isinstance(each, OpenQuestion)]
    findings += INTERNAL.findings(seen)
    kept = list(_without_explained(findings, checks))
    # What was asked beside a finding that another one explains has its answer.
    answered = {each.code for each in findings} - {each.code for each in kept}
    questions = [each for each in questions if each.code not in answered]
    ranked = sorted(kept, key=Finding.rank)
    # A fault that breaks our own requests, whoever else minds, is why probes failed.
    blocked = {each.subject for each in ranked if each.severity == "error" or OWN in each.breaks}
    questions += _unanswered(seen, checks, blocked)
    documented = tuple(replace(each, docs=f"{DOCS}/{each.code}.md") for each in ranked)
    return documented, tuple(dict.fromkeys(questions))


def _without_explained(findings: Iterable[Finding], checks: Sequence[Check]) -> Iterator[Finding]:
    """Findings that no other finding on the same subject explains away."""
    explains = {check.code: check.supersedes for check in checks}
    kept = list(findings)
    explained = {(each.subject, code) for each in kept for code in explains.get(each.code, ())}
    for each in kept:
        if (each.subject, each.code) not in explained:
            yield each


def _unanswered(
    seen: Observations, checks: Sequence[Check], blocked: set[str]
) -> Iterator[OpenQuestion]:
    """Questions whose observation a probe tried and failed to make.

    Not where a fault of the same endpoint is known already: that one comes first.
    """
    failures = [
        (where, each)
        for where, each in seen.failures()
        if where != HOST and subject_of(where) not in blocked
    ]
    for check in checks:
        for where, failure in failures:
            if any(need.__name__ == failure.kind for need in check.needs):
                why = f"{subject_of(where)}: {failure.why}"
                yield OpenQuestion(check.code, check.question, check.probe, why)
