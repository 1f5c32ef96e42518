"""Nexus before 3.15 answers HEAD of a manifest with a page: the client copes, and says so."""

import json

import pytest

from builder.oci.digest import Digest
from builder.registry import Credential, RegistryError, Unauthorized
from builder.registry.config import Section
from tests.fixtures.registry import Mirror, Nexus, Registry, Store, Upstream
from tests.unit.builder.registry.conftest import ref


async def test_an_old_nexus_is_resolved_by_get_and_named_in_coped(serve, store, session) -> None:
    server = serve(Nexus(Registry(store), "3.14.0-04"))
    resolved = await (await session()).resolve(ref(server))
    assert resolved.coped == ("head-404-get-200", "challenge-without-scope")
    head, *_ = resolved.attempts[0].exchanges
    assert (head.method, head.status) == ("HEAD", 404)
    assert head.header("Server") == "Nexus/3.14.0-04 (OSS)"
    assert head.header("Content-Type") == "text/html"
    assert head.header("Docker-Distribution-Api-Version") == ""
    assert head.header("WWW-Authenticate") == ""
    assert head.header("Cache-Control") == "post-check=0, pre-check=0"
    assert head.header("X-XSS-Protection") == ""


async def test_a_nexus_since_3_15_needs_no_coping_beyond_its_scope(serve, store, session) -> None:
    server = serve(Nexus(Registry(store), "3.15.0-01"))
    resolved = await (await session()).resolve(ref(server))
    assert resolved.coped == ("challenge-without-scope",)
    assert server.requests("GET", "/manifests/") == []


@pytest.mark.parametrize(
    ("version", "header"),
    [
        ("3.15.0-01", ""),
        ("3.16.0-01", "1; mode=block"),
        ("3.80.0-06", "1; mode=block"),
        ("3.90.2-06", "0"),
    ],
)
async def test_versions_show_in_their_headers(serve, store, session, version, header) -> None:
    server = serve(Nexus(Registry(store), version))
    made = await session()
    ping = await made.ping(made.hosts(server.authority)[0])
    assert ping.header("X-XSS-Protection") == header


async def test_the_head_bug_comes_before_any_question_of_who_asks(serve, store, session) -> None:
    nexus = Nexus(Registry(store), users={"me": "pw"}, anonymous=False)
    server = serve(nexus)
    made = await session()
    (host,) = made.hosts(server.authority)
    head = await made.head_manifest(host, ref(server))
    assert head.status == 404
    with pytest.raises(Unauthorized):
        await made.resolve(ref(server))
    get = server.requests("GET", "/manifests/")[0]
    assert get.status == 401
    ping = await made.ping(host)
    assert ping.header("WWW-Authenticate") == 'BASIC realm="Sonatype Nexus Repository Manager"'
    assert len(ping.body) == 113
    me = await session(users={server.authority: Credential("me", "pw")})
    assert (await me.resolve(ref(server))).coped == ("head-404-get-200",)


async def test_a_proxy_repository_serves_its_upstream_and_survives_it(
    serve, store, session
) -> None:
    upstream = serve(Registry(store))
    nexus = Nexus(Mirror(Upstream(upstream.url)), kind="proxy", users={"me": "pw"})
    proxy = serve(nexus)
    sections = {
        "up.example": Section(mirrors=(proxy.authority,), upstream=False),
        proxy.authority: Section(http=True),
    }
    made = await session(sections=sections)
    reference = ref(proxy)
    resolved = await made.resolve(reference)
    assert resolved.coped[0] == "head-404-get-200"
    assert resolved.descriptor.digest == store.manifest("team/app", "1").digest
    upstream.close()
    again = await session(sections=sections, users={proxy.authority: Credential("me", "pw")})
    assert (await again.resolve(reference)).descriptor == resolved.descriptor
    with pytest.raises(RegistryError, match="403"):
        await again.push_manifest(reference, b"{}", "application/x")


async def test_a_hosted_repository_takes_docker_and_refuses_oci_before_3_23(serve, session) -> None:
    data = b'{"schemaVersion":2,"layers":[]}'
    docker = "application/vnd.docker.distribution.manifest.v2+json"
    oci = "application/vnd.oci.image.manifest.v1+json"
    for version, refuses in (("3.22.1-02", True), ("3.23.0-03", False)):
        server = serve(Nexus(Registry(Store()), version, users={"me": "pw"}))
        made = await session(users={server.authority: Credential("me", "pw")})
        stored = await made.push_manifest(ref(server), data, docker)
        assert stored.digest == Digest.of(data)
        if refuses:
            with pytest.raises(RegistryError, match="400"):
                await made.push_manifest(ref(server), data, oci)
        else:
            await made.push_manifest(ref(server), data, oci)


async def test_uploads_are_named_relatively_and_tags_have_no_pages(serve, store, session) -> None:
    store.add_image("team/app", "2")
    server = serve(Nexus(Registry(store), users={"me": "pw"}))
    made = await session(users={server.authority: Credential("me", "pw")})
    (host,) = made.hosts(server.authority)
    uploads = host.url("team/app", "blobs/uploads/")
    opened = await made.ask_push(host, "POST", uploads, "team/app")
    assert opened.header("Location").startswith("/v2/team/app/blobs/uploads/")
    reply = await made.transport.request(
        "GET",
        f"{server.url}/v2/team/app/tags/list?n=1",
        headers={"Authorization": "Basic bWU6cHc="},
    )
    assert json.loads(reply.body)["tags"] == ["1", "2"]
    assert reply.header("Link") == ""


def test_a_version_that_no_nexus_has_is_refused() -> None:
    with pytest.raises(ValueError, match="not a Nexus version"):
        Nexus(Registry(), "3.14")
