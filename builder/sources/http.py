"""``http://`` and ``https://``: one file, downloaded into a snapshot of its own.

Without a checksum the file's own digest is its key: a server that knows ETags is asked
whether it has changed, any other sends it again. With a checksum nothing is asked before
the file is needed. What counts follows BuildKit (``source/http``).
"""

from __future__ import annotations

import asyncio
import base64
import errno
import hashlib
import os
import zlib
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from msgspec import Struct, field

from builder.oci.digest import Digest
from builder.snapshot.types import SnapshotError, Snapshotter
from builder.sources.downloads import Download, Downloads
from builder.sources.errors import FULL, SourceError
from builder.sources.requested import UPLOADS, Requested, parse_time
from builder.transport.errors import TransportError
from builder.transport.trust import Trust

if TYPE_CHECKING:
    from builder.transport.transport import Transport

_CHUNK = 1 << 20

SecretOf = Callable[[str], bytes | None]
"""The secret of that id; None where the build has none."""


class Answer(Protocol):
    """As much of a Response as is used here."""

    status: int

    def header(self, name: str) -> str: ...
    def chunks(self) -> AsyncGenerator[bytes, None]: ...


class HttpSource(Struct, frozen=True):
    """What all downloads of a build share. ``uploads`` are files of this machine that stand
    for URLs below ``UPLOADS``. ``offline``: no server is asked whether its file has changed."""

    transport: Transport
    trust: Callable[[], Trust]
    downloads: Downloads
    snapshots: Snapshotter
    secret: SecretOf
    uploads: Mapping[str, Path] = field(default_factory=dict)
    offline: bool = False


class _Found(Struct, frozen=True):
    """What the request gives at this time; ``snapshot`` is "" where it was not fetched."""

    checksum: Digest
    filename: str
    modified: datetime | None = None
    snapshot: str = ""


