"""x509-sha1-signature: the certificate with the weak signature, wherever it is in the chain."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import VALID, chain_seen, found

CODE = "x509-sha1-signature"
ROOT = CertificateAuthority("Example Root CA", validity=VALID)


def test_fires_for_a_leaf_and_explains_the_unknown_authority() -> None:
    leaf = ROOT.issue("registry.example", validity=VALID, hash=hashes.SHA1())
    codes = found(chain_seen(leaf, system=[ROOT.der]))
    assert set(codes) == {CODE}
    assert "its certificate is signed with ECDSA-SHA1" in codes[CODE].title
    assert any("insecure algorithm" in each.fact for each in codes[CODE].evidence)


def test_the_culprit_is_the_intermediate_that_was_signed_so() -> None:
    weak = ROOT.intermediate("Example Issuing CA", validity=VALID, hash=hashes.SHA1())
    seen = chain_seen(weak.issue("registry.example", validity=VALID), system=[ROOT.der])
    finding = found(seen)[CODE]
    assert "the CA certificate CN=Example Issuing CA" in finding.title
    (culprit,) = [each.data for each in finding.evidence if "culprit" in each.data]
    assert culprit["place"] == 1
    assert set(found(seen)) == {CODE}


def test_quiet_for_a_root_that_signed_itself_with_sha1() -> None:
    root = CertificateAuthority("Old Root CA", validity=VALID, hash=hashes.SHA1())
    leaf = root.issue("registry.example", validity=VALID, send_root=True)
    assert found(chain_seen(leaf, system=[root.der])) == {}


def test_quiet_for_an_authority_that_is_not_installed() -> None:
    assert CODE not in found(chain_seen(ROOT.issue("registry.example", validity=VALID)))
