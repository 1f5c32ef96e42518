"""multiarch-exec-format-error."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes.output import told

CODE = "multiarch-exec-format-error"


@pytest.mark.parametrize(
    "line",
    [
        "exec /usr/local/bin/docker-entrypoint.sh: exec format error",
        'runc run failed: unable to start container process: exec: "/bin/sh": exec format error',
    ],
)
def test_fires_where_a_client_says_so(line: str) -> None:
    finding = told(line)[CODE]
    assert (finding.confidence, finding.evidence[0].fact) == ("likely", line)
    assert finding.fixes


@pytest.mark.parametrize(
    "line",
    [
        "exec /bin/sh: no such file or directory",
        "no match for platform in manifest",
    ],
)
def test_quiet_where_the_program_is_missing(line: str) -> None:
    assert CODE not in told(line)
