"""Blobs: verified as they arrive, resumed after a cut, from one host after another."""

import json
from contextlib import aclosing
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.registry import (
    IntegrityError,
    NotFound,
    RegistryError,
    RetryPolicy,
    Session,
    Unreachable,
)
from builder.registry.config import Section
from tests.fixtures.registry import (
    Answer,
    BearerAuth,
    Registry,
    Request,
    Server,
    Store,
    TokenService,
    faults,
)
from tests.unit.builder.registry.conftest import ENVIRON, broken, ref

BLOBS = faults.BLOB_GETS
DATA = b"a" * 200_000
LAYER = Descriptor("application/vnd.oci.image.layer.v1.tar", Digest.of(DATA), len(DATA))


async def fetched(made, reference, descriptor=LAYER) -> bytes:
    out = bytearray()
    async with aclosing(made.fetch_blob(reference, descriptor)) as chunks:
        async for chunk in chunks:
            out += chunk
    return bytes(out)


async def test_a_blob_arrives_whole_in_one_request(serve, store, session) -> None:
    server = serve(Registry(store))
    assert await fetched(await session(), ref(server)) == DATA
    (seen,) = server.seen
    assert seen.header("Accept") == f"{LAYER.media_type}, */*"
    assert seen.header("Range") == ""
    assert seen.header("Accept-Encoding") == "identity"


async def test_cuts_are_resumed_by_range_and_told(serve, store, session) -> None:
    told = []
    server = serve(broken(store, faults.cut(BLOBS, 50_000, times=3)))
    made = await session(policy=RetryPolicy(first_pause=0.001, on_retry=told.append))
    assert await fetched(made, ref(server)) == DATA
    assert [seen.header("Range") for seen in server.seen] == [
        "",
        "bytes=50000-",
        "bytes=100000-",
        "bytes=150000-",
    ]
    assert [r.reason for r in told] == ["unexpected EOF"] * 3


async def test_progress_wins_new_tries_and_standing_still_does_not(serve, store, session) -> None:
    server = serve(broken(store, faults.cut(BLOBS, 20_000, times=8)))
    made = await session(policy=RetryPolicy(retries=1, first_pause=0.001))
    assert await fetched(made, ref(server)) == DATA
    stuck = serve(broken(store, faults.cut(BLOBS, 0, times=99)))
    with pytest.raises(Unreachable, match="unexpected EOF"):
        await fetched(made, ref(stuck))
    assert len(stuck.seen) == 2


async def test_a_server_without_ranges_starts_again_and_no_byte_comes_twice(
    serve, store, session
) -> None:
    server = serve(broken(store, faults.no_ranges, faults.cut(BLOBS, 150_000, times=1)))

    def whole(request, answer):
        # What no_ranges turned into 200 must have the whole body.
        return replace(answer, body=DATA) if request.header("Range") else answer

    server.answers.tamper.insert(0, whole)
    server.answers.tamper.append(lambda r, a: a.without("Content-Range"))
    assert await fetched(await session(), ref(server)) == DATA
    assert len(server.seen) == 2


async def test_a_doctor_does_not_resume(serve, store, session) -> None:
    server = serve(broken(store, faults.cut(BLOBS, 10, times=1)))
    made = await session(policy=RetryPolicy(retries=0))
    with pytest.raises(Unreachable):
        await fetched(made, ref(server))
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("tamper", "what"),
    [
        (faults.body(BLOBS, b"b" * len(DATA)), "digest"),
        (faults.body(BLOBS, DATA[:-1]), "length"),
        (faults.body(BLOBS, DATA + b"x"), "length"),
    ],
)
async def test_other_bytes_than_promised_are_an_integrity_error(
    serve, store, session, tamper, what
) -> None:
    server = serve(broken(store, tamper))
    with pytest.raises(IntegrityError) as caught:
        await fetched(await session(), ref(server))
    assert caught.value.what == what
    assert len(server.seen) == 1
    assert caught.value.attempts[0].error is caught.value


async def test_an_endless_body_is_left_at_the_promised_length(serve, store, session) -> None:
    server = serve(broken(store, faults.body(BLOBS, DATA * 20), faults.unframed(BLOBS)))
    with pytest.raises(IntegrityError, match="more than that"):
        await fetched(await session(), ref(server))


@pytest.mark.parametrize("framing", [faults.unframed(BLOBS), faults.chunked(BLOBS)])
async def test_bodies_without_a_length_are_read_as_well(serve, store, session, framing) -> None:
    server = serve(broken(store, framing))
    assert await fetched(await session(), ref(server)) == DATA


async def test_a_range_that_starts_elsewhere_is_a_lie(serve, store, session) -> None:
    def shifted(request, answer):
        if answer.status != 206:
            return answer
        return answer.with_header("Content-Range", "bytes 7-9/200000")

    server = serve(broken(store, faults.cut(BLOBS, 50_000, times=1), shifted))
    with pytest.raises(IntegrityError, match="range"):
        await fetched(await session(), ref(server))


