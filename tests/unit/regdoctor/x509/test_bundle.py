"""Files as people have them: what is taken, what is passed over, and in which order."""

from __future__ import annotations

import base64

import pytest

from regdoctor.x509 import bundle, load_pool, release
from tests.fixtures.ca import CertificateAuthority, self_signed

ROOT = CertificateAuthority("Example Root CA")
CA = ROOT.intermediate("Example Issuing CA")
SERVED = CA.issue("registry.example.com", send_root=True)
LEAF, ISSUING, TOP = SERVED.chain


def block(label: str, content: bytes = b"0\x00") -> bytes:
    body = base64.encodebytes(content)
    return f"-----BEGIN {label}-----\n".encode() + body + f"-----END {label}-----\n".encode()


def test_pem_is_read_in_the_order_of_the_file() -> None:
    assert bundle.read(SERVED.chain_pem) == bundle.Contents((LEAF, ISSUING, TOP))
    assert bundle.read(CA.pem + b"some words\n" + SERVED.pem).certificates == (ISSUING, LEAF)


def test_a_private_key_is_noticed_and_nothing_of_it_comes_out() -> None:
    contents = bundle.read(SERVED.key_pem + SERVED.pem)
    assert contents == bundle.Contents((LEAF,), private_key=True)
    assert "PRIVATE" not in repr(contents)
    assert bundle.read(SERVED.key_pem) == bundle.Contents((), private_key=True)


def test_der_is_read_one_or_many() -> None:
    assert bundle.read(LEAF).certificates == (LEAF,)
    assert bundle.read(LEAF + ISSUING).certificates == (LEAF, ISSUING)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (block("PKCS7"), "openssl pkcs7"),
        (block("CERTIFICATE REQUEST"), "a request"),
        (block("TRUSTED CERTIFICATE"), "OpenSSL's own form"),
        (block("SOMETHING"), "a block SOMETHING: which is no certificate"),
        (b"  " + SERVED.pem, "block 1: it is indented"),
        (SERVED.pem.replace(b"\n", b"\\n"), "block 1: its line ends"),
        (b"\xef\xbb\xbf" + SERVED.pem, "block 1: a byte order mark"),
        (SERVED.pem.replace(b"M", b"*", 1), "block 1: it is not well-formed PEM"),
        (bytes.fromhex("300b06092a864886f70d010702"), "PKCS #7 in DER"),
        (bytes.fromhex("3003020103"), "PKCS #12"),
    ],
)
def test_what_is_no_certificate_is_passed_over_and_said(data: bytes, words: str) -> None:
    contents = bundle.read(data)
    assert contents.certificates == ()
    assert words in contents.passed_over[0]


@pytest.mark.parametrize("data", [b"", b"registry\n", b"\x30", b"\x00\x01"])
def test_nothing_is_found_in_nothing(data: bytes) -> None:
    assert bundle.read(data) == bundle.Contents()


def test_what_go_does_not_load_of_a_root_file_is_put_into_words() -> None:
    told = {
        b"": [],
        ROOT.der: ["it is DER, and Go loads PEM"],
        b"hello\n": ["no certificate in it"],
        b" " + ROOT.pem: ["block 1: it is indented"],
        ROOT.pem + block("TRUSTED CERTIFICATE"): ["block 2: its label is TRUSTED CERTIFICATE"],
        block("CERTIFICATE"): ["block 1: x509: malformed tbs certificate"],
        ROOT.pem.replace(b"-----\n", b"-----\nA: b\n\n", 1): ["block 1: it has a header, A"],
    }
    for data, expected in told.items():
        missed = load_pool((data,), release()).not_loaded
        assert [bundle.not_loaded(each, data) for each in missed] == expected


@pytest.mark.parametrize(
    ("chain", "order"),
    [
        ((TOP, ISSUING, LEAF), [2, 1, 0]),
        ((ISSUING, LEAF), [1, 0]),
        ((ISSUING, LEAF, TOP), [1, 0, 2]),
        ((b"junk", ISSUING, LEAF), [2, 1, 0]),
        ((LEAF, TOP, ISSUING), None),
        ((LEAF,), None),
        ((ISSUING, TOP), None),
        ((), None),
        ((ISSUING, LEAF, self_signed("other.example").der), None),
    ],
)
def test_the_one_server_certificate_is_found_where_it_is_not_first(
    chain: tuple[bytes, ...], order: list[int] | None
) -> None:
    assert bundle.with_leaf_first(chain) == order
