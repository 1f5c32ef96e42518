"""What is wrong with a text that is no reference, and what was probably meant."""

from __future__ import annotations

import pytest

from builder.oci.reference import parse
from regdoctor.checks.builds.references import refused


@pytest.mark.parametrize(
    ("text", "kind", "corrected"),
    [
        ("https://quay.io/fedora/python-313", "scheme", "quay.io/fedora/python-313"),
        ("http://r.example:5000/v2/team/app:1", "scheme", "r.example:5000/team/app:1"),
        ("https://r.example/Team/App:1", "scheme", "r.example/team/app:1"),
        ("ghcr.io/Owner/App:1.0", "uppercase", "ghcr.io/owner/app:1.0"),
        ("ghcr.io/Owner/App:1+2", "uppercase", "ghcr.io/owner/app:1_2"),
        ("team/UPPER", "uppercase", "team/upper"),
        ("r.example:5000/app:1.0+build.5", "tag", "r.example:5000/app:1.0_build.5"),
        ("app:feature/x", "malformed", ""),
        ("app:-x", "tag", "app:x"),
        ("app:.", "tag", ""),
        (f"app:{'a' * 129}", "tag", f"app:{'a' * 128}"),
        ("/docker:latest", "malformed", ""),
        ("a b.c", "malformed", ""),
        ("", "malformed", ""),
        ("app:1@sha256:short", "malformed", ""),
    ],
)
def test_a_fault_is_named_and_mended(text: str, kind: str, corrected: str) -> None:
    found = refused(text)
    assert found is not None
    assert (found.kind, found.corrected) == (kind, corrected)
    if corrected:
        parse(corrected)


@pytest.mark.parametrize("text", ["alpine", "r.example:5000/team/app:1.0_2-x", "R.example/app"])
def test_a_right_reference_has_no_fault(text: str) -> None:
    assert refused(text) is None


def test_a_variable_without_a_value_comes_before_what_is_left_of_the_text() -> None:
    found = refused("/App", ("REGISTRY",))
    assert found is not None
    assert (found.kind, "$REGISTRY" in found.why) == ("blank", True)


def test_a_hostile_text_costs_little() -> None:
    assert refused("https://" * 5_000 + "a/" * 50_000 + "A") is not None
