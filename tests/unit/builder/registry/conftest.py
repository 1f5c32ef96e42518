"""Sessions with servers that stand in for hosts, and nothing of this machine's settings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import pytest

from builder.oci.reference import Reference, parse
from builder.registry import Credential, CredentialStore, RegistryConfig, RetryPolicy, Session
from builder.registry.config import Section
from tests.fixtures.registry import Registry, Server, Store

ENVIRON = {"SSL_CERT_FILE": "/nonexistent", "SSL_CERT_DIR": "/nonexistent"}


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts a server for whatever answers; it is closed after the test."""
    with ExitStack() as stack:

        def start(answers: Any, **options: Any) -> Server:
            return stack.enter_context(Server(answers, **options))

        yield start


@pytest.fixture
def store() -> Store:
    """``team/app:1`` of two layers."""
    made = Store()
    made.add_image("team/app", "1", (b"a" * 200_000, b"b" * 10))
    return made


@pytest.fixture
async def session() -> AsyncIterator[Callable[..., Session]]:
    """Makes sessions; ``users`` are credentials by host, ``sections`` registry settings."""
    async with AsyncExitStack() as stack:

        async def start(
            *,
            users: dict[str, Credential] | None = None,
            sections: dict[str, Section] | None = None,
            **options: Any,
        ) -> Session:
            options.setdefault("policy", RetryPolicy(first_pause=0.001))
            options.setdefault("config", RegistryConfig(sections or {}, environ=ENVIRON))
            made = Session(credentials=CredentialStore({}, given=users), environ=ENVIRON, **options)
            return await stack.enter_async_context(made)

        yield start


def ref(server: Server, rest: str = "team/app:1") -> Reference:
    """A reference at ``server``."""
    return parse(f"{server.authority}/{rest}")


def broken(store: Store, *tamper: Any, **options: Any) -> Registry:
    """A registry of ``store`` that is wrong in one way."""
    return Registry(store, tamper=tamper, **options)
