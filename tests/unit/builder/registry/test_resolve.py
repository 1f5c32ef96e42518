"""What a reference stands for, at registries that are right and at those that break HEAD."""

import asyncio

import pytest

from builder.oci.digest import Digest
from builder.oci.reference import parse
from builder.registry import (
    Denied,
    IntegrityError,
    NotFound,
    RegistryError,
    RetryPolicy,
    UnexpectedStatus,
    Unreachable,
)
from builder.registry.config import Section
from tests.fixtures.programs import free_port
from tests.fixtures.registry import Registry, faults
from tests.unit.builder.registry.conftest import broken, ref

HEADS = faults.MANIFEST_HEADS
GETS = faults.MANIFEST_GETS
MANIFESTS = faults.on(part="/manifests/")
OTHER = "sha256:" + "0" * 64


async def test_one_head_with_containerds_accept_list_is_enough(serve, store, session) -> None:
    server = serve(Registry(store))
    made = await session()
    resolved = await made.resolve(ref(server))
    stored = store.manifest("team/app", "1")
    assert resolved.descriptor.digest == stored.digest
    assert resolved.descriptor.size == len(stored.data)
    assert resolved.descriptor.media_type == stored.media_type
    assert resolved.coped == ()
    (seen,) = server.seen
    assert (seen.method, seen.target) == ("HEAD", "/v2/team/app/manifests/1")
    assert seen.header("Accept") == (
        "application/vnd.docker.distribution.manifest.v2+json, "
        "application/vnd.docker.distribution.manifest.list.v2+json, "
        "application/vnd.oci.image.manifest.v1+json, "
        "application/vnd.oci.image.index.v1+json, */*"
    )


@pytest.mark.parametrize("status", [400, 403, 404, 405, 500, 502])
async def test_a_head_that_is_refused_is_followed_by_one_get(serve, store, session, status) -> None:
    server = serve(broken(store, faults.status(HEADS, status)))
    made = await session()
    resolved = await made.resolve(ref(server))
    assert resolved.descriptor.digest == store.manifest("team/app", "1").digest
    assert resolved.coped == (f"head-{status}-get-200",)
    assert [seen.method for seen in server.seen] == ["HEAD", "GET"]


@pytest.mark.parametrize(
    ("tamper", "code"),
    [
        (faults.without_header(HEADS, "Docker-Content-Digest"), "head-without-digest"),
        (faults.with_header(HEADS, "Docker-Content-Digest", "nonsense"), "head-without-digest"),
        (faults.without_header(HEADS, "Content-Length"), "head-without-length"),
        (faults.without_header(HEADS, "Content-Type"), "head-without-media-type"),
        (faults.with_header(HEADS, "Content-Type", "text/html"), "head-without-media-type"),
        (faults.silent(HEADS), "head-broken-get-200"),
    ],
)
async def test_a_head_that_says_too_little_is_followed_by_one_get(
    serve, store, session, tamper, code
) -> None:
    server = serve(broken(store, tamper))
    made = await session()
    resolved = await made.resolve(ref(server))
    assert resolved.descriptor.digest == store.manifest("team/app", "1").digest
    assert resolved.descriptor.media_type.endswith("manifest.v1+json")
    assert resolved.coped == (code,)
    assert len(server.requests("GET")) == 1


async def test_the_bytes_of_that_get_are_what_fetch_manifest_gives(serve, store, session) -> None:
    server = serve(broken(store, faults.status(HEADS, 404)))
    made = await session()
    resolved = await made.resolve(ref(server))
    data = await made.fetch_manifest(ref(server), resolved.descriptor)
    assert data == store.manifest("team/app", "1").data
    assert [seen.method for seen in server.seen] == ["HEAD", "GET"]


async def test_nothing_is_asked_twice_in_a_session(serve, store, session) -> None:
    server = serve(Registry(store))
    made = await session()
    first = await asyncio.gather(*(made.resolve(ref(server)) for _ in range(10)))
    assert len({id(resolved) for resolved in first}) == 1
    await made.resolve(ref(server))
    descriptor = first[0].descriptor
    await asyncio.gather(*(made.fetch_manifest(ref(server), descriptor) for _ in range(10)))
    await made.head_manifest(first[0].host, ref(server))
    assert set(server.counted().values()) == {1}
    assert len(server.seen) == 2


async def test_a_caller_that_is_cancelled_does_not_take_the_answer_from_others(
    serve, store, session
) -> None:
    server = serve(broken(store, faults.slow(HEADS, 0.2)))
    made = await session()
    first = asyncio.create_task(made.resolve(ref(server)))
    second = asyncio.create_task(made.resolve(ref(server)))
    await asyncio.sleep(0.05)
    first.cancel()
    assert (await second).descriptor.size > 0
    assert len(server.seen) == 1


