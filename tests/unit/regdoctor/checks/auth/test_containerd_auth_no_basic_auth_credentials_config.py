"""containerd-auth-no-basic-auth-credentials-config."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes import found
from tests.fixtures.scenes.auth import codes, told

CODE = "containerd-auth-no-basic-auth-credentials-config"


@pytest.mark.parametrize(
    "line",
    [
        (
            "pull access denied, repository does not exist or may require authorization: "
            "authorization failed: no basic auth credentials"
        ),
    ],
)
def test_fires_on_what_clients_print(line: str) -> None:
    findings = found(told(line, "containerd"))
    assert set(findings) == {CODE}
    assert findings[CODE].evidence[0].fact == line
    assert findings[CODE].fixes


@pytest.mark.parametrize(
    "line",
    [
        "Error response from daemon: Get https://registry.example/v2/: no basic auth credentials",
        (
            "pull access denied, repository does not exist or may require authorization: "
            "server message: insufficient_scope: authorization failed"
        ),
    ],
)
def test_quiet_on_what_is_said_of_other_faults(line: str) -> None:
    assert CODE not in codes(told(line))
