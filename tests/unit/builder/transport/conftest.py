"""A transport that trusts one root, and servers that answer as a test likes."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable

import pytest

from builder.transport import Exchange, RootPool, Transport, TransportError, Trust
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.registry import Answer, Request

ROOT = CertificateAuthority("Root")
ROOTS = RootPool((ROOT.der,))


class Echo:
    """Answers with what a function makes of the request."""

    def __init__(self, make: Callable[[Request], Answer] | None = None) -> None:
        self._make = make or (lambda request: Answer(200, (), request.target.encode()))

    def answer(self, request: Request) -> Answer:
        return self._make(request)


def tls(*names: str, ips: tuple[str, ...] = ("127.0.0.1",), **options: object) -> ssl.SSLContext:
    return ROOT.issue(*names, ips=ips, **options).server_context()


@pytest.fixture
async def seen() -> list[Exchange]:
    return []


@pytest.fixture
async def transport(seen: list[Exchange]) -> AsyncIterator[Transport]:
    async with Transport(
        trust=Trust(ROOTS), environ={}, on_exchange=seen.append, read_timeout=5
    ) as made:
        yield made


async def failing(transport: Transport, url: str, **options: object) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await transport.request("GET", url, **options)
    return caught.value
