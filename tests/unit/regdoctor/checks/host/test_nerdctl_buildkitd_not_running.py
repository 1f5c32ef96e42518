"""nerdctl-buildkitd-not-running."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "nerdctl-buildkitd-not-running"


@pytest.mark.parametrize(
    "line",
    [
        (
            "FATA[0000] no buildkit host is available, tried 1 candidates: failed to ping to "
            "host unix:///run/buildkit/buildkitd.sock: exit status 1"
        ),
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
        "dial unix /var/run/docker.sock: connect: permission denied",
    ],
)
def test_quiet_where_it_went_away_in_the_middle(line: str) -> None:
    assert CODE not in told(line)
