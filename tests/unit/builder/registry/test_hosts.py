"""Hosts that speak the other scheme than the settings say, and what is told of it."""

import asyncio
import ssl

import pytest

from builder.oci.reference import parse
from builder.registry import RegistryConfig, Unreachable
from builder.registry.config import Section
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.registry import Registry, Server, Store, faults
from tests.unit.builder.registry.conftest import ENVIRON, broken, ref

ROOT = CertificateAuthority("Root")


def tls() -> ssl.SSLContext:
    return ROOT.issue(ips=["127.0.0.1"]).server_context()


async def test_loopback_speaks_http_without_being_told(serve, store, session) -> None:
    server = serve(Registry(store))
    assert await (await session()).resolve(ref(server))
    assert server.connections == 1


async def test_tls_on_loopback_is_met_halfway_and_verified(serve, store, session, tmp_path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(ROOT.pem)
    server = serve(Registry(store), tls=tls())
    made = await session(config=RegistryConfig(ca=[ca], environ=ENVIRON))
    resolved = await made.resolve(ref(server))
    await made.fetch_manifest(ref(server), resolved.descriptor)
    assert [e.status for e in resolved.attempts[0].exchanges] == [0, 200]
    assert resolved.attempts[0].exchanges[-1].url.startswith("https://")
    assert server.connections == 2
    stranger = await session()
    with pytest.raises(Unreachable, match="x509: certificate signed by unknown authority"):
        await stranger.resolve(ref(server))


async def test_a_server_that_says_it_wants_https_gets_it(store, session, tmp_path) -> None:
    """As Go and nginx answer clear text on a TLS port: 400 and a sentence."""
    ca = tmp_path / "ca.pem"
    ca.write_bytes(ROOT.pem)
    with Server(Registry(store), tls=tls()) as behind:

        async def either(reader, writer) -> None:
            first = await reader.read(1)
            if first != b"\x16":
                text = b"Client sent an HTTP request to an HTTPS server.\n"
                writer.write(b"HTTP/1.0 400 Bad Request\r\n\r\n" + text)
                await writer.drain()
                writer.close()
                await writer.wait_closed()
                return
            onward = await asyncio.open_connection("127.0.0.1", behind.port)
            onward[1].write(first)

            async def pump(source, sink) -> None:
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
                sink.close()
                await sink.wait_closed()

            await asyncio.gather(
                pump(reader, onward[1]), pump(onward[0], writer), return_exceptions=True
            )

        async with await asyncio.start_server(either, "127.0.0.1", 0) as listener:
            port = listener.sockets[0].getsockname()[1]
            made = await session(config=RegistryConfig(ca=[ca], environ=ENVIRON))
            resolved = await made.resolve(parse(f"127.0.0.1:{port}/team/app:1"))
            # The 400 of a HEAD has no body, so that it takes a request to learn of the TLS.
            probe, first, answer = resolved.attempts[0].exchanges
            assert (first.method, first.status) == ("HEAD", 400)
            assert (probe.method, probe.url) == ("GET", f"https://127.0.0.1:{port}/v2/")
            assert (answer.method, answer.status) == ("HEAD", 200)
            other = await session(config=RegistryConfig(ca=[ca], environ=ENVIRON))
            (host,) = other.hosts(f"127.0.0.1:{port}")
            ping = await other.ping(host)
            assert [e.status for e in ping.exchanges] == [400, 200]
            assert b"HTTPS server" in ping.exchanges[0].body
            await asyncio.gather(made.transport.aclose(), other.transport.aclose())
            behind.close()
            await asyncio.sleep(0.05)
            await made.transport.aclose()


async def test_a_head_answered_400_by_a_server_without_tls_is_that_answer(
    serve, store, session
) -> None:
    server = serve(broken(store, faults.status(faults.MANIFEST_HEADS, 400)))
    made = await session()
    resolved = await made.resolve(ref(server))
    assert resolved.coped == ("head-400-get-200",)
    assert [s.method for s in server.seen] == ["HEAD", "GET"]


async def test_any_other_400_is_an_answer_with_its_body(serve, store, session) -> None:
    server = serve(broken(store, faults.status(faults.on(), 400)))
    made = await session()
    answer = await made.get_manifest(made.hosts(server.authority)[0], ref(server))
    assert answer.status == 400
    assert b"made to fail" in answer.body


async def test_http_and_insecure_together_fall_back_to_http(serve, store, session) -> None:
    server = serve(Registry(store))
    sections = {server.authority: Section(http=True, insecure=True)}
    made = await session(sections=sections)
    resolved = await made.resolve(ref(server))
    await made.fetch_manifest(ref(server), resolved.descriptor)
    assert [s.method for s in server.seen] == ["HEAD", "GET"]
    assert resolved.attempts[0].exchanges[0].error.cause == (
        "http: server gave HTTP response to HTTPS client"
    )


async def test_insecure_alone_takes_any_certificate_and_no_http(serve, store, session) -> None:
    server = serve(Registry(store), tls=tls())
    sections = {server.authority: Section(http=False, insecure=True)}
    assert await (await session(sections=sections)).resolve(ref(server))
    plain = serve(Registry(store))
    sections = {plain.authority: Section(http=False, insecure=True)}
    with pytest.raises(Unreachable, match="server gave HTTP response"):
        await (await session(sections=sections)).resolve(ref(plain))


async def test_insecure_can_be_allowed_for_one_domain_of_a_session(serve, store, session) -> None:
    sections = {}
    servers = [serve(Registry(store), tls=tls()) for _ in range(2)]
    for server in servers:
        sections[server.authority] = Section(http=False)
    made = await session(sections=sections)
    made.allow_insecure(servers[0].authority)
    assert await made.resolve(ref(servers[0]))
    with pytest.raises(Unreachable, match="x509"):
        await made.resolve(ref(servers[1]))


async def test_a_bad_certificate_never_leads_to_http(serve, store, session) -> None:
    server = serve(Registry(store), tls=tls())
    sections = {server.authority: Section(http=False)}
    with pytest.raises(Unreachable, match="x509") as caught:
        await (await session(sections=sections)).resolve(ref(server))
    assert all(e.url.startswith("https://") for e in caught.value.attempts[0].exchanges)


async def test_a_mirror_path_stands_after_v2(serve, session) -> None:
    store = Store()
    store.add_image("cache/team/app", "1")
    mirror = serve(Registry(store))
    sections = {
        "up.example": Section(mirrors=(f"{mirror.authority}/cache",), upstream=False),
        mirror.authority: Section(http=True),
    }
    made = await session(sections=sections)
    resolved = await made.resolve(parse("up.example/team/app:1"))
    assert mirror.seen[0].target == "/v2/cache/team/app/manifests/1?ns=up.example"
    assert resolved.host.base == f"http://{mirror.authority}/v2/cache"


async def test_resolve_overrides_reach_a_registry_by_its_name(
    serve, store, session, tmp_path
) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(ROOT.pem)
    server = serve(
        Registry(store), tls=ROOT.issue("registry.test").server_context(), name="registry.test"
    )
    override = f"registry.test:{server.port}:127.0.0.1"
    made = await session(config=RegistryConfig(ca=[ca], resolve=[override], environ=ENVIRON))
    resolved = await made.resolve(ref(server))
    assert resolved.attempts[0].exchanges[0].peer == f"127.0.0.1:{server.port}"
