"""Dockerfiles made at random, against BuildKit's own frontend."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.language import generate_files, generate_steps
from tests.language.cases import Case

pytestmark = pytest.mark.slow

COUNT = 2000
FIRST = 500_000
Differing = Callable[[int, int], Iterator[tuple[Case, list[str]]]]


@pytest.mark.parametrize(
    ("about", "differing"),
    [
        ("words, stages and configs", generate_files.differing),
        ("RUN, COPY and ADD", generate_steps.differing),
    ],
)
def test_a_file_made_at_random_means_what_it_means_to_buildkit(
    about: str, differing: Differing, record_property: Callable[[str, object], None]
) -> None:
    missed = [(case.dockerfile, found) for case, found in differing(FIRST, COUNT)]
    assert missed == []
    record_property("figure", f"{COUNT} random Dockerfiles of {about}: all as BuildKit")
