"""Writing to a registry, which ``--push`` alone allows, and taking all of it back.

Uploads are opened and given up. Blobs and manifests are stored only where the registry says
beforehand that it deletes such, under digests that nobody else has, and are deleted again.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from builder.oci.digest import Digest
from builder.registry import Host, Session
from builder.transport import Endpoint, InvalidEndpoint
from regdoctor.observations.from_exchanges import answer_of
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.push import ChunkLook, MountLook, SizeLook, UploadLook
from regdoctor.observations.store import Observations

POLLS = 6
"""How often an upload is asked for: two replicas that take turns are met with certainty."""
CHUNK = 64
"""Bytes of each chunk that shows how chunks are counted, where the registry asks for no more."""
MOST_CHUNK = 1024 * 1024
"""A registry that wants larger chunks (``OCI-Chunk-Min-Length``) is not asked how it counts."""
LARGE = 2 * 1024 * 1024
"""Bytes of the chunk that shows a limit on bodies: nginx's own is 1 MiB."""

_STORED = re.compile(r"/(manifests|tags)(/|$)|/blobs/[^/]*:")
_BYTES = {"Content-Type": "application/octet-stream"}
_ALONE = {"Connection": "close"}
"""The next request goes over a connection of its own, to whichever replica."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer, and its Location as it was sent, which may hold a secret."""

    answer: Answer
    location: str = ""


