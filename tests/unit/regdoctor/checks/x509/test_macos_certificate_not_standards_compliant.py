"""macos-certificate-not-standards-compliant: a note, where Go is content and Apple is not."""

from __future__ import annotations

from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.fixtures.ca import CertificateAuthority, Validity
from tests.fixtures.scenes import NOW, VALID, chain_seen, found

CODE = "macos-certificate-not-standards-compliant"
ROOT = CertificateAuthority("Example Root CA", validity=Validity.around(NOW, days=3650))
LONG = Validity.around(NOW, days=3000)


def test_fires_for_a_certificate_of_many_years() -> None:
    codes = found(chain_seen(ROOT.issue("registry.example", validity=LONG), system=[ROOT.der]))
    assert set(codes) == {CODE}
    assert codes[CODE].severity == "info"
    assert "valid for 3001 days, where Apple allows 825" in codes[CODE].title


def test_fires_for_a_certificate_without_a_usage() -> None:
    leaf = ROOT.issue("registry.example", validity=VALID, usages=None)
    assert "serverAuth" in found(chain_seen(leaf, system=[ROOT.der]))[CODE].title


def test_quiet_for_a_certificate_that_keeps_the_rules() -> None:
    usages = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH)
    leaf = ROOT.issue("registry.example", validity=Validity.around(NOW, 800), usages=usages)
    assert found(chain_seen(leaf, system=[ROOT.der])) == {}


def test_quiet_where_the_chain_is_refused_by_all() -> None:
    codes = found(chain_seen(ROOT.issue("registry.example", validity=LONG)))
    assert set(codes) == {"x509-unknown-authority-private-root"}
