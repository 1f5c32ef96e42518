"""Redirects: how far they are followed, and what goes along."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.transport import Transport
from tests.fixtures.registry import Answer, Request, Server
from tests.unit.builder.transport.conftest import Echo, failing


async def test_authorization_stays_with_its_host_and_each_hop_is_told(transport, seen) -> None:
    secret = {"Authorization": "Bearer abc", "X-Other": "1"}
    with Server(Echo()) as storage:
        location = f"http://localhost:{storage.port}/blob?sig=xyz"
        with Server(Echo(lambda r: Answer(307, (("Location", location),)))) as registry:
            reply = await transport.request("GET", registry.url + "/b", headers=secret)
            assert registry.seen[0].header("Authorization") == "Bearer abc"
        assert storage.seen[0].header("Authorization") == ""
        assert storage.seen[0].header("X-Other") == "1"
    assert reply.url == location
    assert [(e.status, e.url) for e in seen] == [
        (307, registry.url + "/b"),
        (200, f"http://localhost:{storage.port}/blob?sig=REDACTED"),
    ]
    assert "abc" not in repr(seen)
    assert "xyz" not in repr(seen)


async def test_another_port_of_the_same_name_is_another_host(transport) -> None:
    with Server(Echo()) as other:
        with Server(Echo(lambda r: Answer(302, (("Location", other.url + "/x"),)))) as first:
            await transport.request("GET", first.url, headers={"Authorization": "Basic x"})
        assert other.seen[0].header("Authorization") == ""


async def test_a_redirect_on_the_same_host_keeps_authorization(transport) -> None:
    def answer(request: Request) -> Answer:
        if request.target == "/a":
            return Answer(301, (("Location", "/b"),))
        return Answer(200)

    with Server(Echo(answer)) as server:
        await transport.request("GET", server.url + "/a", headers={"Authorization": "Basic x"})
        assert server.seen[1].target == "/b"
        assert server.seen[1].header("Authorization") == "Basic x"


async def test_redirects_end_after_ten_and_at_other_schemes(transport) -> None:
    with Server(Echo(lambda r: Answer(302, (("Location", "/again"),)))) as server:
        error = await failing(transport, server.url + "/")
        assert "stopped after 10 redirects" in str(error)
        assert len(server.seen) == 11
    with Server(Echo(lambda r: Answer(302, (("Location", "file:///etc/passwd"),)))) as server:
        error = await failing(transport, server.url + "/")
    assert error.stage == "protocol"
    assert "'file'" in str(error)


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "2852039166", "[fe80::1]", "[::ffff:169.254.169.254]", "Metadata."]
)
async def test_no_server_sends_us_into_a_metadata_service(transport, seen, host) -> None:
    location = ("Location", f"http://{host}/latest/meta-data/")
    with Server(Echo(lambda r: Answer(302, (location,)))) as server:
        error = await failing(transport, server.url + "/")
    assert "is not followed" in str(error)
    assert [each.endpoint.host for each in seen] == ["127.0.0.1"]


async def test_a_redirected_post_becomes_a_get_only_where_http_says_so(transport) -> None:
    for status, method in ((303, "GET"), (307, "POST")):

        def answer(request: Request, status: int = status) -> Answer:
            if request.target == "/to":
                return Answer(200)
            return Answer(status, (("Location", "/to"),))

        with Server(Echo(answer)) as server:
            await transport.request("POST", server.url + "/from", content=b"abc")
            assert (server.seen[1].method, server.seen[1].body) == (
                method,
                b"abc" if method == "POST" else b"",
            )


async def test_a_location_with_utf8_and_blanks_is_followed(transport) -> None:
    def answer(request: Request) -> Answer:
        location = "/sch\u00f6n da?sig=a b".encode().decode("latin-1")
        return Answer(200) if "da" in request.target else Answer(302, (("Location", location),))

    with Server(Echo(answer)) as server:
        assert (await transport.request("GET", server.url)).ok
        assert server.seen[1].target == "/sch%C3%B6n%20da?sig=a%20b"


@pytest.mark.parametrize("location", ["http://[", "https://", "http://h:port/", "gopher://x"])
async def test_a_location_that_is_no_place_is_told(transport, seen, location) -> None:
    with Server(Echo(lambda r: Answer(302, (("Location", location),)))) as server:
        error = await failing(transport, server.url)
    assert error.stage == "protocol"
    assert seen[0].error is error
    assert seen[0].status == 302


PATH = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=30)


@settings(max_examples=40, deadline=None)
@given(PATH)
async def test_whatever_a_path_looks_like_it_is_asked_for_at_the_same_host(path: str) -> None:
    def answer(request: Request) -> Answer:
        target = (("Location", "/to" + path),)
        return Answer(302, target) if request.target == "/" else Answer(200)

    with Server(Echo(answer)) as server:
        async with Transport(environ={}) as transport:
            assert (await transport.request("GET", server.url)).ok
        assert server.seen[1].target.startswith("/to")
