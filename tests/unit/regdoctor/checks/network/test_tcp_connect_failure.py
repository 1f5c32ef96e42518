"""tcp-connect-failure."""

from __future__ import annotations

from regdoctor.observations.network import ConnectAttempt, Connection
from tests.fixtures.scenes import HTTPS, found, registry_seen

CODE = "tcp-connect-failure"
REFUSED = ConnectAttempt("192.0.2.1:5000", "refused", "connection refused")
FINE = ConnectAttempt("[2001:db8::1]:5000")


def test_fires_where_the_port_is_closed() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Connection((REFUSED,)))
    finding = found(seen)[CODE]
    assert "nothing listens on that port" in finding.title
    assert finding.fixes[0].commands[0] == "nc -vz registry.example 5000"


def test_a_filtered_port_is_told_apart_from_a_closed_one() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Connection((ConnectAttempt("192.0.2.1:5000", "timeout", "no answer"),)))
    assert "filtered" in found(seen)[CODE].title


def test_quiet_where_one_address_of_two_takes_a_connection() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Connection((REFUSED, FINE)))
    assert CODE not in found(seen)
