"""dockerfile-not-found."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "dockerfile-not-found"


@pytest.mark.parametrize(
    "line",
    [
        (
            "ERROR: failed to solve: failed to read dockerfile: open Dockerfile.dev: no such "
            "file or directory"
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
        "failed to solve: dockerfile parse error on line 3: unknown instruction: RUNN",
        'failed to compute cache key: failed to calculate checksum of ref a::b: "/x": not found',
    ],
)
def test_quiet_where_the_file_is_there_and_does_not_parse(line: str) -> None:
    assert CODE not in told(line)
