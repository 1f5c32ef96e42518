"""docker-driver-lacks-multiplatform-or-cache-export."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "docker-driver-lacks-multiplatform-or-cache-export"


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: Cache export is not supported for the docker driver.",
    ],
)
def test_fires_where_a_client_says_so(line: str) -> None:
    finding = told(line)[CODE]
    assert (finding.confidence, finding.evidence[0].fact) == ("certain", line)
    assert finding.fixes


@pytest.mark.parametrize(
    "line",
    [
        "error: docker exporter does not currently support exporting manifest lists",
        "driver type: docker",
    ],
)
def test_quiet_where_the_exporter_cannot_load_two_platforms(line: str) -> None:
    assert CODE not in told(line)
