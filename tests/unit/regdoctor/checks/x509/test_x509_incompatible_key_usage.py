"""x509-incompatible-key-usage: which certificate is not for servers."""

from __future__ import annotations

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import VALID, chain_seen, found

CODE = "x509-incompatible-key-usage"
ROOT = CertificateAuthority("Example Root CA", validity=VALID)
CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)


def test_fires_for_a_client_certificate_served_by_a_server() -> None:
    leaf = ROOT.issue("registry.example", validity=VALID, usages=CLIENT)
    codes = found(chain_seen(leaf, system=[ROOT.der]))
    assert set(codes) == {CODE}
    assert "its certificate is for clientAuth alone" in codes[CODE].title
    assert any("extendedKeyUsage=serverAuth" in each for each in codes[CODE].fixes[0].commands)


def test_the_culprit_is_a_ca_that_may_not_sign_for_servers() -> None:
    limited = ROOT.intermediate(
        "Mail CA",
        validity=VALID,
        extensions=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)],
    )
    seen = chain_seen(limited.issue("registry.example", validity=VALID), system=[ROOT.der])
    finding = found(seen)[CODE]
    assert "the CA certificate CN=Mail CA is for emailProtection alone" in finding.title
    (culprit,) = [each.data for each in finding.evidence if "culprit" in each.data]
    assert culprit["place"] == 1
    assert set(found(seen)) == {CODE}


def test_quiet_without_the_extension() -> None:
    leaf = ROOT.issue("registry.example", validity=VALID, usages=None)
    assert CODE not in found(chain_seen(leaf, system=[ROOT.der]))


def test_quiet_for_server_and_client_use_together() -> None:
    usages = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
    leaf = ROOT.issue("registry.example", validity=VALID, usages=usages)
    assert found(chain_seen(leaf, system=[ROOT.der])) == {}
