"""Thousands of ignore files and paths, against moby/patternmatcher itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.language import generate_ignore

pytestmark = pytest.mark.slow

COUNT, SEED = 6000, 20261124


def test_ignore_files_are_read_and_matched_as_patternmatcher_does(
    record_property: Callable[[str, object], None],
) -> None:
    asked = list(generate_ignore.questions(COUNT, SEED))
    answers = generate_ignore.theirs(asked)
    pairs = list(zip(asked, answers, strict=True))
    assert [q.file for q, theirs in pairs if generate_ignore.ours(q) != theirs] == []
    record_property("figure", f"{len(asked)} ignore files, {6 * len(asked)} paths: all as BuildKit")
