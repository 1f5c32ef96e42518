"""The transport against servers that are broken one way at a time."""

import asyncio
import contextlib
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from builder.transport import (
    BodyTooLarge,
    ClientCertificate,
    Exchange,
    InvalidOverride,
    RootPool,
    Transport,
    Trust,
)
from builder.transport.transport import parse_override
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.programs import free_port
from tests.fixtures.registry import Answer, Request, Server
from tests.unit.builder.transport.conftest import ROOT, ROOTS, Echo, failing, tls


async def test_an_exchange_has_what_went_over_the_wire(transport, seen) -> None:
    with Server(Echo(), tls=tls()) as server:
        reply = await transport.request("GET", server.url + "/x", headers={"Accept": "a/b"})
        assert (reply.status, reply.body) == (200, b"/x")
        (exchange,) = seen
        assert exchange.accept == "a/b"
        assert exchange.status == 200
        assert exchange.peer == f"127.0.0.1:{server.port}"
        assert exchange.tls_version == "TLSv1.3"
        assert exchange.certificate
        assert exchange.received == 2
        assert exchange.error is None
        assert exchange.seconds >= 0


async def test_connections_are_kept_and_not_shared_between_trusts(transport) -> None:
    with Server(Echo(), tls=tls()) as server:
        await transport.request("GET", server.url + "/1")
        await transport.request("GET", server.url + "/2")
        assert server.connections == 1
        await transport.request("GET", server.url + "/3", trust=Trust(ROOTS, insecure=True))
        assert server.connections == 2


async def test_a_refused_port_is_the_connect_stage(transport, seen) -> None:
    port = free_port()
    error = await failing(transport, f"http://127.0.0.1:{port}/v2/")
    assert error.stage == "connect"
    assert str(error) == (
        f'Get "http://127.0.0.1:{port}/v2/": dial tcp 127.0.0.1:{port}: connect: connection refused'
    )
    assert seen[0].error is error
    assert seen[0].status == 0


async def test_a_name_that_does_not_resolve_is_the_dns_stage(transport) -> None:
    error = await failing(transport, "https://registry.invalid/v2/")
    assert error.stage == "dns"
    assert "dial tcp: lookup registry.invalid: " in str(error)


async def test_a_connection_that_is_never_accepted_times_out_in_connect() -> None:
    with closing(socket.create_server(("127.0.0.1", 0), backlog=0)) as listener:
        port = listener.getsockname()[1]
        blockers = []
        for _ in range(4):
            blocker = socket.socket()
            blocker.setblocking(False)
            blocker.connect_ex(("127.0.0.1", port))
            blockers.append(blocker)
        await asyncio.sleep(0.05)
        async with Transport(trust=Trust(ROOTS), environ={}, connect_timeout=0.2) as transport:
            error = await failing(transport, f"http://127.0.0.1:{port}/")
        for blocker in blockers:
            blocker.close()
    assert (error.stage, error.timed_out) == ("connect", True)
    assert error.cause == f"dial tcp 127.0.0.1:{port}: i/o timeout"


async def test_an_unknown_authority_is_refused_and_insecure_is_not(transport, seen) -> None:
    other = CertificateAuthority("Other").issue(ips=["127.0.0.1"]).server_context()
    with Server(Echo(), tls=other) as server:
        error = await failing(transport, server.url + "/v2/")
        assert error.stage == "tls"
        assert error.certificate_refused
        assert str(error) == (
            f'Get "{server.url}/v2/": tls: failed to verify certificate: x509: '
            "certificate signed by unknown authority"
        )
        reply = await transport.request("GET", server.url, trust=Trust(ROOTS, insecure=True))
        assert reply.ok


async def test_the_common_name_alone_names_nobody(transport) -> None:
    issued = ROOT.issue("localhost", san=False)
    with Server(Echo(), tls=issued.server_context(), name="localhost") as server:
        error = await failing(transport, server.url + "/")
    assert error.verify_code == 62
    assert "x509: certificate is not valid for localhost" in error.cause


async def test_an_intermediate_in_the_pool_ends_a_chain_as_in_go() -> None:
    middle = ROOT.intermediate("Middle")
    issued = middle.issue(ips=["127.0.0.1"])
    with Server(Echo(), tls=issued.server_context()) as server:
        async with Transport(trust=Trust(RootPool((middle.der,))), environ={}) as transport:
            assert (await transport.request("GET", server.url)).ok


async def test_a_server_without_tls_is_told_by_its_words(transport) -> None:
    with Server(Echo()) as server:
        error = await failing(transport, f"https://127.0.0.1:{server.port}/")
    assert error.stage in ("tls",)
    assert error.cause in ("http: server gave HTTP response to HTTPS client", "EOF")


async def test_http_bytes_in_the_handshake_are_gos_own_sentence(transport) -> None:
    async def answer(reader, writer) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        error = await failing(transport, f"https://127.0.0.1:{port}/v2/")
    assert error.stage == "tls"
    assert error.cause == "http: server gave HTTP response to HTTPS client"


