"""internal-check-failed: our own faults are loud."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judge import judge
from regdoctor.model.finding import Finding
from regdoctor.observations.store import Failure, Observations
from tests.fixtures.scenes import HTTPS, found, registry_seen

CODE = "internal-check-failed"


class Broken:
    """A check with a bug in it."""

    code = "broken-check"
    summary = "broken"
    needs: tuple[type, ...] = ()
    question = "what would it have said?"
    probe = "none"
    supersedes: tuple[str, ...] = ()

    def findings(self, seen: Observations) -> Iterator[Finding]:
        raise KeyError("oops")
        yield


def test_fires_for_a_check_that_raises_and_leaves_its_question_open() -> None:
    findings, questions = judge(Observations(), [Broken()])
    assert [finding.code for finding in findings] == [CODE]
    assert "KeyError" in findings[0].title
    assert [question.code for question in questions] == ["broken-check"]


def test_fires_for_a_probe_that_raised() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Failure("ServedChain", "tls", "ValueError: oops", internal=True))
    assert CODE in found(seen)


def test_quiet_for_a_probe_that_could_not_look() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Failure("ServedChain", "tls", "no result in 30 s"))
    assert CODE not in found(seen)
