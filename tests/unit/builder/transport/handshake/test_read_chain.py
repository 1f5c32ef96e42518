"""Chains read from servers of every kind, and what each failure is called."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import ssl

import pytest
from cryptography import x509

from builder.transport.handshake import HandshakeError, HandshakeStage, read_chain
from tests.fixtures.ca import CertificateAuthority, Issued, Validity, self_signed
from tests.unit.builder.transport.handshake.servers import (
    DONE,
    certificate,
    handshake,
    plain_server,
    read_record,
    record,
    says,
    server_hello,
    tls_server,
)

ROOT = CertificateAuthority("Example Root CA")
CA = ROOT.intermediate("Example Issuing CA")
SERVED = CA.issue("r.example")
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


async def _failure(port: int, **options: float) -> HandshakeError:
    with pytest.raises(HandshakeError) as caught:
        await read_chain("127.0.0.1", port, "r.example", timeout=options.get("timeout", 5))
    return caught.value


@pytest.mark.parametrize(("version", "name"), [(V12, "TLSv1.2"), (V13, "TLSv1.3")])
async def test_the_chain_comes_as_sent_in_either_version(
    version: ssl.TLSVersion, name: str
) -> None:
    async with tls_server(SERVED.server_context(minimum=version, maximum=version)) as port:
        chain = await read_chain("127.0.0.1", port, "r.example")
    assert chain.certificates == SERVED.chain
    assert chain.version == name
    assert chain.cipher.startswith("TLS_")
    assert chain.address == "127.0.0.1"
    assert not chain.client_certificate_requested
    assert 0 < chain.seconds < 5


@pytest.mark.parametrize("version", [V12, V13])
@pytest.mark.parametrize(
    "served",
    [
        CA.issue("other.example", validity=Validity.expired()),
        self_signed("r.example"),
        dataclasses.replace(SERVED, sent=()),
        dataclasses.replace(SERVED, sent=(ROOT.certificate, CA.certificate, ROOT.certificate)),
        CA.issue("r.example", key_kind="rsa2048"),
        CA.issue("r.example", key_kind="ed25519"),
    ],
    ids=["expired", "self-signed", "no-intermediate", "odd-order", "rsa", "ed25519"],
)
async def test_faulty_chains_come_as_they_are(served: Issued, version: ssl.TLSVersion) -> None:
    async with tls_server(served.server_context(minimum=version, maximum=version)) as port:
        chain = await read_chain("127.0.0.1", port, "r.example")
    assert chain.certificates == served.chain


@pytest.mark.parametrize("version", [V12, V13])
async def test_a_wish_for_a_client_certificate_is_seen(version: ssl.TLSVersion) -> None:
    context = SERVED.server_context(minimum=version, maximum=version, client_ca=ROOT.pem)
    async with tls_server(context) as port:
        chain = await read_chain("127.0.0.1", port, "r.example")
    assert chain.certificates == SERVED.chain
    assert chain.client_certificate_requested


async def test_the_name_asked_for_chooses_the_certificate() -> None:
    other = CA.issue("other.example")
    context, for_other = SERVED.server_context(), other.server_context()
    asked: list[str | None] = []

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        asked.append(name)
        if name == "other.example":
            connection.context = for_other

    context.sni_callback = choose
    async with tls_server(context) as port:
        seen = [
            (await read_chain("127.0.0.1", port, name)).certificates
            for name in ("other.example", "r.example", None, "127.0.0.1", "bücher.example.")
        ]
    assert asked == ["other.example", "r.example", None, None, "xn--bcher-kva.example"]
    assert seen == [other.chain, SERVED.chain, SERVED.chain, SERVED.chain, SERVED.chain]


@pytest.mark.parametrize("curve", ["secp384r1", "secp521r1", "prime256v1"])
async def test_a_server_that_wants_another_group_is_answered(curve: str) -> None:
    context = SERVED.server_context(minimum=V13)
    context.set_ecdh_curve(curve)
    async with tls_server(context) as port:
        chain = await read_chain("127.0.0.1", port, "r.example")
    assert (chain.certificates, chain.version) == (SERVED.chain, "TLSv1.3")


@pytest.mark.parametrize("version", [V12, V13])
async def test_a_chain_longer_than_a_record_comes_whole(version: ssl.TLSVersion) -> None:
    names = [f"host-{index:04}.a-rather-long-domain.example" for index in range(150)]
    extra = tuple(CA.issue(*names).certificate for _ in range(8))
    served = dataclasses.replace(SERVED, sent=(CA.certificate, *extra))
    assert sum(map(len, served.chain)) > 40_000
    async with tls_server(served.server_context(minimum=version, maximum=version)) as port:
        chain = await read_chain("127.0.0.1", port, "r.example")
    assert chain.certificates == served.chain


async def test_entries_that_are_no_certificates_come_as_octets() -> None:
    junk = (b"", b"not a certificate", SERVED.der[:100])
    answer = record(server_hello() + certificate(*junk) + DONE)
    async with plain_server(says(answer)) as port:
        chain = await read_chain("127.0.0.1", port, "r.example")
    assert chain.certificates == junk
    assert chain.version == "TLSv1.2"


async def test_a_message_may_come_in_crumbs() -> None:
    whole = server_hello() + certificate(*SERVED.chain) + DONE
    crumbs = [record(whole[at : at + 7]) for at in range(0, len(whole), 7)]
    async with plain_server(says(*crumbs)) as port:
        assert (await read_chain("127.0.0.1", port, None)).certificates == SERVED.chain


async def test_an_old_protocol_version_is_read_and_named() -> None:
    answer = record(server_hello(version=b"\x03\x01") + certificate(SERVED.der) + DONE)
    async with plain_server(says(answer)) as port:
        chain = await read_chain("127.0.0.1", port, None)
    assert (chain.version, chain.certificates) == ("TLSv1", (SERVED.der,))


async def test_the_second_hello_says_another_record_version_and_keeps_the_rest() -> None:
    hellos: list[bytes] = []
    retry = handshake(
        2,
        b"\x03\x03"
        + bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
        + b"\x00\x13\x01\x00"
        + bytes.fromhex("0014" + "002b00020304" + "003300020019" + "002c0004" + "0002abcd"),
    )

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hellos.append(await read_record(reader))
        writer.write(record(retry))
        hellos.append(await read_record(reader))

    async with plain_server(talk) as port:
        failure = await _failure(port)
    assert failure.stage is HandshakeStage.CLOSED
    first, second = hellos
    assert (first[:3], second[:3]) == (b"\x16\x03\x01", b"\x16\x03\x03")
    assert first[9:75] == second[9:75]
    assert b"\x00\x2c\x00\x04\x00\x02\xab\xcd" in second
    assert len(second) > len(first)


async def test_a_server_that_asks_for_what_was_not_offered_is_named() -> None:
    random = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
    retry = (
        b"\x03\x03" + random + b"\x00\x13\x01\x00" + bytes.fromhex("000c002b000203040033000211ec")
    )
    async with plain_server(says(record(handshake(2, retry)))) as port:
        failure = await _failure(port)
    assert "asks for group 0x11ec" in str(failure)


async def test_a_warning_is_kept_and_the_chain_still_read() -> None:
    answer = record(b"\x01\x70", 21) + record(server_hello() + certificate(SERVED.der) + DONE)
    async with plain_server(says(answer)) as port:
        chain = await read_chain("127.0.0.1", port, "r.example")
    assert [each.name for each in chain.alerts] == ["unrecognized_name"]


async def test_a_server_that_hangs_up_after_its_certificate_has_shown_it() -> None:
    async with plain_server(says(record(server_hello() + certificate(SERVED.der)))) as port:
        assert (await read_chain("127.0.0.1", port, None)).certificates == (SERVED.der,)


async def test_a_web_server_without_tls_is_told_by_its_first_bytes() -> None:
    answer = b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n<html>"
    async with plain_server(says(answer)) as port:
        failure = await _failure(port)
    assert failure.stage is HandshakeStage.NOT_TLS
    assert failure.first_bytes == answer
    assert "HTTP/1.1 400 Bad Request" in str(failure)
    assert failure.address == "127.0.0.1"


async def test_a_peer_that_says_one_octet_of_another_protocol_is_not_tls() -> None:
    async with plain_server(says(b"S")) as port:
        failure = await _failure(port)
    assert (failure.stage, failure.first_bytes) == (HandshakeStage.NOT_TLS, b"S")


async def test_a_fatal_alert_is_named() -> None:
    async with plain_server(says(record(b"\x02\x28", 21))) as port:
        failure = await _failure(port)
    assert failure.stage is HandshakeStage.ALERT
    assert failure.alert is not None
    assert failure.alert.name == "handshake_failure"
    assert "handshake_failure" in str(failure)


async def test_a_server_that_closes_at_once_is_told_apart() -> None:
    async with plain_server(says()) as port:
        failure = await _failure(port)
    assert (failure.stage, failure.waiting_for) == (HandshakeStage.CLOSED, "ServerHello")


async def test_a_silent_server_ends_in_a_timeout() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with plain_server(silent) as port:
        failure = await _failure(port, timeout=0.2)
    assert (failure.stage, failure.waiting_for) == (HandshakeStage.TIMEOUT, "ServerHello")
    assert failure.seconds >= 0.2


async def test_a_refused_connection_keeps_its_cause() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        failure = await _failure(taken.getsockname()[1])
    assert failure.stage is HandshakeStage.CONNECT
    assert isinstance(failure.__cause__, ConnectionRefusedError)


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        (record(server_hello(compression=1)), "compression"),
        (record(server_hello(version=b"\x7f\x00")), "protocol version 0x7f00"),
        (record(handshake(1, b"")), "message of type 1"),
        (record(server_hello() + DONE), "no Certificate message"),
        (record(server_hello() + handshake(11, b"\x00\x00\x09\x00\x00\x09x")), "shorter than it"),
        (record(server_hello() + b"\x0b\xff\xff\xff"), "too long"),
        (record(server_hello() + b"\x0b\x00\x00\x08", 22) + record(b"x", 23), "type 23"),
        (b"\x16\x03\x03\xff\xff", "record of 65535 bytes"),
        (record(b"") * 40, "empty records"),
        (record(handshake(2, b"\x03\x03")), "shorter than it says"),
    ],
)
async def test_nonsense_in_the_protocol_is_named(answer: bytes, fact: str) -> None:
    async with plain_server(says(answer)) as port:
        failure = await _failure(port)
    assert failure.stage is HandshakeStage.PROTOCOL
    assert fact in str(failure)


async def test_endless_talk_is_cut_off() -> None:
    chunk = record(handshake(4, bytes(16_000)))

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(record(server_hello()))
        while True:
            writer.write(chunk)
            await writer.drain()

    async with plain_server(endless) as port:
        failure = await _failure(port)
    assert failure.stage is HandshakeStage.PROTOCOL


async def test_another_way_to_connect_may_be_given() -> None:
    async with tls_server(SERVED.server_context()) as port:
        opened = []

        async def through_a_proxy() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            opened.append(True)
            return await asyncio.open_connection("127.0.0.1", port)

        chain = await read_chain("r.example", 443, "r.example", open_stream=through_a_proxy)
    assert opened == [True]
    assert chain.certificates == SERVED.chain


async def test_an_address_may_stand_in_for_the_name() -> None:
    async with tls_server(SERVED.server_context()) as port:
        chain = await read_chain("nowhere.invalid", port, "r.example", address="127.0.0.1")
    assert x509.load_der_x509_certificate(chain.certificates[0]) == SERVED.certificate
