"""buildx-load-multi-platform."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "buildx-load-multi-platform"


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: docker exporter does not currently support exporting manifest lists",
    ],
)
def test_fires_where_a_client_says_so(line: str) -> None:
    finding = told(line)[CODE]
    assert (finding.confidence, finding.evidence[0].fact) == ("certain", line)
    assert finding.fixes


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: Multi-platform build is not supported for the docker driver.",
    ],
)
def test_quiet_where_the_driver_refuses_several_platforms(line: str) -> None:
    assert CODE not in told(line)
