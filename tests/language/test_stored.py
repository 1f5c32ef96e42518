"""Every Dockerfile of the corpus, against the answers that BuildKit's frontend gave."""

from __future__ import annotations

import pytest

from tests.conftest import Golden
from tests.language import ours, stored
from tests.language.cases import Case, corpus
from tests.language.compare import essence
from tests.language.coverage import PAGE, counted, page, rows

CASES = corpus()
ANSWERS = stored.read()


def test_every_case_has_an_answer_and_every_answer_a_case() -> None:
    assert {case.name for case in CASES} == ANSWERS.keys(), "python -m tests.language --store"


def test_every_part_of_the_language_is_tried_and_every_case_says_what_it_is_about() -> None:
    counts = counted(CASES)
    assert [row for row in rows() if not counts[row]] == []
    assert sorted(counts.keys() - set(rows())) == []
    assert [case.name for case in CASES if not case.covers] == []


def test_the_page_has_the_table(golden: Golden) -> None:
    golden(PAGE, page(CASES))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_dockerfile_means_what_it_meant_to_buildkit(case: Case) -> None:
    assert essence(ours.answer(case)) == ANSWERS[case.name]
