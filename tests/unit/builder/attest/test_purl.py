"""Images as package URLs."""

from __future__ import annotations

import pytest

from builder.attest.purl import image_purl
from builder.oci import platform as platforms
from builder.oci import reference as references

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "platform", "purl"),
    [
        ("alpine", "linux/amd64", "pkg:docker/alpine@latest?platform=linux%2Famd64"),
        ("alpine:3.20", "linux/arm/v7", "pkg:docker/alpine@3.20?platform=linux%2Farm%2Fv7"),
        ("team/app:1", None, "pkg:docker/team/app@1"),
        ("r.example:5000/a/b:1", None, "pkg:docker/r.example%3A5000/a/b@1"),
        (f"alpine@{DIGEST}", None, f"pkg:docker/alpine?digest={DIGEST}"),
        (
            f"alpine:3@{DIGEST}",
            "linux/amd64",
            f"pkg:docker/alpine@3?digest={DIGEST}&platform=linux%2Famd64",
        ),
    ],
)
def test_a_reference_becomes_what_buildkit_writes(
    text: str, platform: str | None, purl: str
) -> None:
    wanted = platforms.parse(platform) if platform else None
    assert image_purl(references.parse(text), wanted) == purl
