"""``greet``: a hello of another shape, and the first answer to it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator

import pytest

from builder.transport.handshake import HandshakeError, HandshakeStage, greet
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.registry import Registry, Server

TLS_1_0, TLS_1_2 = 0x0301, 0x0303


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    context = CertificateAuthority().issue("registry.example").server_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    with Server(Registry(), tls=context) as server:
        yield server.port


def test_a_hello_with_a_post_quantum_share_is_longer_than_a_packet(port: int) -> None:
    usual = asyncio.run(greet("127.0.0.1", port, "registry.example"))
    large = asyncio.run(greet("127.0.0.1", port, "registry.example", post_quantum=True))
    assert usual.octets < 500
    assert large.octets > 1500
    assert usual.version == large.version == "TLSv1.3"


def test_one_version_alone_is_taken_or_refused(port: int) -> None:
    assert asyncio.run(greet("127.0.0.1", port, None, versions=(TLS_1_2,))).version == "TLSv1.2"
    with pytest.raises(HandshakeError) as told:
        asyncio.run(greet("127.0.0.1", port, None, versions=(TLS_1_0,)))
    assert told.value.stage is HandshakeStage.ALERT
    assert str(told.value.alert) == "protocol_version"
