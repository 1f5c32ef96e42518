"""spec-push-subject-ignored."""

from __future__ import annotations

from dataclasses import replace

import pytest

from regdoctor.observations.http import Answer
from regdoctor.observations.push import StoreLook
from tests.fixtures.scenes import answer, found
from tests.fixtures.scenes.push import push_seen, said, stored

CODE = "spec-push-subject-ignored"
DIGEST = "sha256:" + "3" * 64
NOTICED = ("OCI-Subject", "sha256:" + "4" * 64)


def listing(*digests: str, status: int = 200) -> Answer:
    members = ", ".join(f'{{"digest": "{digest}"}}' for digest in digests)
    path = "/v2/team/scratch/referrers/sha256:" + "4" * 64
    return answer("GET", path, status, body=f'{{"manifests": [{members}]}}')


def artifact(referrers: Answer, *headers: tuple[str, str]) -> StoreLook:
    put = replace(said("PUT", 201, *headers), url=f"https://x/v2/team/scratch/manifests/{DIGEST}")
    return replace(stored({"artifact": put}), referrers=referrers)


@pytest.mark.parametrize(
    ("look", "words"),
    [
        (artifact(listing(DIGEST)), "sends no OCI-Subject"),
        (artifact(listing(), NOTICED), "does not list it"),
    ],
)
def test_fires_where_the_api_is_there(look: StoreLook, words: str) -> None:
    findings = found(push_seen(look))
    assert set(findings) == {CODE}
    assert words in findings[CODE].title


def test_quiet_where_the_subject_was_noticed_and_where_there_is_no_api() -> None:
    assert found(push_seen(artifact(listing(DIGEST), NOTICED))) == {}
    assert found(push_seen(artifact(listing(status=404)))) == {}