@dataclass(frozen=True, slots=True)
class Writer:
    """Requests to ``repository`` at ``host`` with the right to push; nothing is tried again."""

    session: Session
    host: Host
    repository: str

    async def ask(
        self,
        method: str,
        url: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Asked:
        said = await self.session.ask_push(
            self.host, method, url, self.repository, headers=headers, content=content
        )
        if not said.exchanges:
            return Asked(Answer(method, url.partition("?")[0], fault="other", text=str(said.error)))
        answer = answer_of(said.exchanges[-1])
        if said.error is not None and answer.status and not answer.text:
            answer = replace(answer, text=str(said.error))
        return Asked(answer, said.header("Location"))

    def url(self, rest: str, query: Mapping[str, str] | None = None) -> str:
        return self.host.url(self.repository, rest, query)

    def here(self, location: str) -> str:
        """``location`` at the very address that was asked; empty where it is none, or is that
        of a manifest, a tag or a blob, which are never deleted on a server's word."""
        base = self.host.endpoint.url
        try:
            parts = urlsplit(urljoin(self.url("blobs/uploads/"), location))
        except ValueError:
            return ""
        if _STORED.search(parts.path):
            return ""
        return f"{base}{parts.path}{'?' + parts.query if parts.query else ''}"

    def moved(self, location: str) -> bool:
        """Whether ``location`` names another scheme, host or port."""
        if "://" not in location and not location.startswith("//"):
            return False
        try:
            named = Endpoint.parse(urljoin(self.host.endpoint.url, location))
        except (InvalidEndpoint, ValueError):
            return True
        return named != self.host.endpoint

    @contextlib.asynccontextmanager
    async def upload(
        self, query: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> AsyncIterator[Opened]:
        """An upload that is given up at the end, whatever happens."""
        headers = _ALONE if content is None else {**_ALONE, **_BYTES}
        asked = await self.ask("POST", self.url("blobs/uploads/", query), content, headers)
        opened = Opened(self, asked.answer)
        if asked.answer.method == "POST" and asked.answer.status == 202 and asked.location:
            opened.location = self.here(asked.location)
        try:
            yield opened
        finally:
            await to_the_end(opened.give_up())


@dataclass(slots=True)
class Opened:
    """``location``: where the upload is, at the address that was asked; empty where none is.

    ``stored``: it became a blob, so there is nothing to give up.
    """

    writer: Writer
    answer: Answer
    location: str = ""
    cancelled: Answer | None = None
    stored: bool = False

    @property
    def chunk(self) -> int:
        """Bytes of the least chunk; 0 for more than is sent for a question."""
        told = self.answer.header("OCI-Chunk-Min-Length").strip()
        least = max(CHUNK, int(told)) if told.isdecimal() and len(told) < 12 else CHUNK
        return least if least <= MOST_CHUNK and self.location else 0

    async def patch(self, content: bytes, start: int) -> Answer:
        span = {"Content-Range": f"{start}-{start + len(content) - 1}"}
        asked = await self.writer.ask("PATCH", self.location, content, {**_BYTES, **span})
        if asked.answer.ok and asked.location:
            self.location = self.writer.here(asked.location)
        return asked.answer

    async def put(self, content: bytes, digest: Digest) -> Answer:
        mark = "&" if "?" in self.location else "?"
        url = f"{self.location}{mark}digest={digest}"
        asked = await self.writer.ask("PUT", url, content, _BYTES)
        self.stored = asked.answer.ok
        return asked.answer

    async def give_up(self) -> None:
        """DELETE, again where another replica may have been asked."""
        for _ in range(POLLS):
            if not self.location or self.stored:
                return
            self.cancelled = (await self.writer.ask("DELETE", self.location, headers=_ALONE)).answer
            if self.cancelled.ok or self.cancelled.status == 405 or not self.cancelled.status:
                return


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Tidies up also where the probe is cancelled meanwhile. Each request has its own limit."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


def writer(
    session: Session, hosts: Mapping[str, Host], pushes: Mapping[str, str], endpoint: Endpoint
) -> Writer:
    """The writer to the repository that ``pushes`` names for the endpoint."""
    return Writer(session, hosts[endpoint.url], pushes[endpoint.url])


@dataclass(frozen=True, slots=True)
class UploadProbe:
    """Opens an upload, asks for it several times, and gives it up. Never over a connection
    that our own trust refuses. ``pushes`` names a repository for each endpoint that may be
    written to."""

    session: Session
    hosts: Mapping[str, Host]
    pushes: Mapping[str, str]

    name = "push-upload"
    gives = UploadLook
    needs: tuple[type, ...] = (Ping,)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        ping = seen.get(Ping, endpoint.url)
        if endpoint.url not in self.pushes or endpoint.url not in self.hosts or ping is None:
            return False
        return (ping.verified or endpoint.scheme == "http") and ping.answer.status in (200, 401)

    async def observe(self, endpoint: Endpoint, seen: Observations) -> UploadLook:
        to = writer(self.session, self.hosts, self.pushes, endpoint)
        polled: list[Answer] = []
        async with to.upload() as opened:
            where = opened.location
            if where:
                asked = (to.ask("GET", where, headers=_ALONE) for _ in range(POLLS))
                polled += [each.answer for each in await asyncio.gather(*asked)]
        moved = bool(where) and to.moved(opened.answer.header("Location"))
        gone = opened.cancelled is not None and opened.cancelled.ok
        return UploadLook(
            to.repository, opened.answer, tuple(polled), opened.cancelled, moved and gone
        )


def can_go_on(seen: Observations, endpoint: Endpoint) -> bool:
    """Uploads can be opened here and are given up when asked, by all replicas alike."""
    look = seen.get(UploadLook, endpoint.url)
    if look is None or not look.begun or not look.ended:
        return False
    return len({each.ok for each in look.polled}) == 1


@dataclass(frozen=True, slots=True)
class ChunkProbe:
    """How chunks are counted: two in order, one that leaves a gap."""

    session: Session
    hosts: Mapping[str, Host]
    pushes: Mapping[str, str]

    name = "push-chunks"
    gives = ChunkLook
    needs: tuple[type, ...] = (UploadLook,)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        return can_go_on(seen, endpoint)

    async def observe(self, endpoint: Endpoint, seen: Observations) -> ChunkLook:
        first = second = gap = None
        to = writer(self.session, self.hosts, self.pushes, endpoint)
        async with to.upload() as opened:
            size = opened.chunk
            if size:
                first = await opened.patch(secrets.token_bytes(size), 0)
            if first is not None and first.ok:
                second = await opened.patch(secrets.token_bytes(size), size)
            if second is not None and second.ok:
                gap = await opened.patch(secrets.token_bytes(size), 4 * size)
        return ChunkLook(size, first, second, gap, opened.cancelled)


@dataclass(frozen=True, slots=True)
class SizeProbe:
    """Whether something on the way refuses bodies of the size of a small layer."""

    session: Session
    hosts: Mapping[str, Host]
    pushes: Mapping[str, str]

    name = "push-size"
    gives = SizeLook
    needs: tuple[type, ...] = (UploadLook,)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        return can_go_on(seen, endpoint)

    async def observe(self, endpoint: Endpoint, seen: Observations) -> SizeLook:
        sent = None
        to = writer(self.session, self.hosts, self.pushes, endpoint)
        async with to.upload() as opened:
            if opened.location:
                sent = await opened.patch(bytes(LARGE), 0)
        return SizeLook(LARGE, sent, opened.cancelled)


@dataclass(frozen=True, slots=True)
class MountProbe:
    """The mount of a blob that nobody has, and a chunk for the upload that comes instead."""

    session: Session
    hosts: Mapping[str, Host]
    pushes: Mapping[str, str]

    name = "push-mount"
    gives = MountLook
    needs: tuple[type, ...] = (UploadLook,)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        return can_go_on(seen, endpoint)

    async def observe(self, endpoint: Endpoint, seen: Observations) -> MountLook:
        written = None
        nobodys = str(Digest.of(secrets.token_bytes(32)))
        to = writer(self.session, self.hosts, self.pushes, endpoint)
        async with to.upload({"mount": nobodys, "from": to.repository}) as opened:
            if opened.chunk:
                written = await opened.patch(secrets.token_bytes(opened.chunk), 0)
        return MountLook(opened.answer, written, opened.cancelled)
