"""load-metadata-takes-10-to-20-seconds."""

from __future__ import annotations

from regdoctor.observations.network import ConnectAttempt, Connection, Resolution
from tests.fixtures.scenes import HTTPS, found, registry_seen

CODE = "load-metadata-takes-10-to-20-seconds"
GOOD = ConnectAttempt("192.0.2.1:5000", seconds=0.1)


def test_fires_for_a_lookup_that_takes_seconds() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Resolution("registry.example", ("192.0.2.1",), seconds=5.01))
    finding = found(seen)[CODE]
    assert "5.0 s" in finding.title
    assert finding.severity == "warning"


def test_fires_for_an_address_that_never_answers_beside_one_that_does() -> None:
    seen = registry_seen()
    dead = ConnectAttempt("[2001:db8::1]:5000", "timeout", "no answer in 10 s", 10.0)
    seen.add(HTTPS, Connection((dead, GOOD)))
    assert "[2001:db8::1]:5000" in found(seen)[CODE].title


def test_quiet_for_a_quick_lookup() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Resolution("registry.example", ("192.0.2.1",), seconds=1.2))
    assert found(seen) == {}


def test_quiet_where_no_address_answers_or_one_refuses_at_once() -> None:
    seen = registry_seen()
    refused = ConnectAttempt("192.0.2.2:5000", "refused", "connection refused", 0.01)
    seen.add(HTTPS, Connection((refused, GOOD)))
    assert found(seen) == {}
    dead = ConnectAttempt("192.0.2.1:5000", "timeout", "no answer in 10 s", 10.0)
    seen.add(HTTPS, Connection((dead,)))
    assert CODE not in found(seen)


def test_quiet_for_a_lookup_that_fails() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Resolution("registry.example", fault="timeout", text="timeout", seconds=10))
    assert CODE not in found(seen)
