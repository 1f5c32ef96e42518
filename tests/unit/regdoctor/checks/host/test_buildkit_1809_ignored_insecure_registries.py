"""buildkit-1809-ignored-insecure-registries."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "buildkit-1809-ignored-insecure-registries"


@pytest.mark.parametrize(
    "line",
    [
        (
            "ERROR: failed to do request: Head "
            '"https://registry.example:80/v2/team/app/manifests/1.0": http: server gave HTTP '
            "response to HTTPS client"
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
        'failed to do request: Head "https://registry.example:443/v2/team/app/manifests/1.0": EOF',
    ],
)
def test_quiet_where_the_port_is_one_of_tls(line: str) -> None:
    assert CODE not in told(line)
