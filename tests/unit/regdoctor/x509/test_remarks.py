"""What Go lets pass: told where it is so, and nowhere else."""

from __future__ import annotations

import datetime as dt
import random

from regdoctor.x509 import pem_of, verify
from regdoctor.x509.remarks import remarks
from tests.fixtures.ca import CertificateAuthority, Validity, self_signed
from tests.fixtures.chains import encoding
from tests.fixtures.chains.draft import CN, UTF8, Draft
from tests.fixtures.chains.signing import key

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DICE = random.Random(0)
HOST = "registry.example.com"
ROOT = CertificateAuthority("Example Root CA")
CA = ROOT.intermediate("Example Issuing CA")
LOWER = CA.intermediate("Lower CA")
SERVED = CA.issue(HOST)


def codes(*chain: bytes, roots: bytes = ROOT.pem, days: int = 30) -> list[str]:
    return [each.code for each in remarks(verify(chain, [roots], HOST, NOW), NOW, days, str)]


def test_quiet_about_a_chain_as_it_should_be() -> None:
    assert codes(*SERVED.chain) == []
    assert codes(*LOWER.issue(HOST).chain) == []


def test_what_expires_soon_is_told_to_the_day() -> None:
    soon = CA.issue(HOST, validity=Validity.around(NOW, days=10))
    verdict = verify(soon.chain, [ROOT.pem], HOST, NOW)
    told = remarks(verdict, NOW, 30, str)
    assert [each.code for each in told] == ["expires-soon"]
    assert told[0].text.startswith("chain[0] expires in 10 days, on 20")
    assert codes(*soon.chain, days=9) == []


def test_a_root_that_expires_soon_counts_too() -> None:
    root = CertificateAuthority("Root", validity=Validity.around(NOW, days=3))
    assert codes(*root.issue(HOST).chain, roots=root.pem) == ["expires-soon"]


def test_what_has_expired_is_no_remark() -> None:
    assert codes(*CA.issue(HOST, validity=Validity.expired(NOW)).chain) == []


def test_a_root_that_is_sent_is_needless() -> None:
    assert codes(*CA.issue(HOST, send_root=True).chain) == ["root-sent"]
    alone = self_signed(HOST, ca=True)
    assert codes(alone.der, roots=alone.pem) == []


def test_what_is_sent_twice_is_told_once() -> None:
    assert codes(*SERVED.chain, CA.der) == ["sent-twice"]


def test_an_issuer_before_what_it_issued_is_out_of_order() -> None:
    leaf, lower, upper = LOWER.issue(HOST).chain
    assert codes(leaf, upper, lower) == ["wrong-order"]


def test_a_certificate_of_another_path_is_needless() -> None:
    assert codes(*SERVED.chain, ROOT.intermediate("Other CA").der) == ["sent-needlessly"]


def test_a_cross_signed_certificate_is_not_needless() -> None:
    other = CertificateAuthority("Other Root")
    crossed = other.intermediate("Example Issuing CA", key=CA.signing_key)
    assert codes(*SERVED.chain, crossed.der, roots=ROOT.pem + other.pem) == []


def test_an_intermediate_in_place_of_a_root_is_told() -> None:
    assert codes(SERVED.der, roots=CA.pem) == ["partial-chain"]
    assert codes(SERVED.der, roots=SERVED.pem) == ["partial-chain"]
    assert codes(*SERVED.chain, roots=CA.pem + ROOT.pem) == []


def test_key_identifiers_that_differ_are_told() -> None:
    root = Draft(key("p256"), encoding.name([(CN, b"Root", UTF8)]))
    root.put("2.5.29.19", encoding.sequence(encoding.boolean(True)), True)
    leaf = Draft(key("p256", "leaf"), encoding.sequence(), root, issuer_key_id=b"\x01\x02")
    name = encoding.implicit(2, HOST.encode())
    leaf.put("2.5.29.17", encoding.sequence(name))
    assert codes(leaf.signed(DICE), roots=pem_of((root.signed(DICE),))) == ["key-identifiers"]


def test_a_short_rsa_key_is_told() -> None:
    assert codes(*CA.issue(HOST, key_kind="rsa1024").chain) == ["short-key"]
    assert codes(*CA.issue(HOST, key_kind="rsa2048").chain) == []
