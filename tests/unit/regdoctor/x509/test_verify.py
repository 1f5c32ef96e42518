"""What the vectors do not hold: our own parameters, speed, and chains made today."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import ipaddress
import subprocess
import sys
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from builder.oci.goquote import go_quote
from regdoctor.x509 import Kind, ParseError, UnknownReleaseError, distrust, parse, release, verify
from regdoctor.x509.der import Der
from regdoctor.x509.hosts import check_host, parse_address
from regdoctor.x509.text import rfc3339
from regdoctor.x509.urls import UrlError, host_of
from tests.fixtures.ca import CertificateAuthority, Validity
from tests.unit.regdoctor.x509.vectors import chain, vector

NOW = dt.datetime.now(dt.UTC)
ROOT = CertificateAuthority("Example Root CA")
CA = ROOT.intermediate("Example Issuing CA")


def test_a_chain_made_today_is_accepted_for_every_kind_of_key() -> None:
    for kind in ("p256", "p384", "p521", "ed25519", "rsa2048"):
        root = CertificateAuthority("Root", key_kind=kind)
        served = root.intermediate("Int", key_kind=kind).issue("r.example", key_kind=kind)
        verdict = verify(served.chain, [root.pem], "r.example", NOW)
        assert verdict.accepted, (kind, verdict.text)
        assert [[str(each) for each in path] for path in verdict.paths] == [
            ["chain[0]", "chain[1]", "roots[0]"]
        ]


def test_a_root_pool_of_no_use_is_told_apart_from_a_missing_intermediate_by_the_culprit() -> None:
    served = CA.issue("r.example")
    unknown = verify(served.chain, [], "r.example", NOW)
    missing = verify(dataclasses.replace(served, sent=()).chain, [ROOT.pem], "r.example", NOW)
    assert unknown.kind is missing.kind is Kind.UNKNOWN_AUTHORITY
    assert (str(unknown.culprit), str(missing.culprit)) == ("chain[1]", "chain[0]")


def test_the_request_text_is_the_one_of_net_http() -> None:
    verdict = verify(CA.issue("r.example").chain, [], "r.example", NOW)
    assert verdict.request_text("HEAD", "https://r.example/v2/") == (
        'Head "https://r.example/v2/": tls: failed to verify certificate: '
        "x509: certificate signed by unknown authority"
    )


def test_the_time_is_printed_in_its_own_zone() -> None:
    served = CA.issue("r.example", validity=Validity.expired(NOW))
    here = NOW.astimezone(dt.timezone(dt.timedelta(hours=5, minutes=30)))
    verdict = verify(served.chain, [ROOT.pem], "r.example", here)
    assert verdict.kind is Kind.EXPIRED
    assert f"current time {rfc3339(here)} is after" in verdict.text
    assert "+05:30" in verdict.text


def test_an_empty_chain_and_a_naive_time_have_answers_of_their_own() -> None:
    assert verify([], [ROOT.pem], "r.example", NOW).kind is Kind.EMPTY_CHAIN
    with pytest.raises(ValueError, match="offset from UTC"):
        verify([], [], "r.example", dt.datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize("text", ["1.24", "go1.24.3", "1.26rc1", "go1.27.3 X:nocoverageredesign"])
def test_releases_are_read_in_the_forms_programs_print(text: str) -> None:
    assert release(text).version >= (1, 24, 0)


@pytest.mark.parametrize("text", ["", "devel", "1", "v1.2.3.4"])
def test_what_is_no_release_is_refused(text: str) -> None:
    with pytest.raises(UnknownReleaseError):
        release(text)


def test_an_ordinary_chain_takes_less_than_three_milliseconds() -> None:
    served, roots = CA.issue("r.example"), [ROOT.pem]
    verify(served.chain, roots, "r.example", NOW)
    durations = []
    for _ in range(20):
        begun = time.perf_counter()
        verify(served.chain, roots, "r.example", NOW)
        durations.append(time.perf_counter() - begun)
    assert min(durations) < 0.003


def test_importing_does_not_import_cryptography_or_the_network() -> None:
    code = (
        "import sys, regdoctor.x509; "
        "print([m for m in ('cryptography', 'socket', 'ssl', 'asyncio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.10", "192.0.2.10"),
        ("192.0.2.010", None),
        ("192.0.2.10:5000", None),
        ("::ffff:192.0.2.10", "::ffff:192.0.2.10"),
        ("fe80::1%eth0", "fe80::1"),
        ("fe80::1%a%b\u00fc", "fe80::1"),
        ("fe80::1%", None),
        ("192.0.2.10%eth0", None),
        ("", None),
    ],
)
def test_addresses_are_those_that_go_reads(host: str, address: str | None) -> None:
    assert parse_address(host) == (ipaddress.ip_address(address) if address else None)


def test_zones_were_no_addresses_before_1_27() -> None:
    assert parse_address("fe80::1%eth0", zones=False) is None


def test_a_distrusted_key_ends_the_search_without_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served = CA.issue("r.example")
    root = parse(ROOT.der, release())
    monkeypatch.setattr(distrust, "_KEYS", {hashlib.sha256(root.spki).digest()})
    verdict = verify(served.chain, [ROOT.pem], "r.example", NOW)
    assert verdict.verify_text == "x509: no valid chains built"
    assert verify(served.chain, [ROOT.pem], "r.example", NOW, "1.26.6").accepted


@pytest.mark.parametrize(("go", "shown"), [("1.26.6", "192.0.2.77/24"), ("1.27.3", "192.0.2.0/24")])
def test_a_network_is_told_as_written_until_1_27(go: str, shown: str) -> None:
    subtree = bytes.fromhex("300ea10c300a8708c000024dffffff00")
    constraint = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.30"), subtree)
    root = CertificateAuthority("Root", extensions=[(constraint, True)])
    served = root.issue("r.example", ips=["192.0.2.10"])
    verdict = verify(served.chain, [root.pem], "r.example", NOW, go)
    assert verdict.kind is Kind.NAME_CONSTRAINT
    assert verdict.text.endswith(f'IP address "192.0.2.10" is excluded by constraint "{shown}"')


@pytest.mark.parametrize(
    ("place", "octet", "cause"),
    [(-200, None, "invalid signature"), (-1, 255, "invalid signature encoding")],
)
def test_a_damaged_mldsa_signature_is_told_in_go_s_words(
    place: int, octet: int | None, cause: str
) -> None:
    case = vector("alg-mldsa-root")
    damaged = bytearray(chain(case)[0])
    damaged[place] = damaged[place] ^ 1 if octet is None else octet
    roots = [each.encode() for each in case["roots"]]
    when = dt.datetime.fromisoformat(case["time"])
    verdict = verify([bytes(damaged)], roots, case["name"], when)
    assert verdict.hint is not None
    assert verdict.hint.text == f"x509: ML-DSA verification failure: mldsa: {cause}"


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("0c0141", ""),
        ("1c0400000041", ""),
        ("0500", ""),
        ("020101", ""),
        ("a00141", ""),
        ("0209010000000000000000", "invalid ASN.1 integer"),
        ("010101", "invalid ASN.1 BOOLEAN"),
        ("030108", "invalid ASN.1 BIT STRING"),
        ("0600", "invalid ASN.1 OBJECT IDENTIFIER"),
        ("170141", "x509: malformed UTCTime"),
        ("1f01", "invalid ASN.1 element"),
        ("0c01ff", "invalid UTF-8 string"),
    ],
)
def test_an_attribute_may_hold_any_type_since_1_27(value: str, fault: str) -> None:
    wanted = f"x509: invalid RDNSequence: invalid attribute value: {fault}"
    renamed = _with_subject_value(CA.issue("r.example").der, bytes.fromhex(value))
    if not fault:
        assert parse(renamed, release()).subject_raw
        return
    with pytest.raises(ParseError) as caught:
        parse(renamed, release())
    assert str(caught.value) == wanted


def _with_subject_value(octets: bytes, value: bytes) -> bytes:
    """The certificate with ``value`` in place of the text of its subject's common name."""
    old = b"\x0c\x09r.example"
    at = octets.index(bytes.fromhex("3014311230100603550403") + old)
    attribute = _tlv(0x30, bytes.fromhex("0603550403") + value)
    subject = _tlv(0x30, _tlv(0x31, attribute))
    outer = Der(octets).inside(0x30)
    tbs = outer.element(0x30) if outer else None
    assert tbs is not None
    header = len(tbs) - len(Der(tbs).content(0x30) or b"")
    begin = octets.index(tbs)
    inner = octets[begin + header : at] + subject + octets[at + 22 : begin + len(tbs)]
    return _tlv(0x30, _tlv(0x30, inner) + octets[begin + len(tbs) :])


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def test_the_common_name_counted_once_and_the_advice_dates_the_client() -> None:
    served = CA.issue("r.example", san=False)

    def says(go: str, godebug: str = "") -> str:
        return verify(served.chain, [ROOT.pem], "r.example", NOW, go, godebug=godebug).text

    assert says("1.14") == says("1.16", "x509ignoreCN=0") == ""
    assert says("1.15.5").endswith("GODEBUG=x509ignoreCN=0")
    assert says("1.17", "x509ignoreCN=0").endswith("legacy Common Name field, use SANs instead")