async def test_what_is_not_there_is_not_found_in_buildkits_words(serve, store, session) -> None:
    server = serve(Registry(store))
    made = await session()
    with pytest.raises(NotFound) as caught:
        await made.resolve(ref(server, "team/app:nope"))
    assert str(caught.value) == f"{server.authority}/team/app:nope: not found"
    (attempt,) = caught.value.attempts
    assert [(e.method, e.status) for e in attempt.exchanges] == [("HEAD", 404), ("GET", 404)]
    assert b"MANIFEST_UNKNOWN" in attempt.exchanges[1].body


async def test_an_answer_that_is_an_error_is_remembered_and_an_outage_is_not(
    serve, store, session
) -> None:
    server = serve(broken(store, faults.status(MANIFESTS, 503, times=2)))
    made = await session(policy=RetryPolicy(retries=0))
    with pytest.raises(UnexpectedStatus) as caught:
        await made.resolve(ref(server))
    assert caught.value.status == 503
    assert "unexpected status from HEAD request to" in str(caught.value)
    assert (await made.resolve(ref(server))).descriptor.size
    for _ in range(2):
        with pytest.raises(NotFound):
            await made.resolve(ref(server, "team/app:nope"))
    assert len(server.requests(part="nope")) == 2


async def test_403_to_the_end_is_denied(serve, store, session) -> None:
    server = serve(broken(store, faults.status(MANIFESTS, 403)))
    with pytest.raises(Denied) as caught:
        await (await session()).resolve(ref(server))
    assert "403 Forbidden" in str(caught.value)


async def test_a_5xx_is_tried_again_and_told(serve, store, session) -> None:
    told = []
    server = serve(broken(store, faults.status(MANIFESTS, 503, times=3)))
    made = await session(policy=RetryPolicy(first_pause=0.001, on_retry=told.append))
    assert (await made.resolve(ref(server))).coped == ("head-503-get-200",)
    assert [(r.method, r.number, r.reason) for r in told] == [
        ("GET", 1, "server error 503"),
        ("GET", 2, "server error 503"),
    ]


async def test_a_limit_on_requests_is_waited_out_where_that_is_bearable(
    serve, store, session
) -> None:
    told = []
    server = serve(broken(store, faults.status(HEADS, 429, times=1, retry_after="0")))
    made = await session(policy=RetryPolicy(on_retry=told.append))
    assert (await made.resolve(ref(server))).coped == ()
    assert [(r.method, r.reason, r.delay) for r in told] == [("HEAD", "too many requests", 0.0)]
    assert [s.method for s in server.seen] == ["HEAD", "HEAD"]
    strict = serve(broken(store, faults.status(HEADS, 429, retry_after="21600")))
    with pytest.raises(UnexpectedStatus, match="429 Too Many Requests") as caught:
        await made.resolve(ref(strict))
    assert len(strict.seen) == 1
    assert "use a mirror" in caught.value.hint


async def test_a_digest_reference_is_held_against_the_header_and_the_body(
    serve, store, session
) -> None:
    digest = Digest(store.manifest("team/app", "1").digest)
    lying = serve(broken(store, faults.with_header(HEADS, "Docker-Content-Digest", OTHER)))
    with pytest.raises(IntegrityError) as caught:
        await (await session()).resolve(ref(lying, f"team/app@{digest}"))
    assert (caught.value.what, caught.value.expected, caught.value.got) == (
        "digest",
        digest,
        OTHER,
    )
    other = serve(
        broken(
            store,
            faults.status(HEADS, 404),
            faults.body(GETS, b"{}"),
            faults.without_header(GETS, "Docker-Content-Digest"),
        )
    )
    with pytest.raises(IntegrityError):
        await (await session()).resolve(ref(other, f"team/app@{digest}"))


async def test_a_get_whose_header_contradicts_its_body_is_a_lie(serve, store, session) -> None:
    server = serve(
        broken(
            store,
            faults.status(HEADS, 405),
            faults.with_header(GETS, "Docker-Content-Digest", OTHER),
        )
    )
    with pytest.raises(IntegrityError, match="digest"):
        await (await session()).resolve(ref(server))


async def test_a_manifest_fetched_by_digest_is_verified(serve, store, session) -> None:
    server = serve(broken(store, faults.body(GETS, b'{"schemaVersion":2}')))
    made = await session()
    resolved = await made.resolve(ref(server))
    with pytest.raises(IntegrityError) as caught:
        await made.fetch_manifest(ref(server), resolved.descriptor)
    assert caught.value.expected == resolved.descriptor.digest
    assert caught.value.attempts[-1].step == "manifest"


