"""push-chunk-range-header-unreliable."""

from __future__ import annotations

import pytest

from regdoctor.observations.push import ChunkLook
from tests.fixtures.scenes import found
from tests.fixtures.scenes.push import chunks, push_seen

CODE = "push-chunk-range-header-unreliable"


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (chunks(second="64-127"), "says 64-127 for 0-127"),
        (chunks(second="0-63"), "says 0-63 for 0-127"),
        (chunks(first=""), "says nothing for 0-63"),
    ],
)
def test_fires_as_a_note_that_breaks_nobody(look: ChunkLook, words: str) -> None:
    findings = found(push_seen(look))
    assert set(findings) == {CODE}
    assert words in findings[CODE].title
    assert findings[CODE].severity == "info"
    assert findings[CODE].breaks == ()


@pytest.mark.parametrize("look", [chunks(), chunks("bytes=0-63", "bytes=0-127"), chunks(gap=202)])
def test_quiet_for_a_right_count_also_where_a_gap_is_taken(look: ChunkLook) -> None:
    assert found(push_seen(look)) == {}
