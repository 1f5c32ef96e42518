"""skopeo-list-tags-bypasses-mirrors."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "skopeo-list-tags-bypasses-mirrors"


@pytest.mark.parametrize(
    "line",
    [
        (
            "FATA[0060] Error listing repository tags: fetching tags list: Get "
            '"https://registry-1.docker.io/v2/library/debian/tags/list": dial tcp: i/o timeout'
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
        (
            "FATA[0060] Error parsing image name: pinging container registry "
            "registry-1.docker.io: dial tcp 192.0.2.0:443: i/o timeout"
        ),
    ],
)
def test_quiet_where_the_image_itself_cannot_be_had(line: str) -> None:
    assert CODE not in told(line)
