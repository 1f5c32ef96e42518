"""DER and certificates: strict where Go is, and no traceback on any octets."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regdoctor.x509 import ParseError, parse, release
from regdoctor.x509.der import Der, dotted
from tests.unit.regdoctor.x509.vectors import chain, vectors

GOOD = [octets for each in vectors() for octets in chain(each)]
LATEST = release()


@given(st.binary(max_size=200))
def test_any_octets_parse_or_raise_a_parse_error(octets: bytes) -> None:
    with contextlib.suppress(ParseError):
        parse(octets, LATEST)


@given(st.sampled_from(GOOD), st.data())
def test_a_damaged_certificate_parses_or_raises_a_parse_error(
    octets: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, max(0, len(octets) - 1)))
    damaged = octets[:at] + data.draw(st.binary(max_size=3)) + octets[at + 1 :]
    with contextlib.suppress(ParseError):
        parse(damaged, LATEST)


def test_a_certificate_cut_anywhere_is_malformed() -> None:
    whole = chain(vectors()[0])[0]
    for length in range(len(whole)):
        with pytest.raises(ParseError, match="x509: malformed certificate"):
            parse(whole[:length], LATEST)


def test_octets_after_the_certificate_are_trailing_data() -> None:
    with pytest.raises(ParseError, match="x509: trailing data"):
        parse(chain(vectors()[0])[0] + b"\x00", LATEST)


def test_a_fault_in_the_extensions_leaves_subject_and_key_known() -> None:
    case = next(each for each in vectors() if each["id"] == "form-san-garbage")
    with pytest.raises(ParseError) as caught:
        parse(chain(case)[0], LATEST)
    assert caught.value.partial is not None
    assert caught.value.partial.subject.common_name == "registry.example.com"
    assert caught.value.partial.key is not None


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        ("0603550403", "2.5.4.3"),
        ("06092a864886f70d010101", "1.2.840.113549.1.1.1"),
        ("060100", "0.0"),
        ("060127", "0.39"),
        ("06028837", "2.999"),
        ("0600", None),
        ("0602802a", None),
        ("060255ff", None),
        ("0606558fffffff7f", None),  # Go keeps an arc in 31 bits
    ],
)
def test_object_identifiers_follow_x690(encoded: str, expected: str | None) -> None:
    assert Der(bytes.fromhex(encoded)).identifier() == expected


@given(st.lists(st.integers(0, 2**28 - 1), max_size=6), st.integers(0, 2), st.integers(0, 39))
def test_object_identifiers_come_back_as_they_were_encoded(
    arcs: list[int], first: int, second: int
) -> None:
    content = b"".join(map(_base128, [40 * first + second, *arcs]))
    assert dotted(content) == ".".join(map(str, [first, second, *arcs]))


def _base128(value: int) -> bytes:
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(value & 0x7F | 0x80)
    return bytes(reversed(octets))


@pytest.mark.parametrize(
    "encoded",
    [
        "3080",  # indefinite length
        "308101" + "00",  # long form for a short length
        "30820001" + "00",  # leading zero
        "3003" + "0000",  # longer than what is there
        "3f0100",  # a tag of several octets
        "30",
        "",
    ],
)
def test_lengths_and_tags_that_are_not_der_are_refused(encoded: str) -> None:
    assert Der(bytes.fromhex(encoded)).any() is None


@pytest.mark.parametrize(
    ("encoded", "value"),
    [
        ("020100", 0),
        ("0201ff", -1),
        ("02020080", 128),
        ("02020001", None),
        ("0202ff80", None),
        ("0200", None),
    ],
)
def test_integers_are_minimal(encoded: str, value: int | None) -> None:
    assert Der(bytes.fromhex(encoded)).integer() == value


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        ("03020780", (b"\x80", 7)),
        ("03020781", None),
        ("030100", (b"", 0)),
        ("030101", None),
        ("030208ff", None),
        ("0300", None),
    ],
)
def test_unused_bits_of_a_bit_string_are_zero(
    encoded: str, expected: tuple[bytes, int] | None
) -> None:
    assert Der(bytes.fromhex(encoded)).bits() == expected
