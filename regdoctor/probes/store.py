"""Blobs and manifests that are stored and deleted again, where the registry deletes such."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import json
import secrets
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.oci import mediatypes
from builder.oci.digest import Digest
from builder.registry import Host, Session
from builder.transport import Endpoint
from regdoctor.observations import push
from regdoctor.observations.http import Answer
from regdoctor.observations.push import ManifestTry, StoreLook, UploadLook
from regdoctor.observations.store import Observations
from regdoctor.probes.push import Writer, can_go_on, to_the_end, writer

_UNKNOWN = ("BLOB_UNKNOWN", "MANIFEST_UNKNOWN", "NAME_UNKNOWN")
_CACHE_CONFIG = "application/vnd.buildkit.cacheconfig.v0"


@dataclass(frozen=True, slots=True)
class StoreProbe:
    """Stores two small blobs and manifests of them under their digests; no tag is touched.

    Only in a repository that is there already (an empty one would stay), and only where the
    registry says of a blob and a manifest that do not exist that they are unknown, not that it
    deletes nothing. Its storage may keep the bytes, which nothing refers to, until it collects
    its garbage.
    """

    session: Session
    hosts: Mapping[str, Host]
    pushes: Mapping[str, str]
    timeout: float = 10.0

    name = "push-store"
    gives = StoreLook
    needs: tuple[type, ...] = (UploadLook,)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        return can_go_on(seen, endpoint)

    async def observe(self, endpoint: Endpoint, seen: Observations) -> StoreLook:
        to = writer(self.session, self.hosts, self.pushes, endpoint)
        nobodys = Digest.of(secrets.token_bytes(32))
        blob, manifest, tags = await asyncio.gather(
            to.ask("DELETE", to.url(f"blobs/{nobodys}")),
            to.ask("DELETE", to.url(f"manifests/{nobodys}")),
            to.ask("GET", to.url("tags/list")),
        )
        asked = (blob.answer, manifest.answer, tags.answer)
        why_not = _why_not(to.repository, *asked)
        if why_not:
            return StoreLook(why_not, asked)
        return await _Deposit(to, asked).made(1.5 * self.timeout)


def _why_not(repository: str, blob: Answer, manifest: Answer, tags: Answer) -> str:
    for what, answer in (("blob", blob), ("manifest", manifest)):
        unknown = answer.status == 404 and any(code in answer.body for code in _UNKNOWN)
        if not unknown:
            said = answer.status or answer.text
            return f"DELETE of a {what} that does not exist is answered {said}, not by its absence"
    if not tags.ok:
        return f"{repository} has no tags yet, and an empty repository would stay"
    return ""


@dataclass(slots=True)
class _Deposit:
    """What is being stored: ``indexes``, ``images`` and ``blobs`` may be there now."""

    to: Writer
    asked: tuple[Answer, ...]
    whole: Answer | None = None
    single: Answer | None = None
    shown: tuple[Answer, ...] = ()
    tried: list[ManifestTry] = field(default_factory=list)
    indexes: list[Digest] = field(default_factory=list)
    images: list[Digest] = field(default_factory=list)
    blobs: list[Digest] = field(default_factory=list)
    referrers: Answer | None = None
    left: tuple[str, ...] = ()

    async def made(self, seconds: float) -> StoreLook:
        """Stores what it can in ``seconds``, and takes it back."""
        layer = _layer()
        config = _config(layer)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._store(layer, config)
        finally:
            await to_the_end(self._take_back())
        return StoreLook(
            "",
            self.asked,
            self.whole,
            self.single,
            self.shown,
            tuple(self.tried),
            self.referrers,
            self.left,
        )

    async def _store(self, layer: bytes, config: bytes) -> None:
        # Until a deletion is answered, each counts as stored: an answer may have been lost.
        self.blobs = [Digest.of(layer), Digest.of(config)]
        self.whole, self.single = await asyncio.gather(self._by_put(layer), self._by_post(config))
        heads = (self.to.ask("HEAD", self.to.url(f"blobs/{digest}")) for digest in self.blobs)
        self.shown = tuple(each.answer for each in await asyncio.gather(*heads))
        if all(answer.ok for answer in self.shown):
            await self._put_manifests(layer, config)

    async def _by_put(self, blob: bytes) -> Answer:
        async with self.to.upload() as opened:
            if not opened.location:
                return opened.answer
            return await opened.put(blob, Digest.of(blob))

    async def _by_post(self, blob: bytes) -> Answer:
        """201, or an upload in its stead (202), which is then taken."""
        digest = Digest.of(blob)
        async with self.to.upload({"digest": str(digest)}, blob) as opened:
            if opened.location:
                return await opened.put(blob, digest)
            return opened.answer

    async def _put_manifests(self, layer: bytes, config: bytes) -> None:
        oci, docker = _image(config, layer), _docker_image(config, layer)
        took = await asyncio.gather(
            self._put(push.IMAGE, mediatypes.OCI_MANIFEST, oci),
            self._put(push.DOCKER, mediatypes.DOCKER_MANIFEST, docker),
            self._put(push.CACHE_IMAGE, mediatypes.OCI_MANIFEST, _cache_image(config, layer)),
            self._put(push.CACHE_INDEX, mediatypes.OCI_INDEX, _cache_index(config, layer)),
            self._put(push.ZSTD, mediatypes.OCI_MANIFEST, _zstd_image(config, layer)),
        )
        if took[0]:
            await asyncio.gather(
                self._put(push.INDEX, mediatypes.OCI_INDEX, _index([_child(oci)])),
                self._put_attested(oci, _statement(config, layer)),
                self._put_artifact(oci, _artifact(config, layer, oci)),
            )
        if took[1]:
            members = [_child(docker, mediatypes.DOCKER_MANIFEST)]
            listed = _index(members, mediatypes.DOCKER_INDEX)
            await self._put(push.LIST, mediatypes.DOCKER_INDEX, listed)

    async def _put_artifact(self, subject: bytes, artifact: bytes) -> None:
        if await self._put(push.ARTIFACT, mediatypes.OCI_MANIFEST, artifact):
            url = self.to.url(f"referrers/{Digest.of(subject)}")
            self.referrers = (await self.to.ask("GET", url)).answer

    async def _put_attested(self, image: bytes, statement: bytes) -> None:
        if await self._put(push.STATEMENT, mediatypes.OCI_MANIFEST, statement):
            unknown = {"os": "unknown", "architecture": "unknown"}
            notes = {
                "vnd.docker.reference.type": "attestation-manifest",
                "vnd.docker.reference.digest": str(Digest.of(image)),
            }
            child = {**_child(statement), "platform": unknown, "annotations": notes}
            index = _index([_child(image), child])
            await self._put(push.ATTESTED, mediatypes.OCI_INDEX, index)

    async def _put(self, kind: str, media_type: str, data: bytes) -> bool:
        digest = Digest.of(data)
        # As with blobs: only a plain refusal says that nothing was stored.
        kept = self.indexes if media_type in mediatypes.INDEXES else self.images
        kept.append(digest)
        url = self.to.url(f"manifests/{digest}")
        answer = (await self.to.ask("PUT", url, data, {"Content-Type": media_type})).answer
        if 400 <= answer.status < 500:
            kept.remove(digest)
        self.tried.append(ManifestTry(kind, media_type, answer))
        return answer.ok

    async def _take_back(self) -> None:
        """Indexes before what they list, and blobs last; then looks whether all are gone."""
        waves = (
            [f"manifests/{digest}" for digest in self.indexes],
            [f"manifests/{digest}" for digest in self.images],
            [f"blobs/{digest}" for digest in self.blobs],
        )
        for wave in waves:
            await asyncio.gather(*(self.to.ask("DELETE", self.to.url(each)) for each in wave))
        things = [each for wave in waves for each in wave]
        heads = await asyncio.gather(*(self.to.ask("HEAD", self.to.url(each)) for each in things))
        self.left = tuple(
            thing
            for thing, head in zip(things, heads, strict=True)
            if head.answer.status not in (404, 410)
        )


def _layer() -> bytes:
    """A layer with one empty file, whose name nobody else has."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(f".regdoctor-{secrets.token_hex(16)}"))
    return gzip.compress(out.getvalue(), mtime=0)


