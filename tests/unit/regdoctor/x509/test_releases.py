"""What Go releases say differently, where no executed chain of ``go-x509.json`` shows it. Each
was found by comparing with that release's own crypto/x509."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import random
from collections.abc import Sequence

import pytest

from regdoctor.x509 import ParseError, Verdict, parse, release, verify
from regdoctor.x509.urls import printed
from tests.fixtures.chains import encoding
from tests.fixtures.chains.draft import CN, UTF8, Draft
from tests.fixtures.chains.encoding import identifier, implicit, sequence
from tests.fixtures.chains.signing import Key, key

NOW = dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC)
HOST = "registry.example.com"
SAN, CONSTRAINTS, USAGE, POLICIES = "2.5.29.17", "2.5.29.30", "2.5.29.37", "2.5.29.32"
DNS, EMAIL, URI = 2, 1, 6
DICE = random.Random(0)


def authority(number: int, parent: Draft | None = None, at: Key | None = None) -> Draft:
    subject = encoding.name([(CN, f"Example CA {number}".encode(), UTF8)])
    made = Draft(at or key("p256", str(number)), subject, parent)
    made.put("2.5.29.19", sequence(encoding.boolean(True)), True)
    return made


def leaf(parent: Draft | None, *names: bytes) -> Draft:
    made = Draft(key("p256", "leaf"), encoding.name([(CN, b"leaf", UTF8)]), parent)
    made.put(SAN, sequence(*(names or (implicit(DNS, HOST.encode()),))))
    return made


def judged(go: str, chain: Sequence[bytes], *roots: bytes) -> Verdict:
    files = [
        b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(each) + b"-----END CERTIFICATE-----\n"
        for each in roots
    ]
    return verify(chain, files, HOST, NOW, go)


def constrained(kind: int, constraint: str, *, excluded: bool = False) -> bytes:
    base = sequence(implicit(kind, constraint.encode()))
    return sequence(encoding.explicit(1 if excluded else 0, base))


def parse_text(draft: Draft, go: str) -> str:
    try:
        parse(draft.signed(DICE), release(go))
    except ParseError as fault:
        return str(fault)
    return ""


@pytest.mark.parametrize(
    ("go", "refused"),
    [("1.22.10", True), ("1.25.0", True), ("1.25.2", False), ("1.24.8", False), ("1.27.3", False)],
)
def test_a_constraint_that_is_a_lone_dot_parses_in_older_releases(go: str, refused: bool) -> None:
    it = authority(0)
    it.put(CONSTRAINTS, constrained(DNS, "."))
    assert (parse_text(it, go) == "") is refused
    assert refused or parse_text(it, go) == 'x509: failed to parse dnsName constraint "."'


@pytest.mark.parametrize(("go", "parses"), [("1.22.10", True), ("1.23.9", False)])
def test_an_empty_first_label_is_overlooked_up_to_1_22(go: str, parses: bool) -> None:
    it = authority(0)
    it.put(CONSTRAINTS, constrained(DNS, "..com"))
    assert (parse_text(it, go) == "") is parses


@pytest.mark.parametrize(("go", "parses"), [("1.24.11", True), ("1.25.0", False)])
def test_surrogates_in_a_bmp_string_are_refused_since_1_25(go: str, parses: bool) -> None:
    it = Draft(key("p256"), encoding.name([(CN, b"\xd8\x3d\xde\x00", 0x1E)]))
    assert (parse_text(it, go) == "") is parses
    if parses:
        assert parse(it.signed(DICE), release(go)).subject.common_name == "\U0001f600"


@pytest.mark.parametrize(("go", "parses"), [("1.25.2", False), ("1.25.3", True)])
def test_one_release_checked_the_labels_of_mail_addresses(go: str, parses: bool) -> None:
    it = leaf(None, implicit(EMAIL, b"root@"))
    assert (parse_text(it, go) == "") is parses


def _algorithm(certificate: bytes) -> str:
    algorithm = parse(certificate, release()).signature_algorithm
    return algorithm.name if algorithm else ""


@pytest.mark.parametrize("pss", [False, True])
def test_an_exponent_beyond_31_bits_was_good_enough_up_to_1_23(pss: bool) -> None:
    root = authority(0, at=key("rsa1024/4294967297", "odd"))
    wanted = "SHA256-RSAPSS" if pss else "SHA256-RSA"
    made = b""
    while not made or _algorithm(made) != wanted:
        made = leaf(root).signed(DICE)
    assert judged("1.23.9", [made], root.signed(DICE)).accepted
    assert "public exponent too large" in judged("1.27.3", [made], root.signed(DICE)).text


def test_candidates_passed_over_count_since_1_26_2() -> None:
    """Two authorities that certify each other, and no root: the search ends at a hundred."""
    one, other = authority(1), authority(2)
    one.parent, other.parent = other, one
    twins = []
    for number in range(30):
        one.serial, other.serial = bytes((1, number)), bytes((2, number))
        twins += [one.signed(DICE), other.signed(DICE)]
    chain = [leaf(one).signed(DICE), twins[0], twins[1], *twins[2::2]]
    limit = "x509: signature check attempts limit reached while verifying certificate chain"
    assert judged("1.26.2", chain).verify_text == limit
    assert judged("1.25.9", chain).verify_text == limit
    assert judged("1.26.1", chain).verify_text == "x509: certificate signed by unknown authority"


def test_two_chains_with_two_faults_are_counted_in_the_words_of_each_release() -> None:
    root = authority(0)
    issuer, same = authority(1, root), authority(1, root)
    issuer.put(USAGE, sequence(identifier("1.3.6.1.5.5.7.3.2")))
    same.put("2.5.29.36", sequence(implicit(0, b"\x00")), True)
    same.serial = b"\x09"
    chain = [each.signed(DICE) for each in (leaf(issuer), issuer, same)]
    told = {
        go: judged(go, chain, root.signed(DICE)).verify_text.removeprefix(
            "x509: no valid chains built: "
        )
        for go in ("1.24.3", "1.24.11", "1.25.5", "1.26.0", "1.27.3")
    }
    old = "1 chains with incompatible key usage, 1 chains with invalid policies"
    new = "1 candidate chains with incompatible key usage, 1 candidate chains with invalid policies"
    assert told == {"1.24.3": old, "1.24.11": old, "1.25.5": old, "1.26.0": new, "1.27.3": new}


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("http://", "http:"),
        ("HTTPS://Registry.example.com/<b>?#", "https://Registry.example.com/%3Cb%3E?"),
        ("https://u:p!@a.b/%7e%41#<x>", "https://u:p%21@a.b/%7e%41#%3Cx%3E"),
        ("https://[::1%25eth0]/", "https://[::1%25eth0]/"),
        ("urn:example:x", "urn:example:x"),
        ("//x", "//x"),
        ("ldap:///CN=x?y", "ldap:///CN=x?y"),
    ],
)
def test_a_uri_is_printed_as_go_prints_it(written: str, shown: str) -> None:
    assert printed(written) == shown


def test_the_year_nought_is_told_as_it_is() -> None:
    it = leaf(None)
    it.end = encoding.generalized_time("00000229000000Z")
    octets = it.signed(DICE)
    now = "current time 2026-06-15T12:00:00Z"
    assert judged("1.27.3", [octets], octets).verify_text == (
        f"x509: certificate has expired or is not yet valid: {now} is after 0000-02-29T00:00:00Z"
    )
    it.end = encoding.generalized_time("00000230000000Z")
    assert parse_text(it, "1.27.3") == "x509: malformed GeneralizedTime"


def _networked(networks: Sequence[str], *addresses: str) -> list[bytes]:
    """A leaf with addresses below a root that excludes networks."""
    trees = []
    for each in networks:
        base, _, length = each.partition("/")
        packed = ipaddress.ip_address(base).packed
        mask = (1 << 8 * len(packed)) - (1 << 8 * len(packed) - int(length))
        octets = packed + mask.to_bytes(len(packed), "big")
        trees.append(sequence(implicit(7, octets)))
    root = authority(0)
    root.put(CONSTRAINTS, sequence(encoding.explicit(1, *trees)), True)
    names = [implicit(7, ipaddress.ip_address(each).packed) for each in addresses]
    made = leaf(root, implicit(DNS, HOST.encode()), *names)
    return [made.signed(DICE), root.signed(DICE)]


@pytest.mark.parametrize("go", ["1.22.10", "1.25.5", "1.26.6"])
def test_a_network_of_mapped_addresses_is_told_as_ipv4(go: str) -> None:
    it, root = _networked(["::ffff:192.0.2.0/120"], "::ffff:192.0.2.10")
    assert judged(go, [it], root).verify_text.endswith(
        'IP address "192.0.2.10" is excluded by constraint "192.0.2.0/24"'
    )


def test_a_network_with_bits_outside_its_mask_is_overlooked_by_1_26_alone() -> None:
    it, root = _networked(["10.0.0.0/8", "192.0.2.77/24"], "192.0.2.10")
    assert judged("1.26.6", [it], root).accepted
    excluded = 'IP address "192.0.2.10" is excluded by constraint "192.0.2.'
    assert judged("1.25.5", [it], root).verify_text.endswith(f'{excluded}77/24"')
    assert judged("1.27.3", [it], root).verify_text.endswith(f'{excluded}0/24"')
