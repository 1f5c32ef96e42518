"""TLS through proxies that really tunnel, over TLS to the proxy as well."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from builder.transport import RootPool, Transport, TransportError, Trust
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.registry import Registry, Server, Store

ROOT = CertificateAuthority("Registry Root")
PROXY_ROOT = CertificateAuthority("Proxy Root")


class Tunnels:
    """A CONNECT proxy that sends every tunnel to ``port``; ``asked`` are the targets."""

    def __init__(self, port: int) -> None:
        self.asked: list[str] = []
        self.credentials: list[str] = []
        self._port = port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head.split()[1])
            lines = head.lower().splitlines()
            self.credentials += [line for line in lines if line.startswith("proxy-auth")]
            onward = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_pump(reader, onward[1]), _pump(onward[0], writer))
        writer.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()


@contextlib.asynccontextmanager
async def tunnelling(
    port: int, context: ssl.SSLContext | None
) -> AsyncIterator[tuple[Tunnels, str]]:
    tunnels = Tunnels(port)
    async with await asyncio.start_server(tunnels.serve, "127.0.0.1", 0, ssl=context) as listener:
        scheme = "https" if context else "http"
        yield tunnels, f"{scheme}://user:pw@127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        listener.close()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("over_tls", [False, True])
async def test_a_registry_is_reached_and_verified_through_a_tunnel(
    tmp_path: Path, over_tls: bool
) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_bytes(PROXY_ROOT.pem)
    store = Store()
    store.add_blob("a", b"x" * 300_000)
    digest = next(iter(store.repositories["a"].blobs))
    inner = ROOT.issue("registry.test").server_context()
    outer = PROXY_ROOT.issue(ips=["127.0.0.1"]).server_context() if over_tls else None
    with Server(Registry(store), tls=inner) as server:
        async with tunnelling(server.port, outer) as (tunnels, proxy):
            env = {"HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(roots), "SSL_CERT_DIR": "/none"}
            trust = Trust(RootPool((ROOT.der,)))
            seen = []
            async with Transport(trust=trust, environ=env, on_exchange=seen.append) as transport:
                url = f"https://registry.test/v2/a/blobs/{digest}"
                assert (await transport.request("GET", url)).body == b"x" * 300_000
                with pytest.raises(TransportError) as caught:
                    await transport.request("GET", "https://other.test/v2/")
            assert tunnels.asked == ["registry.test:443", "other.test:443"]
            assert tunnels.credentials[0].startswith("proxy-authorization: basic ")
    # The certificate that was refused is the registry's, not the proxy's.
    assert caught.value.stage == "tls"
    assert "x509: certificate is not valid for other.test" in caught.value.cause
    assert seen[0].proxy in proxy.replace("user:pw@", "")
    assert "pw" not in seen[0].proxy


async def test_a_proxy_with_an_unknown_certificate_is_refused(tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_bytes(ROOT.pem)
    outer = PROXY_ROOT.issue(ips=["127.0.0.1"]).server_context()
    async with tunnelling(1, outer) as (tunnels, proxy):
        env = {"HTTPS_PROXY": proxy, "SSL_CERT_FILE": str(roots), "SSL_CERT_DIR": "/none"}
        async with Transport(trust=Trust(RootPool((ROOT.der,))), environ=env) as transport:
            with pytest.raises(TransportError, match="unknown authority") as caught:
                await transport.request("GET", "https://registry.test/v2/")
    assert tunnels.asked == []
    assert caught.value.stage == "proxy"
    assert caught.value.cause.startswith("proxyconnect tcp: tls: failed to verify certificate")


class Socks:
    """A SOCKS5 proxy that connects to ``port`` whatever it is asked; ``asked`` are the names."""

    def __init__(self, port: int, *, password: bytes = b"", reply: int = 0) -> None:
        self.asked: list[tuple[str, int]] = []
        self._port = port
        self._password = password
        self._reply = reply

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            methods = await reader.readexactly((await reader.readexactly(2))[1])
            wanted = 2 if self._password else 0
            writer.write(bytes([5, wanted if wanted in methods else 0xFF]))
            if self._password and wanted in methods:
                user = await reader.readexactly((await reader.readexactly(2))[1])
                password = await reader.readexactly((await reader.readexactly(1))[0])
                writer.write(bytes([1, user != b"user" or password != self._password]))
            length = (await reader.readexactly(5))[4]
            name = await reader.readexactly(length)
            port = int.from_bytes(await reader.readexactly(2), "big")
            self.asked.append((name.decode(), port))
            writer.write(bytes([5, self._reply, 0, 1]) + bytes(6))
            if self._reply == 0:
                onward = await asyncio.open_connection("127.0.0.1", self._port)
                await asyncio.gather(_pump(reader, onward[1]), _pump(onward[0], writer))
        writer.close()


@contextlib.asynccontextmanager
async def socks(server: Socks, credential: str = "") -> AsyncIterator[dict[str, str]]:
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        yield {"HTTPS_PROXY": f"socks5://{credential}127.0.0.1:{port}"}
        listener.close()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("password", [b"", b"pw"])
async def test_a_socks_proxy_resolves_the_name_and_the_registry_is_verified(password) -> None:
    inner = ROOT.issue("registry.test").server_context()
    with Server(Registry(), tls=inner) as server:
        proxy = Socks(server.port, password=password)
        async with socks(proxy, "user:pw@" if password else "") as env:
            trust = Trust(RootPool((ROOT.der,)))
            async with Transport(trust=trust, environ=env) as transport:
                assert (await transport.request("GET", "https://registry.test/v2/")).ok
        assert proxy.asked == [("registry.test", 443)]


@pytest.mark.parametrize(
    ("proxy", "credential", "words"),
    [
        (Socks(1, reply=5), "", "connection refused"),
        (Socks(1, password=b"pw"), "", "no acceptable authentication methods"),
        (Socks(1, password=b"pw"), "user:no@", "username/password authentication failed"),
    ],
)
async def test_what_a_socks_proxy_refuses_is_the_proxy_stage(proxy, credential, words) -> None:
    async with socks(proxy, credential) as env, Transport(environ=env) as transport:
        with pytest.raises(TransportError, match=words) as caught:
            await transport.request("GET", "https://registry.test/v2/")
    assert caught.value.stage == "proxy"
    assert "->registry.test:443: " in caught.value.cause


async def test_a_proxy_that_does_not_answer_connect_is_the_proxy_stage() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as listener:
        proxy = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        async with Transport(environ={"HTTPS_PROXY": proxy}, read_timeout=0.3) as transport:
            with pytest.raises(TransportError, match="no answer to CONNECT") as caught:
                await transport.request("GET", "https://registry.test/v2/")
    assert caught.value.stage == "proxy"
    assert caught.value.timed_out
