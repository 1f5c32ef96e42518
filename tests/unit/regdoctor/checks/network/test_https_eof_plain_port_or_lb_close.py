"""https-eof-plain-port-or-lb-close."""

from __future__ import annotations

from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain
from tests.fixtures.scenes import HTTPS, found, registry_seen

CODE = "https-eof-plain-port-or-lb-close"


def ended(served: ServedChain) -> Observations:
    seen = registry_seen()
    seen.add(HTTPS, served)
    return seen


def test_fires_and_explains_all() -> None:
    served = ServedChain("registry.example", fault="closed", text="ended")
    codes = found(ended(served))
    assert set(codes) == {CODE}
    assert "without a word" in codes[CODE].title


def test_quiet_for_another_ending() -> None:
    assert CODE not in found(ended(ServedChain("registry.example", fault="reset", text="reset")))
    assert CODE not in found(ended(ServedChain("registry.example")))
