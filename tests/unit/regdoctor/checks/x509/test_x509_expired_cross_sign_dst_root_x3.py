"""x509-expired-cross-sign-dst-root-x3: the old root of Let's Encrypt, and no other."""

from __future__ import annotations

import datetime as dt

from tests.fixtures.ca import CertificateAuthority, Validity
from tests.fixtures.scenes import NOW, VALID, chain_seen, found

CODE = "x509-expired-cross-sign-dst-root-x3"
ENDED = dt.datetime(2021, 9, 30, 14, 1, 15, tzinfo=dt.UTC)
LONG = Validity(ENDED - dt.timedelta(days=7000), ENDED)
OLD = CertificateAuthority("DST Root CA X3", organisation="Digital Signature Trust", validity=LONG)
NEW = CertificateAuthority("ISRG Root X1", validity=VALID)
CROSSED = OLD.intermediate("ISRG Root X1", validity=VALID, key=NEW.signing_key)
LEAF = CROSSED.intermediate("R3", validity=VALID).issue("registry.example", validity=VALID)


def test_fires_where_the_pool_has_the_old_root_alone() -> None:
    codes = found(chain_seen(LEAF, system=[OLD.der]))
    assert set(codes) == {CODE}
    finding = codes[CODE]
    assert any("is after 2021-09-30T14:01:15Z" in each.fact for each in finding.evidence)
    (culprit,) = [each.data for each in finding.evidence if "culprit" in each.data]
    assert "DST Root CA X3" in culprit["culprit"]["subject"]
    assert "update-ca-certificates --fresh" in finding.fixes[0].commands


def test_fires_where_the_pool_has_neither() -> None:
    other = CertificateAuthority("Other Root CA", validity=VALID)
    assert set(found(chain_seen(LEAF, system=[other.der]))) == {CODE}


def test_quiet_where_the_pool_has_the_new_root() -> None:
    assert found(chain_seen(LEAF, system=[NEW.der, OLD.der])) == {}


def test_quiet_for_a_leaf_that_expired_itself() -> None:
    issuing = CROSSED.intermediate("R3", validity=VALID)
    leaf = issuing.issue("registry.example", validity=Validity.expired(NOW))
    codes = found(chain_seen(leaf, system=[NEW.der]))
    assert set(codes) == {"x509-expired-certificate"}


def test_quiet_for_another_root_that_expired() -> None:
    root = CertificateAuthority("Example Root CA", validity=Validity.expired(NOW))
    codes = found(chain_seen(root.issue("registry.example", validity=VALID), system=[root.der]))
    assert set(codes) == {"x509-expired-certificate"}