def _config(layer: bytes) -> bytes:
    diff_id = str(Digest.of(gzip.decompress(layer)))
    return _json(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        }
    )


def _json(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _of(data: bytes, media_type: str) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": str(Digest.of(data)), "size": len(data)}


def _child(manifest: bytes, media_type: str = mediatypes.OCI_MANIFEST) -> dict[str, Any]:
    return {**_of(manifest, media_type), "platform": {"os": "linux", "architecture": "amd64"}}


def _manifest(config: dict[str, Any], layer: dict[str, Any], **more: Any) -> bytes:
    media_type = more.pop("mediaType", mediatypes.OCI_MANIFEST)
    head = {"schemaVersion": 2, "mediaType": media_type}
    return _json({**head, **more, "config": config, "layers": [layer]})


def _index(members: list[dict[str, Any]], media_type: str = mediatypes.OCI_INDEX) -> bytes:
    return _json({"schemaVersion": 2, "mediaType": media_type, "manifests": members})


def _image(config: bytes, layer: bytes) -> bytes:
    return _manifest(_of(config, mediatypes.OCI_CONFIG), _of(layer, mediatypes.OCI_LAYER_GZIP))


def _docker_image(config: bytes, layer: bytes) -> bytes:
    return _manifest(
        _of(config, mediatypes.DOCKER_CONFIG),
        _of(layer, mediatypes.DOCKER_LAYER_GZIP),
        mediaType=mediatypes.DOCKER_MANIFEST,
    )


def _zstd_image(config: bytes, layer: bytes) -> bytes:
    """The bytes are not zstd's, which no registry looks at."""
    return _manifest(_of(config, mediatypes.OCI_CONFIG), _of(layer, mediatypes.OCI_LAYER_ZSTD))


def _artifact(config: bytes, layer: bytes, subject: bytes) -> bytes:
    """As a signature or a list of parts: of types of its own, about an image."""
    kind = "application/vnd.regdoctor.probe"
    return _manifest(
        _of(config, f"{kind}.config.v1+json"),
        _of(layer, f"{kind}.v1"),
        artifactType=f"{kind}.v1",
        subject=_of(subject, mediatypes.OCI_MANIFEST),
    )


def _statement(config: bytes, layer: bytes) -> bytes:
    """As BuildKit attaches provenance: a layer of in-toto JSON."""
    notes = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"}
    part = {**_of(layer, "application/vnd.in-toto+json"), "annotations": notes}
    return _manifest(_of(config, mediatypes.OCI_CONFIG), part)


def _cache_image(config: bytes, layer: bytes) -> bytes:
    return _manifest(_of(config, _CACHE_CONFIG), _of(layer, mediatypes.OCI_LAYER_GZIP))


def _cache_index(config: bytes, layer: bytes) -> bytes:
    """As BuildKit before 0.21 exports its cache: an index whose members are blobs."""
    return _index([_of(layer, mediatypes.OCI_LAYER_GZIP), _of(config, _CACHE_CONFIG)])
