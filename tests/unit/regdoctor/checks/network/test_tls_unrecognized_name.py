"""tls-unrecognized-name."""

from __future__ import annotations

from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain
from tests.fixtures.scenes import HTTPS, found, registry_seen

CODE = "tls-unrecognized-name"


def ended(served: ServedChain) -> Observations:
    seen = registry_seen()
    seen.add(HTTPS, served)
    return seen


def test_fires_and_explains_all() -> None:
    codes = found(
        ended(
            ServedChain("registry.example", fault="alert", alert="unrecognized_name", text="ended")
        )
    )
    assert set(codes) == {CODE}
    assert "registry.example (" in codes[CODE].title


def test_quiet_for_another_ending() -> None:
    assert CODE not in found(ended(ServedChain("registry.example", fault="reset", text="reset")))
    assert CODE not in found(ended(ServedChain("registry.example")))
