"""spec-upload-not-cancelled."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.push import began, push_seen, said, upload

CODE = "spec-upload-not-cancelled"


def test_fires_as_a_note_for_we_left_an_upload() -> None:
    findings = found(push_seen(upload(cancelled=said("DELETE", 405))))
    assert set(findings) == {CODE}
    assert findings[CODE].severity == "info"
    assert "uploadpurging" in findings[CODE].fixes[0].files[0].diff


def test_fires_where_no_answer_came() -> None:
    assert CODE in found(push_seen(upload(cancelled=None)))


def test_quiet_where_the_upload_is_gone_or_was_never_opened() -> None:
    assert found(push_seen()) == {}
    assert CODE not in found(began(said("POST", 500)))
