"""Keys and signature algorithms at the edges: PSS parameters, short and odd keys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regdoctor.x509.keys import KeyKind, PublicKey, public_key, signature_algorithm
from regdoctor.x509.release import release
from regdoctor.x509.signature import rsa_fault

PSS = "1.2.840.113549.1.1.10"


def _tlv(tag: int, content: bytes) -> bytes:
    assert len(content) < 128
    return bytes((tag, len(content))) + content


def _pss(digest: int, mask: int, salt: int, rest: bytes = b"", null: bytes = b"\x05\x00") -> bytes:
    """RSASSA-PSS-params with digests of the SHA-2 family by their last arc."""

    def algorithm(arc: int) -> bytes:
        return _tlv(0x30, _tlv(0x06, bytes.fromhex("6086480165030402") + bytes((arc,))) + null)

    mgf1 = _tlv(0x30, _tlv(0x06, bytes.fromhex("2a864886f70d010108")) + algorithm(mask))
    number = salt.to_bytes(1, "big", signed=salt < 0)
    length = _tlv(0x02, number)
    body = _tlv(0xA0, algorithm(digest)) + _tlv(0xA1, mgf1) + _tlv(0xA2, length)
    return _tlv(0x30, body + rest)


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        (_pss(1, 1, 32), "SHA256-RSAPSS"),
        (_pss(2, 2, 48), "SHA384-RSAPSS"),
        (_pss(3, 3, 64), "SHA512-RSAPSS"),
        (_pss(1, 1, 32, null=b""), "SHA256-RSAPSS"),
        (_pss(1, 1, 32, _tlv(0xA3, b"\x02\x01\x01")), "SHA256-RSAPSS"),
        (_pss(1, 1, 32, _tlv(0xA3, b"\x02\x01\x02")), None),
        (_pss(1, 1, 32, b"\x05\x00"), None),
        (_pss(1, 1, 20), None),
        (_pss(1, 2, 32), None),
        (_pss(4, 4, 28), None),
        (_pss(4, 4, -1), None),
        (b"", None),
        (b"\x05\x00", None),
    ],
)
def test_pss_is_implemented_with_its_own_digest_and_salt_only(
    parameters: bytes, name: str | None
) -> None:
    found = signature_algorithm(PSS, parameters, mldsa=True)
    assert (found.name if found else None) == name


@given(st.binary(max_size=80))
def test_any_parameters_are_read_or_unknown(parameters: bytes) -> None:
    found = signature_algorithm(PSS, parameters, mldsa=True)
    assert found is None or found.pss


def test_ed25519_takes_no_parameters() -> None:
    assert signature_algorithm("1.3.101.112", b"", mldsa=True) is not None
    assert signature_algorithm("1.3.101.112", b"\x05\x00", mldsa=True) is None


def test_a_key_of_an_unknown_type_is_no_fault() -> None:
    assert public_key("1.3.101.110", b"", b"", old_point_text=False, mldsa=True) is None


@pytest.mark.parametrize(
    ("modulus", "exponent", "fault"),
    [
        (1 << 1023 | 1, 65537, ""),
        (1 << 1022 | 1, 65537, "1023-bit keys are insecure"),
        (1 << 1023, 65537, "public modulus is even"),
        (1 << 1023 | 1, 1, "public exponent too small or negative"),
        (1 << 1023 | 1, 4, "public exponent is even"),
        (1 << 1023 | 1, 1 << 31 | 1, "public exponent too large"),
    ],
)
def test_rsa_keys_are_refused_before_their_signatures(
    modulus: int, exponent: int, fault: str
) -> None:
    key = PublicKey(KeyKind.RSA, modulus=modulus, exponent=exponent)
    assert fault in rsa_fault(key, release())
    assert bool(rsa_fault(key, release())) == bool(fault)
    assert rsa_fault(key, release("1.23.9")) == ""
