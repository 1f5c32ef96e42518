"""Every Dockerfile of the corpus, against BuildKit's own frontend."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.language import ours
from tests.language.cases import Case, corpus
from tests.language.compare import differences
from tests.language.judge import Answer, ask

pytestmark = pytest.mark.slow

CASES = corpus()
LEAST = 300


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    return dict(zip([case.name for case in CASES], ask(CASES), strict=True))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_dockerfile_means_what_it_means_to_buildkit(
    case: Case, answers: dict[str, Answer]
) -> None:
    assert differences(ours.answer(case), answers[case.name]) == []


def test_how_many_dockerfiles_mean_what_they_mean_to_buildkit(
    answers: dict[str, Answer], record_property: Callable[[str, object], None]
) -> None:
    equal = sum(not differences(ours.answer(case), answers[case.name]) for case in CASES)
    record_property(
        "figure", f"{equal} of {len(CASES)} Dockerfiles mean what they mean to BuildKit's frontend"
    )
    assert equal >= LEAST