async def test_a_client_certificate_is_presented_and_missed(transport, tmp_path: Path) -> None:
    context = ROOT.issue(ips=["127.0.0.1"]).server_context(client_ca=ROOT.pem)
    certificate, key = ROOT.client().write(tmp_path, "client")
    with Server(Echo(), tls=context) as server:
        error = await failing(transport, server.url + "/")
        assert error.stage == "tls"
        assert error.cause == "remote error: tls: certificate required"
        pair = ClientCertificate(certificate, key)
        trust = Trust(ROOTS, client_certificates=(pair,))
        assert (await transport.request("GET", server.url, trust=trust)).ok


async def test_a_handshake_that_never_comes_times_out_in_tls() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        async with Transport(trust=Trust(ROOTS), environ={}, tls_timeout=0.2) as transport:
            error = await failing(transport, f"https://127.0.0.1:{port}/")
    assert (error.stage, error.timed_out) == ("tls", True)
    assert error.cause == "net/http: TLS handshake timeout"


async def test_no_answer_at_all_is_eof_in_read(transport) -> None:
    with Server(Echo(lambda r: Answer(200, silent=True))) as server:
        error = await failing(transport, server.url + "/")
    assert (error.stage, error.cause) == ("read", "EOF")


async def test_a_cut_body_is_unexpected_eof_and_recorded(transport, seen) -> None:
    with Server(Echo(lambda r: Answer(200, (), b"x" * 1000, cut_after=10))) as server:
        error = await failing(transport, server.url + "/")
    assert (error.stage, error.cause) == ("read", "unexpected EOF")
    assert (seen[0].status, seen[0].received, seen[0].error) == (200, 10, error)


async def test_an_answer_that_takes_too_long_is_the_timeout_stage() -> None:
    with Server(Echo(lambda r: Answer(200, delay=1))) as server:
        async with Transport(environ={}, read_timeout=0.1) as transport:
            error = await failing(transport, server.url + "/")
    assert (error.stage, error.timed_out) == ("timeout", True)


async def test_nonsense_instead_of_http_is_the_protocol_stage(transport) -> None:
    async def answer(reader, writer) -> None:
        await reader.readline()
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        error = await failing(transport, f"http://127.0.0.1:{port}/")
    assert error.stage == "protocol"


async def test_a_kept_connection_closed_meanwhile_costs_one_more_try_and_is_told(
    transport, seen
) -> None:
    count = iter(range(10))

    async def answer(reader, writer) -> None:
        # The second request on a connection gets no answer: as a server that just closes.
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%d" % next(count))
        await writer.drain()
        with contextlib.suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
        assert (await transport.request("GET", url)).body == b"0"
        assert (await transport.request("GET", url)).body == b"1"
        await transport.aclose()
    assert [exchange.status for exchange in seen] == [200, 0, 200]


async def test_resolve_overrides_the_address_and_keeps_name_and_host() -> None:
    with Server(Echo(), tls=tls("registry.test", ips=())) as server:
        async with Transport(
            trust=Trust(ROOTS), environ={}, resolve=["Registry.test:5000:127.0.0.1"]
        ) as transport:
            error = await failing(transport, "https://registry.test:5000/")
            assert error.stage == "connect"
            assert error.peer == "127.0.0.1:5000"
        async with Transport(
            trust=Trust(ROOTS),
            environ={},
            resolve=[f"registry.test:{server.port}:127.0.0.1"],
        ) as transport:
            reply = await transport.request("GET", f"https://registry.test:{server.port}/x")
            assert reply.ok
        assert server.seen[0].header("Host") == f"registry.test:{server.port}"


@pytest.mark.parametrize("text", ["", "h", "h:1", "h:x:1.2.3.4", "h:0:1.2.3.4", ":1:1.2.3.4"])
def test_an_override_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidOverride):
        parse_override(text)


def test_an_override_may_have_ipv6_on_both_sides() -> None:
    assert parse_override("[fd00::1]:443:[::1]") == (("fd00::1", 443), "::1")


async def test_a_body_over_the_limit_is_not_read_to_the_end(transport) -> None:
    with Server(Echo(lambda r: Answer(200, (), b"x" * 5000))) as server:
        with pytest.raises(BodyTooLarge):
            await transport.request("GET", server.url, limit=1000)
        assert (await transport.request("GET", server.url, limit=5000)).ok


async def test_a_gzip_coding_is_undone_within_the_limit(transport) -> None:
    packed = gzip.compress(b"{}" * 1000)
    headers = (("Content-Encoding", "gzip"),)
    with Server(Echo(lambda r: Answer(200, headers, packed))) as server:
        assert (await transport.request("GET", server.url)).body == b"{}" * 1000
        with pytest.raises(BodyTooLarge):
            await transport.request("GET", server.url, limit=100)


