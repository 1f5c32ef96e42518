"""Messages, keys and names of the handshake, against the RFCs and against any octets."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.transport.handshake import Alert, HandshakeError, HandshakeStage
from builder.transport.handshake.hello import ClientHello, sendable_name, server_hello
from builder.transport.handshake.messages import authorities, certificates
from builder.transport.handshake.parameters import P256, X25519
from builder.transport.handshake.schedule import ServerKeys
from builder.transport.handshake.shares import new_share


@given(st.binary(max_size=300))
def test_any_octets_are_read_or_refused_as_a_protocol_fault(octets: bytes) -> None:
    for read in (
        server_hello,
        lambda body: certificates(body, tls13=True),
        lambda body: certificates(body, tls13=False),
        lambda body: authorities(body, version_1_2=True, tls13=False),
        lambda body: authorities(body, version_1_2=False, tls13=True),
    ):
        with contextlib.suppress(HandshakeError):
            read(octets)


@given(st.lists(st.tuples(st.binary(max_size=50), st.binary(max_size=9)), max_size=5))
def test_certificate_entries_of_tls_1_3_carry_extensions(
    entries: list[tuple[bytes, bytes]],
) -> None:
    listed = b"".join(
        len(each).to_bytes(3, "big") + each + len(more).to_bytes(2, "big") + more
        for each, more in entries
    )
    body = b"\x00" + len(listed).to_bytes(3, "big") + listed
    assert certificates(body, tls13=True) == tuple(each for each, _ in entries)


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("registry.example", b"registry.example"),
        ("registry.example.", b"registry.example"),
        ("bücher.example", b"xn--bcher-kva.example"),
        ("STRAßE.example", b"xn--strae-oqa.example"),
        ("192.0.2.1", b""),
        ("[2001:db8::1]", b""),
        ("fe80::1%eth0", b""),
        ("a..\u00fc", b""),
        ("", b""),
        (None, b""),
    ],
)
def test_only_names_are_sent_as_names(name: str | None, sent: bytes) -> None:
    assert sendable_name(name) == sent


def test_the_hello_fits_into_one_small_packet() -> None:
    hello = ClientHello("a-registry-with-a-rather-long-name.internal.example")
    assert len(hello.body([new_share(X25519), new_share(P256)])) < 512


def test_keys_and_records_are_those_of_rfc_8448() -> None:
    # RFC 8448, section 3: the shared secret, ClientHello..ServerHello by their digest's inputs.
    hello = bytes.fromhex(
        "010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7000006130113"
        "031302010000910000000b0009000006736572766572ff01000100000a00140012001d0017001800190100010"
        "1010201030104002300000033002600240"
        "01d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c002b0003020304000d"
        "0020001e04030503060302030804080508060401050106010201040205020602020"
        "2002d00020101001c00024001"
    )
    answer = bytes.fromhex(
        "020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e0"
        "0330024001d0020c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304"
    )
    secret = bytes.fromhex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d")
    keys = ServerKeys(0x1301, secret, hello + answer)
    assert keys._iv.hex() == "5d313eb2671276ee13000b30"


def test_a_record_that_does_not_decrypt_is_a_protocol_fault() -> None:
    keys = ServerKeys(0x1303, bytes(32), b"hello")
    with pytest.raises(HandshakeError) as caught:
        keys.open(b"\x17\x03\x03\x00\x20", bytes(32))
    assert caught.value.stage is HandshakeStage.PROTOCOL


def test_an_alert_without_a_name_shows_its_number() -> None:
    assert (Alert(2, 250).name, Alert(1, 112).fatal, Alert(1, 0).fatal) == (
        "alert 250",
        False,
        True,
    )
