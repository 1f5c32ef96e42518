"""docker-manifest-cli-ignores-daemon-insecure."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "docker-manifest-cli-ignores-daemon-insecure"


@pytest.mark.parametrize(
    "line",
    [
        "open /etc/docker/certs.d/registry.example: permission denied",
    ],
)
def test_fires_where_a_client_says_so(line: str) -> None:
    finding = told(line)[CODE]
    assert (finding.confidence, finding.evidence[0].fact) == ("likely", line)
    assert finding.fixes


@pytest.mark.parametrize(
    "line",
    [
        "dial unix /var/run/docker.sock: connect: permission denied",
        (
            'Error response from daemon: Get "https://registry.example/v2/": http: server gave '
            "HTTP response to HTTPS client"
        ),
    ],
)
def test_quiet_where_the_engine_pulls(line: str) -> None:
    assert CODE not in told(line)
