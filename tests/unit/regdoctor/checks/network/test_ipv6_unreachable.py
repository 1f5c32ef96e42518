"""ipv6-unreachable: no IPv4 address, and no way to the others."""

from __future__ import annotations

from regdoctor.observations.network import (
    ConnectAttempt,
    Connection,
    ResolverAnswer,
    ResolverAnswers,
)
from tests.fixtures.scenes import HTTPS, found, registry_seen

CODE = "ipv6-unreachable"
V6 = ConnectAttempt("[2001:db8::1]:5000", "unreachable", "network is unreachable")
V4 = ConnectAttempt("192.0.2.1:5000", "refused", "connection refused")


def test_fires_where_there_is_nothing_but_ipv6_without_a_route() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Connection((V6,)))
    codes = found(seen)
    assert set(codes) == {CODE}
    assert "has IPv6 addresses alone" in codes[CODE].title


def test_the_resolver_that_knows_an_ipv4_address_is_named() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Connection((V6,)))
    answers = (
        ResolverAnswer("192.0.2.53", "A", "NOERROR"),
        ResolverAnswer("192.0.2.54", "A", "NOERROR", ("192.0.2.1",)),
    )
    seen.add(HTTPS, ResolverAnswers("registry.example", answers))
    finding = found(seen)[CODE]
    assert "another resolver knows 192.0.2.1" in finding.title
    facts = [each.fact for each in finding.evidence]
    assert "resolver 192.0.2.53 asked by itself: A none" in facts
    assert facts[-1] == "the resolvers do not agree"


def test_quiet_where_an_ipv4_address_fails_too() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Connection((V6, V4)))
    assert set(found(seen)) == {"tcp-connect-failure"}


def test_quiet_where_ipv4_answers() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Connection((V6, ConnectAttempt("192.0.2.1:5000"))))
    assert found(seen) == {}


def test_quiet_for_ipv6_that_is_refused() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Connection((ConnectAttempt("[2001:db8::1]:5000", "refused", "refused"),)))
    assert set(found(seen)) == {"tcp-connect-failure"}
