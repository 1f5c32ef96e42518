"""copy-source-not-found-checksum."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "copy-source-not-found-checksum"


@pytest.mark.parametrize(
    "line",
    [
        '#12 ERROR: failed to calculate checksum of ref abc::def: "/app/dist": not found',
    ],
)
def test_fires_where_a_client_says_so(line: str) -> None:
    finding = told(line)[CODE]
    assert (finding.confidence, finding.evidence[0].fact) == ("certain", line)
    assert finding.fixes


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: failed to solve: registry.example/team/app:1.0: not found",
        "failed to read dockerfile: open Dockerfile: no such file or directory",
    ],
)
def test_quiet_where_the_registry_lacks_an_image(line: str) -> None:
    assert CODE not in told(line)
