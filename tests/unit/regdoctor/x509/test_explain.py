"""The certificate really at fault, and the sentences about what Go's words hide."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from regdoctor.x509 import Verdict, verify
from regdoctor.x509.explain import hidden, words
from tests.fixtures.ca import CertificateAuthority, Issued, Validity, self_signed
from tests.unit.regdoctor.x509.vectors import judge, vectors

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
HOST = "registry.example.com"
ROOT = CertificateAuthority("Example Root CA")


def judged(served: Issued, *roots: bytes, more: Sequence[bytes] = ()) -> Verdict:
    return verify([*served.chain, *more], roots or [ROOT.pem], HOST, NOW)


def told(verdict: Verdict) -> tuple[str, list[str]]:
    """(the place at fault, the sentences)."""
    return str(verdict.culprit), hidden(verdict, str)


def test_nothing_is_hidden_of_a_chain_that_is_accepted() -> None:
    verdict = judged(ROOT.issue(HOST))
    assert verdict.accepted
    assert hidden(verdict, str) == []
    assert words(verdict) == ""


SIGNS_DATA = x509.KeyUsage(True, *[False] * 8)


@pytest.mark.parametrize(
    ("authority", "why"),
    [
        (ROOT.intermediate("Not a CA", ca=False), "its basic constraints say CA:FALSE"),
        (ROOT.intermediate("Not a CA", ca=None), "it has no basic constraints"),
        (
            ROOT.intermediate("Not a CA", signs_certificates=None, extensions=[(SIGNS_DATA, True)]),
            "its key usage leaves out the signing of certificates",
        ),
    ],
)
def test_an_intermediate_that_may_not_issue_is_at_fault_and_not_the_leaf(
    authority: CertificateAuthority, why: str
) -> None:
    verdict = judged(authority.issue(HOST))
    assert str(verdict.about) == "chain[0]"
    assert told(verdict) == ("chain[1]", [f"chain[1] signed chain[0], and may not: {why}"])


def test_an_expired_intermediate_is_named_where_go_tells_a_date_only() -> None:
    verdict = judged(ROOT.intermediate("Old CA", validity=Validity.expired(NOW)).issue(HOST))
    assert told(verdict) == (
        "chain[1]",
        ["it is chain[1] that has expired, not the server's own certificate"],
    )


def test_an_expired_root_of_the_store_is_named() -> None:
    old = CertificateAuthority("Old Root", validity=Validity.expired(NOW))
    verdict = judged(old.issue(HOST), old.pem)
    assert told(verdict) == (
        "roots[0]",
        ["it is roots[0] that has expired, not the server's own certificate"],
    )


def test_an_expired_root_beside_its_renewal_is_no_fault() -> None:
    old = CertificateAuthority("Root", validity=Validity.expired(NOW))
    new = CertificateAuthority("Root", key=old.signing_key)
    assert judged(new.issue(HOST), old.pem, new.pem).accepted


def test_an_expired_root_beside_a_rekeyed_namesake_is_at_fault() -> None:
    """The leaf is of the old key; the new root of the same name does not help."""
    old = CertificateAuthority("Root", validity=Validity.expired(NOW))
    new = CertificateAuthority("Root")
    for roots in ((old.pem, new.pem), (new.pem, old.pem)):
        verdict = judged(old.issue(HOST), *roots)
        assert verdict.culprit is not None
        assert verdict.culprit.certificate is not None
        assert verdict.culprit.certificate.raw == old.der


def test_two_authorities_of_one_name_with_different_keys_are_told_apart() -> None:
    new = CertificateAuthority("Example Root CA")
    culprit, sentences = told(judged(ROOT.issue(HOST), new.pem))
    assert culprit == "chain[0]"
    assert sentences[0] == "roots[0] has the issuer's name, but its key did not sign chain[0]"
    assert sentences[1].startswith("their key identifiers differ: there are two keys of that name")


def test_a_damaged_signature_is_told_by_key_identifiers_that_agree() -> None:
    good = ROOT.issue(HOST)
    damaged = good.der[:-1] + bytes((good.der[-1] ^ 1,))
    verdict = verify([damaged], [ROOT.pem], HOST, NOW)
    assert "key identifiers agree all the same" in hidden(verdict, str)[1]


def test_a_name_constraint_is_told_with_the_ca_that_has_it() -> None:
    only = x509.NameConstraints([x509.DNSName("other.example")], None)
    ca = ROOT.intermediate("Constrained CA", extensions=[(only, True)])
    assert told(judged(ca.issue(HOST))) == ("chain[0]", ["the constraint is that of chain[1]"])


def test_the_name_of_an_intermediate_that_a_constraint_forbids_is_its_fault() -> None:
    only = x509.NameConstraints([x509.DNSName("example.com")], None)
    upper = ROOT.intermediate("Constrained CA", extensions=[(only, True)])
    foreign = x509.SubjectAlternativeName([x509.DNSName("other.example")])
    lower = upper.intermediate("Foreign CA", extensions=[(foreign, False)])
    assert told(judged(lower.issue(HOST))) == (
        "chain[1]",
        ["the constraint is that of chain[2]", "the name is one of chain[1]"],
    )


def test_a_key_usage_above_the_leaf_is_told_with_its_certificate() -> None:
    clients = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    ca = ROOT.intermediate("Clients CA", extensions=[(clients, False)])
    verdict = judged(ca.issue(HOST))
    assert str(verdict.about) == "chain[0]"
    assert told(verdict) == (
        "chain[1]",
        ["chain[1] is for clients only, and so is all that it issues"],
    )
    leaf = ROOT.issue(HOST, usages=[ExtendedKeyUsageOID.CODE_SIGNING])
    assert told(judged(leaf)) == ("chain[0]", ["chain[0] is for code signing only"])


def test_a_limit_of_intermediates_is_told_with_the_ca_that_sets_it() -> None:
    ca = ROOT.intermediate("Short CA", path_length=0).intermediate("Lower CA")
    assert told(judged(ca.issue(HOST))) == (
        "chain[2]",
        ["chain[2] sets the limit: 0 intermediates below it"],
    )


def test_an_unknown_critical_extension_is_told_with_its_number() -> None:
    strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    ca = ROOT.intermediate("Strange CA", extensions=[(strange, True)])
    assert told(judged(ca.issue(HOST))) == (
        "chain[1]",
        ["the extension stands in chain[1]: 1.2.3.4"],
    )


def test_a_needless_certificate_that_does_not_parse_is_told() -> None:
    verdict = judged(ROOT.issue(HOST), more=[b"junk"])
    assert told(verdict) == (
        "chain[1]",
        ["it is chain[1]; Go reads every certificate sent, needed or not"],
    )


def test_an_authority_that_is_nowhere_is_told_by_its_name() -> None:
    ca = ROOT.intermediate("Example Issuing CA")
    leaf_alone = Issued(ca.issue(HOST).certificate, ca.signing_key)
    missing = "the issuer of chain[0] is neither sent nor among the roots: CN=Example Issuing CA"
    assert told(judged(leaf_alone)) == ("chain[0]", [missing])
    alone = self_signed(HOST)
    assert told(judged(alone)) == (
        "chain[0]",
        ["chain[0] signed itself, and is not among the roots"],
    )


def test_a_root_that_go_cannot_use_is_at_fault() -> None:
    """Of the executed chains: the pool's root does not parse, or has a key of unknown type."""
    cases = {each["id"]: each for each in vectors()}
    verdict = judge(cases["constraint-root-unparsable"])
    left_out = "roots[0] is the issuer by its name, but Go leaves it out"
    assert told(verdict) == (
        "roots[0]",
        [f"{left_out}: x509: empty name constraints extension"],
    )
    assert "its key is of a type" in hidden(judge(cases["alg-unknown-key-root"]), str)[0]


@pytest.mark.parametrize("identity", [each["id"] for each in vectors()])
def test_every_refusal_has_words_for_its_culprit(identity: str) -> None:
    verdict = judge(next(each for each in vectors() if each["id"] == identity))
    assert verdict.accepted or words(verdict)
    for sentence in hidden(verdict, str):
        assert not sentence.endswith(".")
        assert "None" not in sentence
