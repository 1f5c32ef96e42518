"""ghcr-403-on-push."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes import found
from tests.fixtures.scenes.auth import codes, told

CODE = "ghcr-403-on-push"


@pytest.mark.parametrize(
    "line",
    [
        (
            "ERROR: failed to push ghcr.io/team/app:1: unexpected status from POST request "
            "to https://ghcr.io/v2/team/app/blobs/uploads/: 403 Forbidden"
        ),
        "denied: installation not allowed to Create organization package",
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
            "unexpected status from POST request to "
            "https://ghcr.io/v2/team/app/blobs/uploads/: 500 Internal Server Error"
        ),
        (
            "unexpected status from POST request to "
            "https://registry.example/v2/team/app/blobs/uploads/: 403 Forbidden"
        ),
    ],
)
def test_quiet_on_what_is_said_of_other_faults(line: str) -> None:
    assert CODE not in codes(told(line))
