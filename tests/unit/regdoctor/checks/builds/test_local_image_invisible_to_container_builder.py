"""local-image-invisible-to-container-builder."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "local-image-invisible-to-container-builder"


@pytest.mark.parametrize(
    "line",
    [
        (
            "#3 ERROR: pull access denied, repository does not exist or may require "
            "authorization: server message: insufficient_scope: authorization failed"
        ),
    ],
)
def test_fires_where_a_client_says_so(line: str) -> None:
    finding = told(line)[CODE]
    assert (finding.confidence, finding.evidence[0].fact) == ("possible", line)
    assert finding.fixes


@pytest.mark.parametrize(
    "line",
    [
        "ERROR [internal] load metadata for registry.example/team/app:1.0",
        "[internal] load metadata for docker.io/library/alpine:3.19",
    ],
)
def test_quiet_where_the_image_is_of_another_registry(line: str) -> None:
    assert CODE not in told(line)
