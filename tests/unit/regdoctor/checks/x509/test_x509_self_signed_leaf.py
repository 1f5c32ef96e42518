"""x509-self-signed-leaf."""

from __future__ import annotations

from tests.fixtures.ca import CertificateAuthority, self_signed
from tests.fixtures.scenes import VALID, chain_seen, found

CODE = "x509-self-signed-leaf"


def test_fires_for_a_certificate_that_signed_itself() -> None:
    finding = found(chain_seen(self_signed("registry.example", validity=VALID)))[CODE]
    assert finding.severity == "error"
    assert finding.confidence == "certain"
    assert "x509-unknown-authority-private-root" not in found(
        chain_seen(self_signed("registry.example", validity=VALID))
    )


def test_quiet_when_that_very_certificate_is_trusted() -> None:
    leaf = self_signed("registry.example", validity=VALID)
    assert found(chain_seen(leaf, system=[leaf.der])) == {}


def test_quiet_when_a_ca_issued_the_certificate() -> None:
    root = CertificateAuthority(validity=VALID)
    assert CODE not in found(chain_seen(root.issue("registry.example", validity=VALID)))


def test_installing_it_is_not_advised_where_it_has_no_names() -> None:
    leaf = self_signed("registry.example", validity=VALID, san=False)
    finding = found(chain_seen(leaf))[CODE]
    assert [fix.client for fix in finding.fixes] == ["server"]
