"""Pushing: existence, mounts, uploads in one piece and in chunks, Locations of every kind."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.registry import (
    Credential,
    Denied,
    IntegrityError,
    RegistryError,
    RetryPolicy,
    Unauthorized,
    Unreachable,
    push,
)
from builder.registry.config import Section
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.registry import BasicAuth, BearerAuth, Registry, Store, TokenService, faults
from tests.unit.builder.registry.conftest import broken, ref

DATA = bytes(range(256)) * 100
BLOB = Descriptor("application/octet-stream", Digest.of(DATA), len(DATA))
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


async def stream() -> AsyncIterator[bytes]:
    for start in range(0, len(DATA), 1000):
        yield DATA[start : start + 1000]


@pytest.mark.parametrize("content", [DATA, stream])
@pytest.mark.parametrize("relative", [True, False])
async def test_a_blob_goes_in_one_put_to_wherever_the_registry_says(
    serve, session, content, relative
) -> None:
    store = Store()
    server = serve(Registry(store, relative=relative))
    assert await (await session()).push_blob(ref(server), BLOB, content) is True
    assert store.blob("team/app", BLOB.digest) == DATA
    assert [seen.method for seen in server.seen] == ["HEAD", "POST", "PUT"]
    put = server.seen[2]
    assert put.header("Content-Length") == str(len(DATA))
    # The registry's own query is kept, the digest added.
    assert f"_state=open&digest={BLOB.digest}" in put.target


async def test_what_is_there_is_not_sent(serve, session) -> None:
    store = Store()
    store.add_blob("team/app", DATA)
    server = serve(Registry(store))
    made = await session()
    assert await made.push_blob(ref(server), BLOB, DATA) is False
    assert [seen.method for seen in server.seen] == ["HEAD"]


async def test_a_blob_is_pushed_once_in_a_session(serve, session) -> None:
    server = serve(Registry())
    made = await session()
    await made.push_blob(ref(server), BLOB, DATA)
    await made.push_blob(ref(server), BLOB, DATA)
    assert len(server.requests("PUT")) == 1


async def test_a_blob_of_another_repository_is_mounted(serve, session) -> None:
    store = Store()
    store.add_blob("base/image", DATA)
    auth = BearerAuth(TokenService({"me": "pw"}))
    server = serve(Registry(store, auth=auth))
    made = await session(users={server.authority: Credential("me", "pw")})
    pushed = await made.push_blob(ref(server), BLOB, DATA, mount_from=["base/image"])
    assert pushed is False
    assert store.blob("team/app", BLOB.digest) == DATA
    assert server.requests("PUT") == []
    mount = server.requests("POST", "mount=")[-1]
    assert mount.target.endswith(f"?mount={BLOB.digest}&from=base/image")
    scopes = "\n".join(seen.target for seen in server.requests(part="/token"))
    assert "scope=repository%3Abase%2Fimage%3Apull" in scopes
    assert "scope=repository%3Ateam%2Fapp%3Apull%2Cpush" in scopes


async def test_the_upload_that_stands_in_for_a_mount_is_used(serve, session) -> None:
    store = Store()
    server = serve(Registry(store))
    made = await session()
    assert await made.push_blob(ref(server), BLOB, DATA, mount_from=["not/there"]) is True
    assert len(server.requests("POST")) == 1
    assert store.blob("team/app", BLOB.digest) == DATA


async def test_a_mount_that_fails_is_followed_by_a_plain_upload(serve, session) -> None:
    def fails(request, answer):
        return replace(answer, status=405) if request.first("mount") else answer

    store = Store()
    server = serve(broken(store, fails))
    assert await (await session()).push_blob(ref(server), BLOB, DATA, mount_from=["a", "b"])
    assert len(server.requests("POST", "mount=")) == 2
    assert store.blob("team/app", BLOB.digest) == DATA


async def test_mount_alone_says_whether_it_worked_and_leaves_no_upload(serve, session) -> None:
    store = Store()
    store.add_blob("base", DATA)
    server = serve(Registry(store))
    made = await session()
    assert await made.mount_blob(ref(server), BLOB.digest, "base") is True
    assert await made.mount_blob(ref(server, "other:1"), BLOB.digest, "nowhere") is False
    assert store.uploads == {}


async def test_chunks_go_in_order_with_their_ranges(serve, session, monkeypatch) -> None:
    monkeypatch.setattr(push, "CHUNK", 10_000)
    store = Store()
    server = serve(Registry(store, relative=True))
    made = await session()
    assert await made.push_blob(ref(server), BLOB, stream, chunked=True)
    assert store.blob("team/app", BLOB.digest) == DATA
    patches = server.requests("PATCH")
    assert [seen.header("Content-Range") for seen in patches] == [
        "0-9999",
        "10000-19999",
        "20000-25599",
    ]
    assert server.requests("PUT")[0].body == b""


async def test_a_registry_that_finds_it_too_large_gets_chunks(serve, session, monkeypatch) -> None:
    monkeypatch.setattr(push, "CHUNK", 10_000)

    def small_bodies_only(request, answer):
        too_large = request.method == "PUT" and len(request.body) > 10_000
        return replace(answer, status=413) if too_large else answer

    class Refusing(Registry):
        def routed(self, request):
            if request.method == "PUT" and len(request.body) > 10_000:
                return faults.error_answer(413, "SIZE_INVALID", "too large")
            return super().routed(request)

    store = Store()
    server = serve(Refusing(store))
    assert await (await session()).push_blob(ref(server), BLOB, DATA)
    assert store.blob("team/app", BLOB.digest) == DATA


async def test_an_upload_that_breaks_is_begun_anew_and_told(serve, session) -> None:
    told = []
    store = Store()
    server = serve(broken(store, faults.silent(faults.on("PUT", "/blobs/"), times=1)))
    made = await session(policy=RetryPolicy(first_pause=0.001, on_retry=told.append))
    assert await made.push_blob(ref(server), BLOB, stream)
    assert len(server.requests("POST")) == 2
    assert [r.reason for r in told] == ["EOF"]
    doctor = await session(policy=RetryPolicy(retries=0))
    server = serve(broken(Store(), faults.silent(faults.on("PUT", "/blobs/"), times=1)))
    with pytest.raises(Unreachable):
        await doctor.push_blob(ref(server), BLOB, DATA)


async def test_a_refusal_is_not_tried_again(serve, session) -> None:
    server = serve(broken(Store(), faults.status(faults.on("POST"), 403)))
    with pytest.raises(Denied) as caught:
        await (await session()).push_blob(ref(server), BLOB, DATA)
    assert len(server.requests("POST")) == 1
    assert caught.value.attempts[-1].step == "push-blob"


async def test_no_right_to_push_is_said_in_containerds_words(serve, session) -> None:
    server = serve(Registry(auth=BasicAuth({"me": "pw"}, anonymous_pull=True)))
    with pytest.raises(Unauthorized) as caught:
        await (await session()).push_blob(ref(server), BLOB, DATA)
    assert str(caught.value).startswith("push access denied, repository does not exist")


async def test_a_registry_that_stores_something_else_is_found_out(serve, session) -> None:
    other = "sha256:" + "0" * 64
    puts = faults.on("PUT", "/blobs/")
    server = serve(broken(Store(), faults.with_header(puts, "Docker-Content-Digest", other)))
    with pytest.raises(IntegrityError) as caught:
        await (await session()).push_blob(ref(server), BLOB, DATA)
    assert caught.value.got == other


async def test_an_upload_without_location_is_an_error(serve, session) -> None:
    posts = faults.on("POST")
    server = serve(broken(Store(), faults.without_header(posts, "Location")))
    with pytest.raises(RegistryError, match="Location"):
        await (await session()).push_blob(ref(server), BLOB, DATA)


@pytest.mark.parametrize("location", ["http://[", "ftp://x/y", "https://h:port/"])
async def test_a_location_that_is_no_place_is_an_error(serve, session, location) -> None:
    posts = faults.on("POST")
    server = serve(broken(Store(), faults.with_header(posts, "Location", location)))
    with pytest.raises(RegistryError, match="invalid address"):
        await (await session()).push_blob(ref(server), BLOB, DATA)


async def test_no_credential_goes_to_a_location_on_another_host(serve, session) -> None:
    storage = serve(Registry(Store()))

    def elsewhere(request, answer):
        if request.method != "POST":
            return answer
        identity = storage.answers.store.begin_upload()
        target = f"{storage.url}/v2/team/app/blobs/uploads/{identity}?sig=secret"
        return answer.with_header("Location", target)

    auth = BasicAuth({"me": "pw"})
    server = serve(broken(Store(), elsewhere, auth=auth))
    made = await session(users={server.authority: Credential("me", "pw")})
    assert await made.push_blob(ref(server), BLOB, DATA)
    assert storage.seen[0].header("Authorization") == ""
    assert "sig=secret&digest=" in storage.seen[0].target
    assert "secret" not in repr(made.attempts())


async def test_a_location_that_forgot_tls_is_followed_over_tls(serve, session, tmp_path) -> None:
    authority = CertificateAuthority("Root")
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority.pem)

    def forgetful(request, answer):
        location = answer.header("Location").replace("https://", "http://")
        return answer.with_header("Location", location) if location else answer

    store = Store()
    tls = authority.issue(ips=["127.0.0.1"]).server_context()
    server = serve(broken(store, forgetful), tls=tls)
    sections = {server.authority: Section(http=False, ca=(ca,))}
    made = await session(sections=sections)
    assert await made.push_blob(ref(server), BLOB, DATA)
    assert store.blob("team/app", BLOB.digest) == DATA
    assert made.notes(made.hosts(server.authority)[0]) == ("location-downgraded",)


async def test_nothing_is_pushed_to_a_mirror(serve, session) -> None:
    mirror, origin = serve(Registry()), serve(Registry())
    sections = {
        origin.authority: Section(mirrors=(mirror.authority,)),
        mirror.authority: Section(http=True),
    }
    await (await session(sections=sections)).push_blob(ref(origin), BLOB, DATA)
    assert mirror.seen == []


def manifest(store: Store) -> bytes:
    config = store.add_blob("team/app", b"{}")
    part = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2}
    document = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": part, "layers": []}
    return json.dumps(document).encode()


async def test_a_manifest_goes_under_its_tag_or_its_digest(serve, session) -> None:
    store = Store()
    data = manifest(store)
    server = serve(Registry(store))
    made = await session()
    tagged = await made.push_manifest(ref(server), data, MANIFEST_TYPE)
    assert tagged == Descriptor(MANIFEST_TYPE, Digest.of(data), len(data))
    assert store.manifest("team/app", "1").data == data
    bare = msgspec.structs.replace(ref(server), tag="")
    await made.push_manifest(bare, data, MANIFEST_TYPE)
    assert server.seen[-1].target.endswith(f"/manifests/{tagged.digest}")
    assert server.seen[-1].header("Content-Type") == MANIFEST_TYPE


async def test_a_tag_is_resolved_anew_after_it_was_pushed(serve, session) -> None:
    store = Store()
    store.add_image("team/app", "1")
    data = manifest(store)
    server = serve(Registry(store))
    made = await session()
    before = await made.resolve(ref(server))
    pushed = await made.push_manifest(ref(server), data, MANIFEST_TYPE)
    after = await made.resolve(ref(server))
    assert before.descriptor.digest != pushed.digest
    assert after.descriptor.digest == pushed.digest


async def test_a_refused_manifest_has_the_registrys_words(serve, session) -> None:
    part = {"mediaType": "x", "digest": "sha256:" + "1" * 64, "size": 1}
    document = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": part, "layers": []}
    server = serve(Registry())
    with pytest.raises(RegistryError) as caught:
        await (await session()).push_manifest(
            ref(server), json.dumps(document).encode(), MANIFEST_TYPE
        )
    assert "manifest_blob_unknown: blob unknown to registry" in str(caught.value)


async def test_opening_and_deleting_an_upload_leaves_nothing(serve, session) -> None:
    store = Store()
    server = serve(Registry(store))
    made = await session()
    (host,) = made.hosts(server.authority)
    opened = await made.ask_push(host, "POST", host.url("app", "blobs/uploads/"), "app")
    location = opened.header("Location")
    cancelled = await made.ask_push(host, "DELETE", location, "app")
    assert (opened.status, cancelled.status) == (202, 204)
    assert location.startswith(server.url)
    assert store.uploads == {}


@pytest.mark.parametrize("api", [True, False])
async def test_referrers_come_from_the_api_or_from_the_tag(serve, session, api) -> None:
    store = Store()
    subject = store.add_image("team/app", "1")
    size = len(store.manifest("team/app", "1").data)
    document = json.loads(manifest(store))
    document["artifactType"] = "application/x.sbom"
    document["subject"] = {"mediaType": MANIFEST_TYPE, "digest": subject, "size": size}
    referrer = store.add_manifest("team/app", json.dumps(document).encode(), MANIFEST_TYPE)
    entry = {
        "mediaType": MANIFEST_TYPE,
        "digest": referrer,
        "size": len(json.dumps(document)),
        "artifactType": "application/x.sbom",
    }
    index_type = "application/vnd.oci.image.index.v1+json"
    index = {"schemaVersion": 2, "mediaType": index_type, "manifests": [entry]}
    tag = subject.replace(":", "-")
    store.add_manifest("team/app", json.dumps(index).encode(), index_type, tag)
    server = serve(Registry(store, referrers=api))
    made = await session()
    found = await made.referrers(ref(server), Digest(subject))
    assert [d.digest for d in found] == [referrer]
    assert await made.referrers(ref(server), Digest(subject), artifact_type="other") == ()
    assert await made.referrers(ref(server), Digest("sha256:" + "0" * 64)) == ()


@given(st.lists(st.binary(max_size=50), max_size=20), st.integers(1, 40))
async def test_pieces_are_of_one_size_and_lose_nothing(chunks: list[bytes], size: int) -> None:
    async def content() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    for source in (content, b"".join(chunks)):
        got = [piece async for piece in push.pieces(source, size)]
        assert b"".join(got) == b"".join(chunks)
        assert all(len(piece) == size for piece in got[:-1])
        assert all(0 < len(piece) <= size for piece in got)
