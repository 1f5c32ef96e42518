"""distribution-http-secret-and-mirror-warning-noise."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.images import output_seen

CODE = "distribution-http-secret-and-mirror-warning-noise"


def test_fires_as_a_note_alone() -> None:
    text = 'level=warning msg="No HTTP secret provided - generated random secret. This may cause"'
    assert found(output_seen(text))[CODE].severity == "info"


def test_quiet_for_other_warnings() -> None:
    assert found(output_seen('level=warning msg="reading tags"')) == {}
