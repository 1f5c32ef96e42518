"""push-blob-upload-unknown-multi-replica."""

from __future__ import annotations

import pytest

from regdoctor.observations.http import Answer
from tests.fixtures.scenes import found
from tests.fixtures.scenes.push import KNOWN, errors, push_seen, said, upload

CODE = "push-blob-upload-unknown-multi-replica"


UNKNOWN = said("GET", 404, body=errors("BLOB_UPLOAD_UNKNOWN"))
INVALID = said("GET", 404, body=errors("BLOB_UPLOAD_INVALID"))


@pytest.mark.parametrize(
    ("other", "words"),
    [(UNKNOWN, "do not share their storage"), (INVALID, "http.secret differs")],
)
def test_fires_where_some_know_an_upload_and_others_do_not(other: Answer, words: str) -> None:
    findings = found(push_seen(upload(polled=(KNOWN, other) * 3)))
    assert set(findings) == {CODE}
    assert "known to 3 of 6" in findings[CODE].title
    assert words in findings[CODE].title


def test_an_upload_that_only_another_replica_could_give_up_is_part_of_it() -> None:
    stuck = said("DELETE", 404, body=errors("BLOB_UPLOAD_UNKNOWN"))
    assert set(found(push_seen(upload(polled=(KNOWN, UNKNOWN), cancelled=stuck)))) == {CODE}


def test_quiet_where_all_know_it_and_where_nobody_answers_the_question() -> None:
    assert found(push_seen()) == {}
    assert found(push_seen(upload(polled=(UNKNOWN,) * 6))) == {}
    assert found(push_seen(upload(polled=(KNOWN, said("GET", 502))))) == {}
