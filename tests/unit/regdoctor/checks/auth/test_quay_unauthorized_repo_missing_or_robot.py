"""quay-unauthorized-repo-missing-or-robot."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes import found
from tests.fixtures.scenes.auth import codes, told

CODE = "quay-unauthorized-repo-missing-or-robot"


@pytest.mark.parametrize(
    "line",
    [
        (
            "failed to push quay.io/team/app:1: unexpected status from HEAD request to "
            "https://quay.io/v2/team/app/blobs/sha256:00: 401 UNAUTHORIZED"
        ),
    ],
)
def test_fires_on_what_clients_print(line: str) -> None:
    findings = found(told(line, "buildkit"))
    assert set(findings) == {CODE}
    assert findings[CODE].evidence[0].fact == line
    assert findings[CODE].fixes


@pytest.mark.parametrize(
    "line",
    [
        (
            "unexpected status from HEAD request to "
            "https://nexus.example/v2/team/app/blobs/sha256:00: 401 Unauthorized"
        ),
        (
            "unexpected status from HEAD request to "
            "https://quay.io/v2/team/app/manifests/1: 401 UNAUTHORIZED"
        ),
    ],
)
def test_quiet_on_what_is_said_of_other_faults(line: str) -> None:
    assert CODE not in codes(told(line))
