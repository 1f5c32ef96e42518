"""syntax-directive-frontend-pull-fails."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "syntax-directive-frontend-pull-fails"


@pytest.mark.parametrize(
    "line",
    [
        (
            "ERROR: failed to solve: failed to resolve source metadata for "
            "docker.io/docker/dockerfile:1: 429 Too Many Requests"
        ),
    ],
)
def test_fires_where_a_client_says_so(line: str) -> None:
    finding = told(line)[CODE]
    assert (finding.confidence, finding.evidence[0].fact) == ("likely", line)
    assert finding.fixes


@pytest.mark.parametrize(
    "line",
    [
        "#2 resolve image config for docker-image://docker.io/docker/dockerfile:1",
        "failed to do request: Head https://registry.example/v2/team/app/manifests/1.0",
    ],
)
def test_quiet_where_the_frontend_came_and_another_image_fails(line: str) -> None:
    assert CODE not in told(line)