def test_sha1_was_accepted_and_then_could_be_asked_for_until_1_24() -> None:
    served = CA.issue("r.example", hash=hashes.SHA1())

    def accepts(go: str, godebug: str = "") -> bool:
        return verify(served.chain, [ROOT.pem], "r.example", NOW, go, godebug=godebug).accepted

    asked = "x509sha1=1"
    assert [accepts("1.17"), accepts("1.18"), accepts("1.23", asked)] == [True, False, True]
    assert not accepts("1.24", asked)


def test_a_host_in_brackets_is_an_address() -> None:
    leaf = parse(CA.issue("r.example", ips=["2001:db8::10"]).der, release())
    assert check_host(leaf, "[2001:db8:0::10]", release()) is None
    assert check_host(leaf, "R.EXAMPLE.", release()) is None
    assert check_host(leaf, "r.example:443", release()) is not None


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("https://a.example:5000/x?y#z", "a.example:5000"),
        ("urn:uuid:1", ""),
        ("spiffe://trust/x", "trust"),
        ("//a.example/", "a.example"),
        ("https://user:pw@a.example/", "a.example"),
        ("https://[2001:db8::1]:8/", "[2001:db8::1]:8"),
        ("/path", ""),
    ],
)
def test_the_host_of_a_uri_is_where_go_finds_it(uri: str, host: str) -> None:
    assert host_of(uri) == host


