"""ctr-needs-full-reference-with-library."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "ctr-needs-full-reference-with-library"


@pytest.mark.parametrize(
    "line",
    [
        (
            'ctr: failed to resolve reference "docker.io/alpine:3": pull access denied, '
            "repository does not exist or may require authorization: server message: "
            "insufficient_scope: authorization failed"
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
        "Error response from daemon: manifest for alpine:nope not found: manifest unknown",
        "pull access denied for team/app, repository does not exist or may require 'docker login'",
    ],
)
def test_quiet_where_docker_writes_the_name_out_itself(line: str) -> None:
    assert CODE not in told(line)
