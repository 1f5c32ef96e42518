"""tls-first-record-not-handshake-direct."""

from __future__ import annotations

from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain
from tests.fixtures.scenes import HTTPS, found, registry_seen

CODE = "tls-first-record-not-handshake-direct"


def ended(served: ServedChain) -> Observations:
    seen = registry_seen()
    seen.add(HTTPS, served)
    return seen


def test_fires_and_explains_all() -> None:
    codes = found(
        ended(
            ServedChain("registry.example", fault="not-tls", first_bytes=b"SSH-2.0", text="ended")
        )
    )
    assert set(codes) == {CODE}
    assert "neither TLS nor HTTP" in codes[CODE].title


def test_quiet_for_another_ending() -> None:
    assert CODE not in found(ended(ServedChain("registry.example", fault="reset", text="reset")))
    assert CODE not in found(ended(ServedChain("registry.example")))
