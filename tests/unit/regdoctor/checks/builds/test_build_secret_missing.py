"""build-secret-missing."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "build-secret-missing"


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: failed to solve: secret token: not found",
    ],
)
def test_fires_where_a_client_says_so(line: str) -> None:
    finding = told(line)[CODE]
    assert (finding.confidence, finding.evidence[0].fact) == ("likely", line)
    assert finding.fixes


@pytest.mark.parametrize(
    "line",
    [
        "failed to read dockerfile: open Dockerfile: no such file or directory",
        "cat: /etc/token: No such file or directory",
    ],
)
def test_quiet_where_another_file_is_missing(line: str) -> None:
    assert CODE not in told(line)
