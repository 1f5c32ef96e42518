"""Every Dockerfile of the corpus, against BuildKit's own frontend."""

from __future__ import annotations

import pytest

from tests.language import ours
from tests.language.cases import Case, corpus
from tests.language.compare import differences
from tests.language.judge import Answer, ask

pytestmark = pytest.mark.slow

CASES = corpus()


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    return dict(zip([case.name for case in CASES], ask(CASES), strict=True))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_dockerfile_means_what_it_means_to_buildkit(
    case: Case, answers: dict[str, Answer]
) -> None:
    assert differences(ours.answer(case), answers[case.name]) == []
