"""x509-hostname-mismatch."""

from __future__ import annotations

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import VALID, chain_seen, found

CODE = "x509-hostname-mismatch"
ROOT = CertificateAuthority("Example Root CA", validity=VALID)


def test_fires_and_lists_the_names_that_are_covered() -> None:
    leaf = ROOT.issue("ingress.local", "other.example", validity=VALID)
    finding = found(chain_seen(leaf, system=[ROOT.der]))[CODE]
    assert "ingress.local and other.example, not for registry.example" in finding.title
    assert any("ingress.local:5000" in fix.title for fix in finding.fixes)


def test_quiet_for_a_matching_wildcard() -> None:
    leaf = ROOT.issue("*.example", validity=VALID)
    assert found(chain_seen(leaf, system=[ROOT.der])) == {}


def test_a_wildcard_over_two_labels_is_explained() -> None:
    leaf = ROOT.issue("*.example.com", validity=VALID)
    seen = chain_seen(leaf, host="a.b.example.com", system=[ROOT.der])
    facts = [evidence.fact for evidence in found(seen)[CODE].evidence]
    assert "*.example.com covers one label only, so not a.b.example.com" in facts


def test_quiet_for_the_common_name_alone() -> None:
    leaf = ROOT.issue("registry.example", validity=VALID, san=False)
    assert CODE not in found(chain_seen(leaf, system=[ROOT.der]))
