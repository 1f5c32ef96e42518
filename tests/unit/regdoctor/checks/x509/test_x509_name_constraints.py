"""x509-name-constraints: which CA is limited, and which name is outside."""

from __future__ import annotations

from cryptography import x509

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import VALID, chain_seen, found

CODE = "x509-name-constraints"
ROOT = CertificateAuthority("Example Root CA", validity=VALID)
LIMITED = ROOT.intermediate(
    "Corp CA",
    validity=VALID,
    extensions=[(x509.NameConstraints([x509.DNSName("corp.example")], None), True)],
)


def test_fires_and_names_the_ca_and_the_name() -> None:
    leaf = LIMITED.issue("registry.example", "registry.corp.example", validity=VALID)
    codes = found(chain_seen(leaf, system=[ROOT.der]))
    assert set(codes) == {CODE}
    finding = codes[CODE]
    assert "the CA CN=Corp CA may not sign" in finding.title
    assert 'DNS name "registry.example" is not permitted' in finding.title
    (culprit,) = [each.data for each in finding.evidence if "culprit" in each.data]
    assert culprit["place"] == 1
    assert "below corp.example" in finding.fixes[0].title


def test_a_limited_root_that_is_not_sent_is_told_too() -> None:
    root = CertificateAuthority(
        "Limited Root CA",
        validity=VALID,
        extensions=[(x509.NameConstraints(None, [x509.DNSName("registry.example")]), True)],
    )
    finding = found(chain_seen(root.issue("registry.example", validity=VALID), system=[root.der]))
    assert "above CN=Limited Root CA" in finding[CODE].title


def test_quiet_for_names_that_are_inside() -> None:
    leaf = LIMITED.issue("registry.corp.example", validity=VALID)
    assert found(chain_seen(leaf, host="registry.corp.example", system=[ROOT.der])) == {}


def test_quiet_for_a_hostname_that_is_not_covered() -> None:
    leaf = LIMITED.issue("other.corp.example", validity=VALID)
    assert set(found(chain_seen(leaf, system=[ROOT.der]))) == {"x509-hostname-mismatch"}
