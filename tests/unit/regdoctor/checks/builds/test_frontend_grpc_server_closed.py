"""frontend-grpc-server-closed."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "frontend-grpc-server-closed"


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: failed to solve: frontend grpc server closed unexpectedly",
    ],
)
def test_fires_where_a_client_says_so(line: str) -> None:
    finding = told(line)[CODE]
    assert (finding.confidence, finding.evidence[0].fact) == ("certain", line)
    assert finding.fixes


@pytest.mark.parametrize(
    "line",
    [
        (
            "ERROR: failed to receive status: rpc error: code = Unavailable desc = error reading "
            "from server: EOF"
        ),
        "ERROR resolve image config for docker.io/docker/dockerfile:1",
    ],
)
def test_quiet_where_the_daemon_itself_went_away(line: str) -> None:
    assert CODE not in told(line)
