"""tls-version-or-cipher-mismatch."""

from __future__ import annotations

from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain
from tests.fixtures.scenes import HTTPS, found, registry_seen

CODE = "tls-version-or-cipher-mismatch"


def ended(served: ServedChain) -> Observations:
    seen = registry_seen()
    seen.add(HTTPS, served)
    return seen


def test_fires_and_explains_all() -> None:
    codes = found(
        ended(
            ServedChain("registry.example", fault="alert", alert="protocol_version", text="ended")
        )
    )
    assert set(codes) == {CODE}
    assert "nothing that was offered" in codes[CODE].title


def test_quiet_for_another_ending() -> None:
    assert CODE not in found(ended(ServedChain("registry.example", fault="reset", text="reset")))
    assert CODE not in found(ended(ServedChain("registry.example")))


def test_fires_where_only_a_reader_that_takes_anything_gets_through() -> None:
    seen = ended(ServedChain("registry.example", version="TLSv1.0"))
    words = "remote error: tls: protocol version not supported"
    seen.add(HTTPS, Ping(Answer("GET", f"{HTTPS}/v2/", fault="tls", text=words)))
    codes = found(seen)
    assert set(codes) == {CODE}
    assert "TLSv1.0" in codes[CODE].title
    seen.add(HTTPS, ServedChain("registry.example", client_certificate_requested=True))
    assert CODE not in found(seen)
