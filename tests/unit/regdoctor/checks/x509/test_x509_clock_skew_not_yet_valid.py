"""x509-clock-skew-not-yet-valid: our clock, or a certificate that has not begun."""

from __future__ import annotations

import datetime as dt

from tests.fixtures.ca import CertificateAuthority, Validity
from tests.fixtures.scenes import NOW, VALID, chain_seen, found, questions

CODE = "x509-clock-skew-not-yet-valid"
ROOT = CertificateAuthority("Example Root CA", validity=VALID)
LATER = ROOT.issue("registry.example", validity=Validity.not_yet(NOW))


def test_fires_on_our_clock_where_the_server_is_ahead_and_right() -> None:
    tomorrow = NOW + dt.timedelta(days=2)
    seen = chain_seen(LATER, system=[ROOT.der], server_clock=tomorrow)
    finding = found(seen)[CODE]
    assert "this host's clock is 2 days behind" in finding.title
    assert finding.confidence == "likely"
    assert CODE in questions(seen)


def test_fires_on_the_certificate_where_the_clocks_agree() -> None:
    finding = found(chain_seen(LATER, system=[ROOT.der]))[CODE]
    assert "valid only from" in finding.title
    assert finding.confidence == "certain"


def test_quiet_for_a_valid_chain_even_if_the_servers_clock_is_off() -> None:
    leaf = ROOT.issue("registry.example", validity=VALID)
    off = NOW - dt.timedelta(hours=3)
    assert found(chain_seen(leaf, system=[ROOT.der], server_clock=off)) == {}


def test_quiet_for_an_expired_certificate_by_clocks_that_agree() -> None:
    leaf = ROOT.issue("registry.example", validity=Validity.expired(NOW))
    assert CODE not in found(chain_seen(leaf, system=[ROOT.der]))


def test_open_where_the_certificate_has_expired_by_the_servers_clock() -> None:
    seen = chain_seen(LATER, system=[ROOT.der], server_clock=NOW + dt.timedelta(days=4000))
    assert found(seen)[CODE].confidence == "likely"
    assert CODE in questions(seen)


def test_certain_where_both_clocks_are_before_it() -> None:
    seen = chain_seen(LATER, system=[ROOT.der], server_clock=NOW - dt.timedelta(days=4000))
    assert found(seen)[CODE].confidence == "certain"
    assert questions(seen) == {}