@pytest.mark.parametrize(
    ("uri", "cause"),
    [
        ("http://[::1", "missing ']' in host"),
        ("http://a:b/", 'invalid port ":b" after host'),
        ("http://a b/", 'invalid character " " in host name'),
        (":x", "missing protocol scheme"),
        ("http://a/%zz", 'invalid URL escape "%zz"'),
        ("1:b", "first path segment in URL cannot contain colon"),
        ("http://a\x7f/", "net/url: invalid control character in URL"),
        ("http://a%41/", 'invalid URL escape "%41"'),
        ("http://^%zz/", 'invalid character "^" in host name'),
        ("http://[::1%25a b]/", 'invalid character " " in host name'),
        ("http://[1.2.3.4]/", "invalid IP-literal"),
        ("http://x[::1]/", "invalid IP-literal"),
        ("http://a:1:2/", 'invalid port ":1:2" after host'),
        ("http://us er@a/", "net/url: invalid userinfo"),
        ("http://a/#%zz", 'invalid URL escape "%zz"'),
    ],
)
def test_a_uri_that_go_does_not_parse_has_go_s_cause(uri: str, cause: str) -> None:
    with pytest.raises(UrlError) as caught:
        host_of(uri)
    assert str(caught.value) == cause


def test_quoting_escapes_what_go_escapes() -> None:
    assert go_quote('a"b\\c\td\x01é\u202e') == r'"a\"b\\c\td\x01é\u202e"'
