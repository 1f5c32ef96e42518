"""kubelet-pull-deadline-or-no-progress."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "kubelet-pull-deadline-or-no-progress"


@pytest.mark.parametrize(
    "line",
    [
        (
            "rpc error: code = Canceled desc = failed to pull and unpack image "
            '"registry.example/big:1": context canceled'
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
        'Get "https://registry.example/v2/": dial tcp 192.0.2.1:443: i/o timeout',
        "net/http: TLS handshake timeout",
    ],
)
def test_quiet_where_no_connection_was_made_in_time(line: str) -> None:
    assert CODE not in told(line)