async def test_errors_and_json_leave_an_excerpt_and_plain_blobs_none(transport, seen) -> None:
    def answer(request: Request) -> Answer:
        kind = (("Content-Type", "application/json"),)
        return {
            "/json": Answer(200, kind, b'{"token":"abc"}'),
            "/error": Answer(500, (), b"x" * 100_000),
            "/blob": Answer(200, (), b"x" * 100_000),
        }[request.target]

    with Server(Echo(answer)) as server:
        for path in ("/json", "/error", "/blob"):
            async with transport.stream("GET", server.url + path) as response:
                if path != "/error":
                    await response.read(1 << 20)
    assert seen[0].body == b'{"token":"REDACTED"}'
    assert seen[1].body == b"x" * 65536
    assert seen[2].body == b""


async def test_an_error_body_that_never_ends_is_not_waited_for(
    transport, seen, monkeypatch
) -> None:
    monkeypatch.setattr("builder.transport.response._EXCERPT_SECONDS", 0.1)

    async def answer(reader, writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        await reader.read()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
        async with transport.stream("GET", url) as response:
            assert response.status == 500
        assert (seen[0].status, seen[0].body) == (500, b"half")
        await transport.aclose()
        await asyncio.sleep(0.05)


async def test_a_huge_header_is_refused(transport) -> None:
    with Server(Echo(lambda r: Answer(200, (("X-Big", "x" * 300_000),)))) as server:
        error = await failing(transport, server.url)
    assert error.stage == "protocol"


class Forwarding:
    """A proxy that answers what it is asked to fetch itself, and refuses tunnels."""

    def __init__(self, status: int = 407) -> None:
        self._status = status

    def answer(self, request: Request) -> Answer:
        if request.method == "CONNECT":
            return Answer(self._status)
        return Answer(200, (), b"by proxy")


async def test_http_goes_through_its_proxy_with_its_credential() -> None:
    with Server(Forwarding()) as proxy:
        env = {"HTTP_PROXY": f"http://user:pw@127.0.0.1:{proxy.port}"}
        seen: list[Exchange] = []
        async with Transport(environ=env, on_exchange=seen.append) as transport:
            reply = await transport.request("GET", "http://registry.test/v2/")
        assert reply.body == b"by proxy"
        assert proxy.seen[0].target == "http://registry.test/v2/"
        assert proxy.seen[0].header("Proxy-Authorization").startswith("Basic ")
        assert seen[0].proxy == proxy.url


async def test_a_tunnel_that_the_proxy_refuses_is_the_proxy_stage() -> None:
    with Server(Forwarding()) as proxy:
        async with Transport(environ={"HTTPS_PROXY": proxy.url}) as transport:
            error = await failing(transport, "https://registry.test/v2/")
        assert proxy.seen[0].method == "CONNECT"
        assert proxy.seen[0].target == "registry.test:443"
    assert error.stage == "proxy"
    assert "407" in error.cause


async def test_a_proxy_that_is_not_there_is_the_proxy_stage() -> None:
    env = {"HTTPS_PROXY": f"http://127.0.0.1:{free_port()}"}
    async with Transport(environ=env) as transport:
        error = await failing(transport, "https://registry.test/v2/")
    assert error.stage == "proxy"
    assert error.cause.startswith("proxyconnect tcp: dial tcp 127.0.0.1:")


async def test_a_streamed_body_is_sent_with_the_length_it_was_given(transport) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"ab"
        yield b"c"

    with Server(Echo(lambda r: Answer(201, (), r.body))) as server:
        headers = {"Content-Length": "3"}
        reply = await transport.request("PUT", server.url, headers=headers, content=body)
        assert reply.body == b"abc"
        assert (await transport.request("PUT", server.url, content=body)).body == b"abc"
        assert server.seen[1].header("Transfer-Encoding") == "chunked"


async def test_an_observer_can_be_taken_away_again(transport) -> None:
    got: list[Exchange] = []
    stop = transport.observe(got.append)
    with Server(Echo()) as server:
        await transport.request("GET", server.url)
        stop()
        await transport.request("GET", server.url)
    assert len(got) == 1


@pytest.mark.parametrize("over_tls", [False, True])
async def test_informational_answers_without_end_are_given_up(transport, over_tls) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            for _ in range(1 << 20):
                writer.write(early * 100)
                await writer.drain()
        writer.close()

    context = tls() if over_tls else None
    async with await asyncio.start_server(flood, "127.0.0.1", 0, ssl=context) as listener:
        port = listener.sockets[0].getsockname()[1]
        error = await failing(transport, f"http{'s' * over_tls}://127.0.0.1:{port}/v2/")
    assert error.stage == "protocol"
    assert "server response headers exceeded 1048576 bytes; aborted" in str(error)


async def test_informational_answers_before_one_of_many_bytes(transport) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 102 Processing\r\n\r\n" * 100)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + bytes(3000000))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        reply = await transport.request("GET", f"http://127.0.0.1:{port}/v2/")
    assert len(reply.body) == 3000000
