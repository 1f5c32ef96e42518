"""x509-chain-rejected: what no other check explains is told in Go's words."""

from __future__ import annotations

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import VALID, chain_seen, found

CODE = "x509-chain-rejected"
ROOT = CertificateAuthority("Example Root CA", validity=VALID)


def test_fires_for_a_critical_extension_that_go_does_not_know() -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    leaf = ROOT.issue("registry.example", validity=VALID, extensions=[(unknown, True)])
    codes = found(chain_seen(leaf, system=[ROOT.der]))
    assert set(codes) == {CODE}
    assert "unhandled critical extension" in codes[CODE].title


def test_the_authority_of_a_refused_chain_is_not_called_missing() -> None:
    issuing = ROOT.intermediate(validity=VALID)
    usages = (ExtendedKeyUsageOID.CLIENT_AUTH,)
    leaf = issuing.issue("registry.example", validity=VALID, usages=usages)
    codes = found(chain_seen(leaf, own=[ROOT.der]))
    assert codes["x509-incompatible-key-usage"].breaks == ("regdoctor",)
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
