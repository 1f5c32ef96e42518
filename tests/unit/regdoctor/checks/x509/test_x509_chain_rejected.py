"""x509-chain-rejected: what no other check explains is told in Go's words."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import VALID, chain_seen, found

CODE = "x509-chain-rejected"
ROOT = CertificateAuthority("Example Root CA", validity=VALID)


def test_fires_for_a_client_certificate_served_by_a_server() -> None:
    usages = (ExtendedKeyUsageOID.CLIENT_AUTH,)
    leaf = ROOT.issue("registry.example", validity=VALID, usages=usages)
    finding = found(chain_seen(leaf, system=[ROOT.der]))[CODE]
    assert "incompatible key usage" in finding.title


def test_the_authority_of_a_refused_chain_is_not_called_missing() -> None:
    issuing = ROOT.intermediate(validity=VALID)
    usages = (ExtendedKeyUsageOID.CLIENT_AUTH,)
    leaf = issuing.issue("registry.example", validity=VALID, usages=usages)
    codes = found(chain_seen(leaf, own=[ROOT.der]))
    assert codes[CODE].breaks == ("regdoctor",)
    assert codes["x509-unknown-authority-private-root"].confidence == "certain"
    assert "x509-missing-intermediate" not in codes


def test_fires_for_a_namesake_that_did_not_sign() -> None:
    leaf = ROOT.issue("registry.example", validity=VALID)
    namesake = CertificateAuthority("Example Root CA", validity=VALID)
    codes = found(chain_seen(leaf, system=[namesake.der]))
    assert "did not sign" in codes[CODE].title
    assert "x509-unknown-authority-private-root" not in codes


def test_quiet_for_a_private_root() -> None:
    leaf = ROOT.issue("registry.example", validity=VALID)
    assert CODE not in found(chain_seen(leaf))


def test_the_authority_of_a_signature_that_go_gave_up_is_not_called_missing() -> None:
    leaf = ROOT.issue("registry.example", validity=VALID, hash=hashes.SHA1())
    codes = found(chain_seen(leaf, own=[ROOT.der]))
    assert "insecure algorithm" in codes[CODE].title
    assert "certificate signed by unknown authority (possibly" in codes[CODE].title
    assert "x509-missing-intermediate" not in codes