@pytest.mark.parametrize("data", [faults.HTML, b"[1, 2]", b"\x1f\x8b", b""])
async def test_what_is_no_json_object_is_no_manifest(serve, store, session, data) -> None:
    server = serve(broken(store, faults.status(HEADS, 404), faults.body(GETS, data)))
    server.answers.tamper.append(faults.without_header(GETS, "Docker-Content-Digest"))
    made = await session()
    with pytest.raises(IntegrityError, match="expected a JSON document") as caught:
        await made.resolve(ref(server))
    assert caught.value.what == "media type"


# -- mirrors


def mirrored(mirror: str, **settings) -> dict[str, Section]:
    return {"up.example": Section(mirrors=(mirror,), **settings), mirror: Section(http=True)}


async def test_a_mirror_is_asked_first_and_told_for_whom(serve, store, session) -> None:
    mirror = serve(Registry(store))
    made = await session(sections=mirrored(mirror.authority))
    resolved = await made.resolve(parse("up.example/team/app:1"))
    assert resolved.host.role == "mirror"
    assert mirror.seen[0].target == "/v2/team/app/manifests/1?ns=up.example"


async def test_a_mirror_that_has_it_not_leaves_the_origin_to_answer(serve, store, session) -> None:
    mirror, origin = serve(Registry()), serve(Registry(store))
    sections = {
        origin.authority: Section(mirrors=(mirror.authority,)),
        mirror.authority: Section(http=True),
    }
    made = await session(sections=sections)
    resolved = await made.resolve(ref(origin))
    assert resolved.host.role == "origin"
    assert resolved.coped == ("host-skipped",)
    assert [a.host.role for a in resolved.attempts] == ["mirror", "origin"]
    assert isinstance(resolved.attempts[0].error, NotFound)
    assert mirror.seen[0].target.endswith(f"?ns={origin.authority.replace(':', ':')}")


async def test_a_mirror_that_gives_a_page_leaves_the_origin_to_answer(
    serve, store, session
) -> None:
    portal, origin = serve(broken(store, faults.captive_portal)), serve(Registry(store))
    sections = {
        origin.authority: Section(mirrors=(portal.authority,)),
        portal.authority: Section(http=True),
    }
    made = await session(sections=sections)
    resolved = await made.resolve(ref(origin))
    assert resolved.host.role == "origin"
    assert resolved.coped == ("host-skipped",)


async def test_a_dead_mirror_is_contacted_once_in_a_session(serve, store, session) -> None:
    origin = serve(Registry(store))
    dead = f"127.0.0.1:{free_port()}"
    sections = {origin.authority: Section(mirrors=(dead,)), dead: Section(http=True)}
    made = await session(sections=sections)
    resolved = await made.resolve(ref(origin))
    await made.fetch_manifest(ref(origin), resolved.descriptor)
    asked = [a for a in made.attempts() if a.host.role == "mirror"]
    assert len(asked) == 1
    assert isinstance(asked[0].error, Unreachable)


@pytest.mark.parametrize(
    ("mirror_status", "origin_status", "kind"),
    [(404, 500, UnexpectedStatus), (500, 404, UnexpectedStatus), (404, 404, NotFound)],
)
async def test_the_error_is_the_first_of_the_gravest_kind_and_has_all_attempts(
    serve, store, session, mirror_status, origin_status, kind
) -> None:
    mirror = serve(broken(store, faults.status(MANIFESTS, mirror_status)))
    origin = serve(broken(store, faults.status(MANIFESTS, origin_status)))
    sections = {
        origin.authority: Section(mirrors=(mirror.authority,)),
        mirror.authority: Section(http=True),
    }
    made = await session(sections=sections, policy=RetryPolicy(retries=0))
    with pytest.raises(RegistryError) as caught:
        await made.resolve(ref(origin))
    assert type(caught.value) is kind
    assert [a.host.role for a in caught.value.attempts] == ["mirror", "origin"]
    assert all(a.exchanges for a in caught.value.attempts)
    assert made.attempts(ref(origin)) == caught.value.attempts


async def test_not_found_at_the_mirror_outweighs_an_origin_out_of_reach(serve, session) -> None:
    mirror = serve(Registry())
    origin = f"127.0.0.1:{free_port()}"
    sections = {
        origin: Section(mirrors=(mirror.authority,)),
        mirror.authority: Section(http=True),
    }
    with pytest.raises(NotFound) as caught:
        await (await session(sections=sections)).resolve(parse(f"{origin}/a/b:1"))
    cause = caught.value.attempts[1].error
    assert isinstance(cause, Unreachable)
    assert str(cause).startswith('failed to do request: Head "http://')
    assert cause.__cause__.stage == "connect"


async def test_without_upstream_the_origin_is_never_asked(serve, session) -> None:
    mirror = serve(Registry())
    made = await session(sections=mirrored(mirror.authority, upstream=False))
    with pytest.raises(NotFound) as caught:
        await made.resolve(parse("up.example/a:1"))
    assert len(caught.value.attempts) == 1