async def test_a_redirect_to_storage_goes_without_the_token(serve, store, session) -> None:
    storage = serve(Registry(store))
    token = BearerAuth(TokenService())
    server = serve(broken(store, faults.redirect(BLOBS, storage.url), auth=token))
    assert await fetched(await session(), ref(server)) == DATA
    assert storage.seen[0].header("Authorization") == ""
    assert any(seen.header("Authorization") for seen in server.seen)


async def test_a_cut_at_the_storage_is_resumed_through_the_registry(serve, store, session) -> None:
    storage = serve(broken(store, faults.cut(BLOBS, 50_000, times=1)))
    server = serve(broken(store, faults.redirect(BLOBS, storage.url)))
    assert await fetched(await session(), ref(server)) == DATA
    assert storage.seen[1].header("Range") == "bytes=50000-"


async def test_a_missing_blob_is_not_found_at_every_host(serve, store, session) -> None:
    mirror, origin = serve(Registry()), serve(Registry())
    sections = {
        origin.authority: Section(mirrors=(mirror.authority,)),
        mirror.authority: Section(http=True),
    }
    with pytest.raises(NotFound) as caught:
        await fetched(await session(sections=sections), ref(origin))
    assert [a.host.role for a in caught.value.attempts] == ["mirror", "origin"]


async def test_the_next_host_goes_on_where_the_first_gave_up(serve, store, session) -> None:
    mirror = serve(
        broken(
            store,
            faults.cut(BLOBS, 60_000, times=1),
            faults.status(lambda r: BLOBS(r) and bool(r.header("Range")), 404),
        )
    )
    origin = serve(Registry(store))
    sections = {
        origin.authority: Section(mirrors=(mirror.authority,)),
        mirror.authority: Section(http=True),
    }
    assert await fetched(await session(sections=sections), ref(origin)) == DATA
    assert origin.seen[0].header("Range") == "bytes=60000-"


async def test_a_mirror_that_lies_about_the_length_leaves_it_to_the_origin(
    serve, store, session
) -> None:
    mirror = serve(broken(store, faults.body(BLOBS, b"short")))
    origin = serve(Registry(store))
    sections = {
        origin.authority: Section(mirrors=(mirror.authority,)),
        mirror.authority: Section(http=True),
    }
    made = await session(sections=sections)
    assert await fetched(made, ref(origin)) == DATA
    assert isinstance(made.attempts()[0].error, IntegrityError)


async def test_429_waits_as_long_as_the_registry_asks(serve, store, session) -> None:
    told = []
    server = serve(broken(store, faults.status(BLOBS, 429, times=1, retry_after="0")))
    made = await session(policy=RetryPolicy(on_retry=told.append))
    assert await fetched(made, ref(server)) == DATA
    assert told[0].delay == 0.0
    server = serve(broken(store, faults.status(BLOBS, 429, retry_after="3600")))
    with pytest.raises(RegistryError, match="429"):
        await fetched(made, ref(server))
    assert len(server.seen) == 1


async def test_iteration_may_be_left_early(serve, store, session) -> None:
    server = serve(Registry(store))
    made = await session()
    async with aclosing(made.fetch_blob(ref(server), LAYER)) as chunks:
        async for _ in chunks:
            break
    assert await fetched(made, ref(server)) == DATA


async def test_every_blob_of_a_manifest_can_be_had(serve, store, session) -> None:
    server = serve(Registry(store))
    made = await session()
    resolved = await made.resolve(ref(server))
    document = json.loads(await made.fetch_manifest(ref(server), resolved.descriptor))
    for part in [document["config"], *document["layers"]]:
        descriptor = Descriptor.from_json(part)
        assert Digest.of(await fetched(made, ref(server), descriptor)) == descriptor.digest


@settings(max_examples=25, deadline=None)
@given(data=st.binary(min_size=1, max_size=3000), cuts=st.lists(st.integers(1, 900), max_size=6))
async def test_wherever_the_cuts_are_each_byte_comes_once(data: bytes, cuts: list[int]) -> None:
    store = Store()
    blob = Descriptor("application/x", Digest(store.add_blob("team/app", data)), len(data))
    left = list(cuts)

    def tamper(request: Request, answer: Answer) -> Answer:
        if not BLOBS(request) or not left:
            return answer
        return replace(answer, cut_after=min(left.pop(0), len(answer.body)))

    with Server(Registry(store, tamper=(tamper,))) as server:
        policy = RetryPolicy(first_pause=0.0)
        async with Session(environ=ENVIRON, policy=policy) as made:
            assert await fetched(made, ref(server), blob) == data
