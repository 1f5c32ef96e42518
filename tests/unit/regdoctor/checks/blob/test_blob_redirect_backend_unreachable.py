"""blob-redirect-backend-unreachable."""

from __future__ import annotations

import pytest

from regdoctor.observations.http import Answer
from regdoctor.observations.network import ConnectAttempt, Connection, Resolution
from tests.fixtures.scenes import answer, found
from tests.fixtures.scenes.images import STORAGE, storage_seen

CODE = "blob-redirect-backend-unreachable"


@pytest.mark.parametrize("fault", ["dns", "connect"])
def test_fires_in_place_of_what_is_said_of_the_storage_itself(fault: str) -> None:
    failed = Answer("GET", f"{STORAGE}/bucket/object", fault=fault, text="no such host")
    seen = storage_seen(failed, error="no such host")
    if fault == "dns":
        seen.add(STORAGE, Resolution("storage.example", fault="no-such-host", text="no such host"))
    else:
        seen.add(STORAGE, Resolution("storage.example", ("192.0.2.9",)))
        refused = ConnectAttempt("192.0.2.9:443", "refused", "connection refused")
        seen.add(STORAGE, Connection((refused,)))
    codes = found(seen)
    assert set(codes) == {CODE}
    assert codes[CODE].subject == "storage.example"
    assert "registry.example:5000" in codes[CODE].title


def test_quiet_for_a_storage_that_answers() -> None:
    assert found(storage_seen(answer(endpoint=STORAGE))) == {}
    refused = answer("GET", "/bucket/object", 403, endpoint=STORAGE)
    assert CODE not in found(storage_seen(refused, error="denied"))