class HttpFile:
    """One source of a build."""

    def __init__(self, source: HttpSource, wanted: Requested) -> None:
        self._source = source
        self.wanted = wanted
        self._found: _Found | None = None
        self._spare = ""
        """A snapshot that only this build can know of."""

    async def key(self) -> str:
        """BuildKit's key. Raises SourceError, TransportError, BuilderError of a secret."""
        wanted = self.wanted
        if wanted.checksum is not None:
            self._found = _Found(wanted.checksum, wanted.file_name())
        else:
            self._found = await self._resolve()
        found = self._found
        return wanted.key(found.filename, found.checksum, found.modified)

    @property
    def checksum(self) -> Digest | None:
        """Of the file, once ``key`` has been asked for."""
        return self._found.checksum if self._found is not None else None

    async def snapshot(self) -> str:
        """A tree that holds the file and nothing else. Raises as ``key``."""
        if self._found is None:
            await self.key()
        assert self._found is not None
        if self._found.snapshot and self._source.snapshots.exists(self._found.snapshot):
            self._spare = ""
            return self._found.snapshot
        async with self._answer("GET", {}) as response:
            fetched = await self._save(response)
        if fetched.checksum != self._found.checksum:
            raise SourceError(
                f"digest mismatch {fetched.checksum}: {self._found.checksum}",
                hint=f"what {self.wanted.shown} serves is not what was asked for: "
                "look at it before you change the checksum",
            )
        self._found, self._spare = fetched, ""
        return fetched.snapshot

    def discard(self) -> None:
        """Remove what was fetched for its key alone and cannot be found again. Blocks."""
        if self._spare:
            with suppress(SnapshotError):
                self._source.snapshots.remove(self._spare)
            self._spare = ""

    async def _resolve(self) -> _Found:
        known = {
            download.etag: download
            for download in self._source.downloads.of(self.wanted.digest)
            if self._source.snapshots.exists(download.snapshot)
        }
        if self._source.offline and known:
            newest = max(known.values(), key=lambda each: int(each.snapshot))
            return _Found(
                newest.checksum,
                self.wanted.file_name(),
                parse_time(newest.modified),
                newest.snapshot,
            )
        headers = {"If-None-Match": ", ".join(known)} if known else {}
        if known:
            # Some servers send the file whatever If-None-Match says.
            with suppress(TransportError):
                async with self._answer("HEAD", headers, strict=False) as response:
                    again = _unchanged(response, known) if response.status in (200, 304) else None
                    if again is not None:
                        return self._known(again, response)
        async with self._answer("GET", headers) as response:
            if response.status == 304:
                again = _unchanged(response, known)
                if again is None:
                    raise SourceError(f"invalid not-modified ETag: {_etag(response)}")
                return self._known(again, response)
            found = await self._save(response)
            self._spare = "" if _etag(response) else found.snapshot
            return found

    def _known(self, download: Download, response: Answer) -> _Found:
        return _Found(
            download.checksum,
            self.wanted.file_name(response.header("Content-Disposition")),
            parse_time(download.modified),
            download.snapshot,
        )

    @asynccontextmanager
    async def _answer(
        self, method: str, headers: Mapping[str, str], *, strict: bool = True
    ) -> AsyncGenerator[Answer, None]:
        """``strict``: raise SourceError for a status that brings no file."""
        # Go's client asks for gzip, and undoes it: a server may give it another ETag.
        fields = {"Accept-Encoding": "gzip", **dict(self.wanted.headers), **headers}
        credential = self._authorization()
        if credential:
            fields["Authorization"] = credential
        source = self._source
        url = self.wanted.url
        upload = source.uploads.get(url)
        if upload is not None:
            yield _Upload(upload)
            return
        if url.startswith(UPLOADS):
            raise SourceError(f"{url}: nothing was sent along under this name")
        async with source.transport.stream(
            method, url, headers=fields, trust=source.trust()
        ) as response:
            if strict and not 200 <= response.status < 400:
                raise SourceError(
                    f"invalid response status {response.status}", hint=self._hint(response.status)
                )
            yield response

    def _hint(self, status: int) -> str:
        host = urlsplit(self.wanted.url).hostname or ""
        if status in (401, 403):
            return f"{self.wanted.shown} wants a login: --secret id=HTTP_AUTH_TOKEN_{host},..."
        return f"{self.wanted.shown} was asked for"

    def _authorization(self) -> str:
        """The secret that the definition names; else those of the host, the token last, as
        with BuildKit; else what stands in the URL."""
        secret_of, name = self._source.secret, self.wanted.auth_secret
        if name:
            value = secret_of(name)
            if value is None:
                raise SourceError(
                    f"failed to retrieve HTTP auth secret {name}: secret {name}: not found"
                )
            return _field(name, value)
        parts = urlsplit(self.wanted.url)
        for name, prefix in (("HTTP_AUTH_TOKEN_", "Bearer "), ("HTTP_AUTH_HEADER_", "")):
            value = secret_of(f"{name}{parts.hostname or ''}")
            if value is not None:
                return prefix + _field(name, value)
        if parts.username is None:
            return ""
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        return "Basic " + base64.b64encode(pair.encode()).decode()

    async def _save(self, response: Answer) -> _Found:
        wanted, snapshots = self.wanted, self._source.snapshots
        name = wanted.file_name(response.header("Content-Disposition"))
        modified = response.header("Last-Modified")
        time = parse_time(modified)
        seconds = int(time.timestamp()) if time is not None else 0
        digest = hashlib.sha256()
        try:
            with snapshots.prepare(None) as active:
                with _create(active.path / name) as file:
                    async with aclosing(_decoded(response)) as chunks:
                        async for chunk in chunks:
                            digest.update(chunk)
                            file.write(chunk)
                    os.fchown(file.fileno(), wanted.uid, wanted.gid)
                    os.fchmod(file.fileno(), (wanted.perm or 0o600) & 0o777)
                os.utime(active.path / name, (seconds, seconds))
                snapshot = active.commit()
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise SourceError(
                f"cannot keep {wanted.shown}: {why}", hint=FULL if full else ""
            ) from error
        checksum = Digest(f"sha256:{digest.hexdigest()}")
        etag = _etag(response)
        if etag:
            download = Download(etag, checksum, modified, snapshot)
            self._source.downloads.put(wanted.digest, download)
        return _Found(checksum, name, time, snapshot)


def _create(path: Path) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def _field(name: str, secret: bytes) -> str:
    """A secret as a header's value: what would end the header is no secret of one."""
    value = secret.decode("latin-1")
    if any(ord(char) < 32 and char != "\t" for char in value):
        raise SourceError(f"secret {name}: a line break or control character is no header value")
    return value


def _etag(response: Answer) -> str:
    return response.header("ETag").removeprefix("W/")


def _unchanged(response: Answer, known: Mapping[str, Download]) -> Download | None:
    """Which of the known files the answer means; a 304 without a name means the only one."""
    etag = _etag(response)
    if not etag and response.status == 304 and len(known) == 1:
        return next(iter(known.values()))
    return known.get(etag)


async def _decoded(response: Answer) -> AsyncGenerator[bytes, None]:
    """The body without its gzip coding, in pieces of bounded size."""
    gzipped = response.header("Content-Encoding").strip().lower() == "gzip"
    unzip = zlib.decompressobj(wbits=31)
    async with aclosing(response.chunks()) as chunks:
        async for chunk in chunks:
            if not gzipped:
                yield chunk
                continue
            data, piece = chunk, b""
            while data or len(piece) == _CHUNK:
                if unzip.eof:  # a further member follows
                    unzip = zlib.decompressobj(wbits=31)
                try:
                    piece = unzip.decompress(data, _CHUNK)
                except zlib.error as error:
                    raise SourceError(f"gzip: invalid data: {error}") from error
                yield piece
                data = unzip.unused_data if unzip.eof else unzip.unconsumed_tail
    if gzipped and not unzip.eof:
        raise SourceError("unexpected EOF")


class _Upload:
    """A file of this machine, answered with."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.status = 200

    def header(self, name: str) -> str:
        return ""

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        with self._path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, _CHUNK):
                yield chunk
