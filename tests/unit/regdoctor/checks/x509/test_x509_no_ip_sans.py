"""x509-no-ip-sans."""

from __future__ import annotations

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import VALID, chain_seen, found

CODE = "x509-no-ip-sans"
ROOT = CertificateAuthority("Example Root CA", validity=VALID)


def test_fires_for_an_address_without_an_address_among_the_names() -> None:
    leaf = ROOT.issue("registry.example", validity=VALID)
    finding = found(chain_seen(leaf, host="192.0.2.1", system=[ROOT.der]))[CODE]
    assert "doesn't contain any IP SANs" in finding.evidence[1].fact
    assert "subjectAltName=IP:192.0.2.1" in finding.fixes[0].commands[0]


def test_an_address_written_as_a_dns_name_does_not_count() -> None:
    leaf = ROOT.issue("192.0.2.1", validity=VALID)
    assert CODE in found(chain_seen(leaf, host="192.0.2.1", system=[ROOT.der]))


def test_quiet_where_the_address_is_there() -> None:
    leaf = ROOT.issue("registry.example", ips=["192.0.2.1"], validity=VALID)
    assert found(chain_seen(leaf, host="192.0.2.1", system=[ROOT.der])) == {}
