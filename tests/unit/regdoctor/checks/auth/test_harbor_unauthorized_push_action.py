"""harbor-unauthorized-push-action."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes import found
from tests.fixtures.scenes.auth import codes, told

CODE = "harbor-unauthorized-push-action"


@pytest.mark.parametrize(
    "line",
    [
        (
            "unauthorized: unauthorized to access repository: team/app, action: push: "
            "unauthorized to access repository: team/app, action: push"
        ),
    ],
)
def test_fires_on_what_clients_print(line: str) -> None:
    findings = found(told(line, "docker"))
    assert set(findings) == {CODE}
    assert findings[CODE].evidence[0].fact == line
    assert findings[CODE].fixes


@pytest.mark.parametrize(
    "line",
    [
        "unauthorized: unauthorized to access repository: team/app, action: pull",
        "unauthorized: authentication required",
    ],
)
def test_quiet_on_what_is_said_of_other_faults(line: str) -> None:
    assert CODE not in codes(told(line))
