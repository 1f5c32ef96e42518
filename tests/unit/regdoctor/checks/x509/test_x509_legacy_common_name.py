"""x509-legacy-common-name."""

from __future__ import annotations

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import VALID, chain_seen, found

CODE = "x509-legacy-common-name"
ROOT = CertificateAuthority("Example Root CA", validity=VALID)


def test_fires_for_a_name_in_the_common_name_only() -> None:
    leaf = ROOT.issue("registry.example", validity=VALID, san=False)
    finding = found(chain_seen(leaf, system=[ROOT.der]))[CODE]
    assert "relies on legacy Common Name field" in finding.evidence[1].fact
    assert "subjectAltName=DNS:registry.example" in finding.fixes[0].commands[0]


def test_quiet_where_the_name_is_among_the_alternative_names() -> None:
    leaf = ROOT.issue("registry.example", validity=VALID, common_name=None)
    assert found(chain_seen(leaf, system=[ROOT.der])) == {}
