"""The client against Debian's docker-registry: push, pull, mount, resume, TLS, passwords."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.oci.reference import Reference, parse
from builder.registry import (
    Credential,
    CredentialStore,
    NotFound,
    RegistryConfig,
    Retrying,
    RetryPolicy,
    Session,
    Unauthorized,
    Unreachable,
)
from builder.registry.config import Section
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.programs import docker_registry, free_port, nginx
from tests.fixtures.registry import Mirror, Registry, Server, Store, Upstream

pytestmark = pytest.mark.integration

ENVIRON = {"SSL_CERT_FILE": "/nonexistent", "SSL_CERT_DIR": "/nonexistent"}
LAYERS = (b"layer one " * 300_000, b"layer two")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def session(**options) -> Session:
    users = options.pop("users", None)
    options.setdefault("config", RegistryConfig(options.pop("sections", {}), environ=ENVIRON))
    options.setdefault("policy", RetryPolicy(first_pause=0.01))
    return Session(credentials=CredentialStore({}, given=users), environ=ENVIRON, **options)


def image(docker: bool = False) -> tuple[bytes, str, dict[Digest, bytes]]:
    """A manifest, its media type, and its blobs by digest."""
    store = Store()
    store.add_image("x", "1", LAYERS, docker=docker)
    stored = store.manifest("x", "1")
    assert stored is not None
    blobs = {Digest(d): store.blob("x", d) or b"" for d in store.repositories["x"].blobs}
    return stored.data, stored.media_type, blobs


async def push(made: Session, reference: Reference, *, docker: bool = False) -> Descriptor:
    data, media_type, blobs = image(docker)
    for digest, blob in blobs.items():
        descriptor = Descriptor("application/octet-stream", digest, len(blob))
        await made.push_blob(reference, descriptor, blob)
    return await made.push_manifest(reference, data, media_type)


async def pull(made: Session, reference: Reference) -> dict[Digest, bytes]:
    """Every blob of the image, by its digest."""
    resolved = await made.resolve(reference)
    document = json.loads(await made.fetch_manifest(reference, resolved.descriptor))
    out = {}
    for part in [document["config"], *document["layers"]]:
        descriptor = Descriptor.from_json(part)
        data = bytearray()
        async with aclosing(made.fetch_blob(reference, descriptor)) as chunks:
            async for chunk in chunks:
                data += chunk
        out[descriptor.digest] = bytes(data)
    return out


@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.parametrize("docker", [False, True])
async def test_what_is_pushed_can_be_pulled_again(tmp_path: Path, relative, docker) -> None:
    with docker_registry(tmp_path, relative=relative) as registry:
        reference = parse(f"{registry.authority}/team/app:1")
        async with session() as made:
            pushed = await push(made, reference, docker=docker)
            resolved = await made.resolve(reference)
            assert resolved.descriptor == pushed
            assert resolved.coped == ()
        async with session() as fresh:
            assert await pull(fresh, reference) == image(docker)[2]


async def test_skopeo_reads_what_we_pushed_and_we_read_what_it_pushed(tmp_path: Path) -> None:
    with docker_registry(tmp_path / "registry") as registry:
        ours, theirs = (f"{registry.authority}/{name}:1" for name in ("ours", "theirs"))
        async with session() as made:
            pushed = await push(made, parse(ours))
            skopeo("inspect", "--tls-verify=false", f"docker://{ours}")
            raw = skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{ours}")
            assert Digest.of(raw) == pushed.digest
            plain = ("--src-tls-verify=false", "--dest-tls-verify=false")
            skopeo("copy", "--preserve-digests", *plain, f"docker://{ours}", f"docker://{theirs}")
            assert await pull(made, parse(theirs)) == image()[2]


def skopeo(*arguments: str) -> bytes:
    done = subprocess.run(["skopeo", *arguments], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


async def test_chunks_and_streams_arrive_as_one_blob(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("builder.registry.push.CHUNK", 1_000_000)
    data = LAYERS[0]
    blob = Descriptor("application/octet-stream", Digest.of(data), len(data))

    async def content() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 65536):
            yield data[start : start + 65536]

    with docker_registry(tmp_path) as registry:
        async with session() as made:
            for name, chunked in (("chunked", True), ("streamed", False)):
                reference = parse(f"{registry.authority}/{name}:1")
                assert await made.push_blob(reference, blob, content, chunked=chunked)
                assert await made.blob_exists(reference, blob.digest)


async def test_a_blob_is_mounted_from_another_repository(tmp_path: Path) -> None:
    with docker_registry(tmp_path) as registry:
        async with session() as made:
            await push(made, parse(f"{registry.authority}/base:1"))
            _, _, blobs = image()
            target = parse(f"{registry.authority}/other:1")
            for digest, blob in blobs.items():
                descriptor = Descriptor("application/octet-stream", digest, len(blob))
                assert not await made.push_blob(target, descriptor, blob, mount_from=["base"])
                assert await made.blob_exists(target, digest)
            assert not await made.mount_blob(target, Digest.of(b"none"), "base")


async def test_a_missing_tag_is_not_found(tmp_path: Path) -> None:
    with docker_registry(tmp_path) as registry:
        async with session() as made:
            with pytest.raises(NotFound, match="team/app:1: not found"):
                await made.resolve(parse(f"{registry.authority}/team/app:1"))


async def test_tls_is_verified_by_the_extra_ca_and_by_nothing_else(tmp_path: Path) -> None:
    authority = CertificateAuthority("Private Root")
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority.pem)
    tls = authority.intermediate("Issuing CA").issue(ips=["127.0.0.1"]).write(tmp_path)
    with docker_registry(tmp_path / "registry", tls=tls) as registry:
        reference = parse(f"{registry.authority}/team/app:1")
        async with session(config=RegistryConfig(ca=[ca], environ=ENVIRON)) as made:
            await push(made, reference)
            assert await pull(made, reference) == image()[2]
        async with session() as stranger:
            with pytest.raises(Unreachable, match="certificate signed by unknown authority"):
                await stranger.resolve(reference)
        sections = {registry.authority: Section(insecure=True)}
        async with session(sections=sections) as careless:
            assert await careless.resolve(reference)


async def test_a_password_is_asked_for_and_answered(tmp_path: Path) -> None:
    with docker_registry(tmp_path, htpasswd={"me": "s3cret"}) as registry:
        reference = parse(f"{registry.authority}/team/app:1")
        async with session(users={registry.authority: Credential("me", "s3cret")}) as made:
            await push(made, reference)
            assert await pull(made, reference) == image()[2]
            assert "s3cret" not in repr(made.attempts())
        for users in ({}, {registry.authority: Credential("me", "wrong")}):
            async with session(users=users) as stranger:
                with pytest.raises(Unauthorized, match="pull access denied"):
                    await stranger.resolve(reference)


@contextlib.asynccontextmanager
async def cutting(port: int, after: int) -> AsyncIterator[int]:
    """A relay to ``port`` that tears its first connection after ``after`` bytes of answer."""
    budgets = iter([after])
    writers = []

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        budget = next(budgets, 1 << 40)
        from_server, to_server = await asyncio.open_connection("127.0.0.1", port)
        writers.append(to_server)

        async def up() -> None:
            while data := await reader.read(65536):
                to_server.write(data)

        sending = asyncio.create_task(up())
        while budget > 0 and (data := await from_server.read(min(65536, budget))):
            budget -= len(data)
            writer.write(data)
            await writer.drain()
        sending.cancel()
        writer.close()
        to_server.close()

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
    for writer in writers:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def test_a_cut_connection_is_resumed_at_the_registry(tmp_path: Path) -> None:
    with docker_registry(tmp_path / "registry") as registry:
        async with session() as made:
            await push(made, parse(f"{registry.authority}/team/app:1"))
        told: list[Retrying] = []
        layer = Descriptor("application/octet-stream", Digest.of(LAYERS[0]), len(LAYERS[0]))
        async with cutting(registry.port, 1_000_000) as port:
            reference = parse(f"127.0.0.1:{port}/team/app:1")
            policy = RetryPolicy(on_retry=told.append, first_pause=0.01)
            async with session(policy=policy) as made:
                data = bytearray()
                async with aclosing(made.fetch_blob(reference, layer)) as chunks:
                    async for chunk in chunks:
                        data += chunk
                (attempt,) = made.attempts()
        assert bytes(data) == LAYERS[0]
        assert [e.status for e in attempt.exchanges] == [200, 206]
        assert [retry.reason for retry in told] == ["unexpected EOF"]


async def test_blobs_behind_an_nginx_redirect_go_without_the_password(tmp_path: Path) -> None:
    with docker_registry(tmp_path / "registry", htpasswd={"me": "pw"}) as registry:
        users = {registry.authority: Credential("me", "pw")}
        async with session(users=users) as made:
            await push(made, parse(f"{registry.authority}/team/app:1"))
        store = Store()
        for blob in image()[2].values():
            store.add_blob("team/app", blob)
        with Server(Registry(store)) as storage:
            port = free_port()
            server = f"""
              location ~ ^/v2/.*/blobs/sha256: {{ return 307 {storage.url}$request_uri; }}
              location / {{ proxy_pass {registry.url}; proxy_set_header Host $http_host; }}
            """
            with nginx(tmp_path / "nginx", server, port=port) as log:
                front = parse(f"127.0.0.1:{port}/team/app:1")
                users = {front.domain: Credential("me", "pw")}
                async with session(users=users) as made:
                    assert await pull(made, front) == image()[2]
                assert " 307 " in log.read_text()
            assert storage.seen
            assert all(seen.header("Authorization") == "" for seen in storage.seen)


async def test_a_pull_through_cache_is_a_mirror(tmp_path: Path) -> None:
    with docker_registry(tmp_path / "origin") as origin:
        reference = parse(f"{origin.authority}/team/app:1")
        async with session() as made:
            await push(made, reference)
        with docker_registry(tmp_path / "cache", upstream=origin.url) as cache:
            sections = {origin.authority: Section(mirrors=(cache.authority,), upstream=False)}
            async with session(sections=sections) as made:
                assert await pull(made, reference) == image()[2]
                assert {a.host.role for a in made.attempts()} == {"mirror"}


async def test_our_own_test_registries_answer_skopeo_as_a_real_one_does(tmp_path: Path) -> None:
    """The simulators are checked fakes: another client must not tell them apart."""
    with docker_registry(tmp_path / "registry") as real, Server(Registry()) as fake:
        async with session() as made:
            await push(made, parse(f"{real.authority}/app:1"))
            plain = ("--src-tls-verify=false", "--dest-tls-verify=false")
            skopeo(
                "copy",
                "--preserve-digests",
                *plain,
                f"docker://{real.authority}/app:1",
                f"docker://{fake.authority}/app:1",
            )
            assert await pull(made, parse(f"{fake.authority}/app:1")) == image()[2]
        with Server(Mirror(Upstream(real.url))) as mirror:
            raw = [
                skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{each.authority}/app:1")
                for each in (real, fake, mirror)
            ]
    assert raw[0] == raw[1] == raw[2]
