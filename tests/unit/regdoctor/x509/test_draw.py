"""A chain drawn in lines: what is shown, and which certificate is marked."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from regdoctor.x509 import verify
from regdoctor.x509.draw import draw
from tests.fixtures.ca import CertificateAuthority, Issued, Validity, self_signed
from tests.unit.regdoctor.x509.vectors import judge, vectors

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
ROOT = CertificateAuthority("Example Root CA")
CA = ROOT.intermediate("Example Issuing CA")
SERVED = CA.issue("r.example", ips=["127.0.0.1"])


def _drawn(served: Issued, *roots: bytes, name: str = "r.example") -> list[str]:
    verdict = verify(served.chain, roots, name, NOW)
    return draw(verdict, NOW, root_names=["ca.crt", "other.crt"])


def _heads(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith(" ")]


def test_a_good_chain_is_drawn_up_to_its_root() -> None:
    lines = _drawn(SERVED, ROOT.pem)
    assert _heads(lines) == [
        "sent 0  CN=r.example",
        "sent 1  CN=Example Issuing CA",
        "ca.crt  CN=Example Root CA",
    ]
    assert "    names    r.example, 127.0.0.1" in lines
    assert "    issuer   CN=Example Issuing CA (sent 1)" in lines
    assert "    issuer   CN=Example Root CA (ca.crt)" in lines
    assert any(line.startswith("    sha256   ") and len(line) == 13 + 64 for line in lines)


@pytest.mark.parametrize(
    ("served", "expected"),
    [
        (
            CA.issue("r.example", validity=Validity.expired(NOW, days=3)),
            "sent 0  CN=r.example  <- at fault: expired",
        ),
        (
            CA.issue("other.example"),
            "sent 0  CN=other.example  <- at fault: does not cover the name asked for",
        ),
        (
            dataclasses.replace(SERVED, sent=()),
            "sent 0  CN=r.example  <- at fault: nobody trusted vouches for it",
        ),
        (
            ROOT.intermediate("Old CA", validity=Validity.expired(NOW)).issue("r.example"),
            "sent 1  CN=Old CA  <- at fault: expired",
        ),
        (
            ROOT.intermediate("Not a CA", ca=False).issue("r.example"),
            "sent 1  CN=Not a CA  <- at fault: may not issue certificates",
        ),
    ],
)
def test_the_certificate_at_fault_is_marked_and_no_other(served: Issued, expected: str) -> None:
    heads = _heads(_drawn(served, ROOT.pem))
    assert [head for head in heads if "<-" in head] == [expected]


def test_the_span_since_expiry_is_told() -> None:
    served = CA.issue("r.example", validity=Validity.expired(NOW, days=3))
    assert any("(expired 3 days before)" in line for line in _drawn(served, ROOT.pem))


def test_a_missing_issuer_is_told_apart_from_a_namesake() -> None:
    alone = dataclasses.replace(SERVED, sent=())
    renewed = CertificateAuthority("Example Root CA")
    direct = ROOT.issue("r.example")
    assert any("(not sent, and not among the roots)" in line for line in _drawn(alone, ROOT.pem))
    lines = _drawn(direct, renewed.pem)
    assert any("(ca.crt has that name, but did not sign this)" in line for line in lines)
    assert _heads(lines)[-1] == "ca.crt  CN=Example Root CA"


def test_a_self_signed_leaf_is_its_own_issuer() -> None:
    assert "    issuer   CN=r.example (itself)" in _drawn(self_signed("r.example"))


def test_junk_is_drawn_with_its_reason() -> None:
    verdict = verify([SERVED.der, b"junk"], [ROOT.pem], "r.example", NOW)
    assert draw(verdict, NOW)[-1] == (
        "sent 1  not a certificate that Go can read  <- at fault: x509: malformed certificate"
    )


def test_every_vector_can_be_drawn() -> None:
    for case in vectors():
        verdict = judge(case)
        time = dt.datetime.fromisoformat(case["time"])
        assert len(draw(verdict, time)) >= len(verdict.entries)
