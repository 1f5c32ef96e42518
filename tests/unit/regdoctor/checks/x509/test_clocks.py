"""Whose clock is wrong: one server's, or this host's."""

from __future__ import annotations

import datetime as dt

from regdoctor.checks.x509.clocks import ahead_of
from regdoctor.observations.http import Clock
from regdoctor.observations.store import Observations
from tests.fixtures.ca import CertificateAuthority, Validity
from tests.fixtures.scenes import HTTPS, NOW, VALID, chain_seen, found, questions

CODE = "x509-clock-skew-not-yet-valid"
ROOT = CertificateAuthority("Example Root CA", validity=VALID)
LATER = ROOT.issue("registry.example", validity=Validity.not_yet(NOW))
DAYS = dt.timedelta(days=2)


def among(*ahead: float) -> Observations:
    """A server two days ahead of us, and other hosts by which we are ``ahead`` seconds ahead."""
    seen = chain_seen(LATER, system=[ROOT.der], server_clock=NOW + DAYS)
    for at, seconds in enumerate(ahead):
        ours = NOW.timestamp()
        seen.add(f"https://host-{at}.example", Clock(ours - seconds, ours, "Date"))
    return seen


def test_one_server_whose_clock_is_wrong_does_not_blame_ours() -> None:
    seen = among(0.0, 1.0)
    finding = found(seen)[CODE]
    assert "is valid only from" in finding.title
    facts = [each.fact for each in finding.evidence if each.probe == "clock"]
    assert facts[-1] == "this host's clock is 0 s behind the median of 3 hosts"


def test_three_hosts_that_agree_are_certain() -> None:
    seen = among(-DAYS.total_seconds(), -DAYS.total_seconds() + 3)
    finding = found(seen)[CODE]
    assert "this host's clock is 2 days behind" in finding.title
    assert finding.confidence == "certain"
    assert CODE not in questions(seen)


def test_two_clocks_have_no_median() -> None:
    seen = among(0.0)
    ahead = ahead_of(seen, HTTPS)
    assert ahead is not None
    assert ahead < -DAYS.total_seconds() + 2
