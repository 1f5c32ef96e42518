"""push-location-http-downgrade-missing-x-forwarded-proto."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes import found
from tests.fixtures.scenes.push import GONE, push_seen, said, upload

CODE = "push-location-http-downgrade-missing-x-forwarded-proto"


def location(where: str) -> tuple[str, str]:
    return ("Location", f"{where}/v2/team/scratch/blobs/uploads/6f2f8a02")


@pytest.mark.parametrize(
    ("where", "words", "severity", "confidence"),
    [
        # Only the scheme is wrong: our own pushes stay with https.
        ("http://registry.example:5000", "over TLS", "warning", "certain"),
        ("http://registry.example", "over TLS", "error", "certain"),
        ("https://registry.example", "does not know the port", "error", "certain"),
        ("https://backend:5000", "does not know the name", "warning", "likely"),
    ],
)
def test_fires_for_an_address_that_was_not_asked(
    where: str, words: str, severity: str, confidence: str
) -> None:
    moved = upload(said("POST", 202, location(where)), moved=True)
    findings = found(push_seen(moved))
    assert set(findings) == {CODE}
    assert words in findings[CODE].title
    assert (findings[CODE].severity, findings[CODE].confidence) == (severity, confidence)
    assert "X-Forwarded-Proto" in findings[CODE].fixes[0].files[0].diff


def test_an_error_through_the_eyes_of_docker() -> None:
    moved = upload(said("POST", 202, location("http://registry.example:5000")), moved=True)
    assert found(push_seen(moved, asked=("docker",)))[CODE].severity == "error"


def test_quiet_for_a_relative_address_and_for_one_that_is_right() -> None:
    assert found(push_seen()) == {}
    right = upload(said("POST", 202, location("https://registry.example:5000")))
    assert found(push_seen(right)) == {}


def test_quiet_where_the_upload_is_at_the_other_host() -> None:
    elsewhere = upload(said("POST", 202, location("https://uploads.example")), cancelled=GONE)
    assert found(push_seen(elsewhere)) == {}
