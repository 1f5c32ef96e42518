"""buildx-cannot-boot-builder-image."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "buildx-cannot-boot-builder-image"


@pytest.mark.parametrize(
    "line",
    [
        "#1 ERROR [internal] booting buildkit",
    ],
)
def test_fires_where_a_client_says_so(line: str) -> None:
    finding = told(line)[CODE]
    assert (finding.confidence, finding.evidence[0].fact) == ("likely", line)
    assert finding.fixes


@pytest.mark.parametrize(
    "line",
    [
        "#1 [internal] booting buildkit",
        "Error response from daemon: No such image: team/app:1.0",
    ],
)
def test_quiet_where_the_builder_boots(line: str) -> None:
    assert CODE not in told(line)
