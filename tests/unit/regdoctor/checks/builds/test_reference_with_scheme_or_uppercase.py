"""reference-with-scheme-or-uppercase."""

from __future__ import annotations

import pytest

from regdoctor.observations.written import WrittenReference
from tests.fixtures.scenes import found
from tests.fixtures.scenes.machine import wrote

CODE = "reference-with-scheme-or-uppercase"


@pytest.mark.parametrize(
    ("text", "says", "corrected"),
    [
        ("https://quay.io/fedora/python:3", "a scheme", "quay.io/fedora/python:3"),
        ("ghcr.io/Owner/app:1", "upper-case", "ghcr.io/owner/app:1"),
    ],
)
def test_fires_and_says_what_was_meant(text: str, says: str, corrected: str) -> None:
    finding = found(wrote(WrittenReference(text)))[CODE]
    assert (finding.severity, finding.confidence) == ("error", "certain")
    assert says in finding.title
    assert finding.fixes[0].commands == (f"regdoctor check {corrected}",)


def test_fires_without_a_guess_where_nobody_can_tell_what_was_meant() -> None:
    (fix,) = found(wrote(WrittenReference("/docker:latest", "Dockerfile", 1)))[CODE].fixes
    assert fix.commands == ()


def test_quiet_for_a_reference_that_clients_take() -> None:
    assert found(wrote(WrittenReference("registry.example:5000/team/app:1.0"))) == {}


def test_quiet_where_a_variable_is_blank_or_the_tag_is_at_fault() -> None:
    blank = WrittenReference("/app", "Dockerfile", 2, "$REGISTRY/app", ("REGISTRY",))
    assert CODE not in found(wrote(blank))
    assert CODE not in found(wrote(WrittenReference("app:1+2")))
