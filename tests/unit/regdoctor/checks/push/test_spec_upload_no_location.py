"""spec-upload-no-location."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.push import began, push_seen, said

CODE = "spec-upload-no-location"


def test_fires_for_202_without_a_location() -> None:
    findings = found(began(said("POST", 202)))
    assert set(findings) == {CODE}
    assert findings[CODE].severity == "error"


def test_quiet_for_another_status_and_for_a_healthy_registry() -> None:
    assert CODE not in found(began(said("POST", 500)))
    assert found(push_seen()) == {}
