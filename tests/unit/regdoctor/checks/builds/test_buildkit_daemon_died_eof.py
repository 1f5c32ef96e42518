"""buildkit-daemon-died-eof."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "buildkit-daemon-died-eof"


@pytest.mark.parametrize(
    "line",
    [
        "failed to solve: Unavailable: error reading from server: EOF",
    ],
)
def test_fires_where_a_client_says_so(line: str) -> None:
    finding = told(line)[CODE]
    assert (finding.confidence, finding.evidence[0].fact) == ("likely", line)
    assert finding.fixes


@pytest.mark.parametrize(
    "line",
    [
        'failed to do request: Head "https://registry.example/v2/team/app/manifests/1.0": EOF',
        "unexpected EOF",
    ],
)
def test_quiet_where_a_registry_cut_the_connection(line: str) -> None:
    assert CODE not in told(line)
