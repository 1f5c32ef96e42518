"""What the linter, the outline and the list of targets say, against BuildKit's own frontend."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.language import questions
from tests.language.cases import Case, corpus
from tests.language.judge import Answer, ask

pytestmark = pytest.mark.slow

CASES = corpus()
LEAST = 80


@pytest.fixture(scope="module")
def answers() -> dict[tuple[str, str], Answer]:
    return {
        (question, case.name): answer
        for question in questions.QUESTIONS
        for case, answer in zip(CASES, ask(CASES, question), strict=True)
    }


@pytest.mark.parametrize("question", questions.QUESTIONS)
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_question_has_the_answer_of_buildkit(
    case: Case, question: str, answers: dict[tuple[str, str], Answer]
) -> None:
    ours = questions.answer(case, question)
    assert questions.differences(ours, answers[question, case.name]) == []


def test_how_many_files_are_linted_as_buildkit_does(
    answers: dict[tuple[str, str], Answer], record_property: Callable[[str, object], None]
) -> None:
    question = "frontend.lint"
    linted = [case for case in CASES if case.name.startswith("lint: ")]
    equal = sum(
        not questions.differences(questions.answer(case, question), answers[question, case.name])
        for case in linted
    )
    record_property("figure", f"lint equals BuildKit's for {equal} of {len(linted)} Dockerfiles")
    assert equal >= LEAST
