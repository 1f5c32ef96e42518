"""containerd-http-fallback-shows-only-https-error."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "containerd-http-fallback-shows-only-https-error"


@pytest.mark.parametrize(
    "line",
    [
        (
            'ctr: failed to resolve reference "r.example:5000/a:1": failed to do request: Head '
            '"https://r.example:5000/v2/a/manifests/1": http: server gave HTTP response to '
            "HTTPS client"
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
        (
            'Error response from daemon: Get "https://r.example:5000/v2/": http: server gave '
            "HTTP response to HTTPS client"
        ),
    ],
)
def test_quiet_where_another_client_meets_plain_http(line: str) -> None:
    assert CODE not in told(line)
