"""Pushing: existence, mounts, uploads whole or in chunks, manifests (distribution-spec, "Push")."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from msgspec import Struct

from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest, InvalidDigest
from builder.oci.reference import Reference
from builder.registry import scope
from builder.registry.client import Client
from builder.registry.errors import IntegrityError, RegistryError, UnexpectedStatus
from builder.registry.hosts import Host
from builder.registry.manifests import Answer, ask, failure
from builder.registry.retry import Reason, status_reason, transport_reason
from builder.transport import redaction
from builder.transport.endpoint import Endpoint, InvalidEndpoint
from builder.transport.errors import TransportError
from builder.transport.exchange import Exchange

if TYPE_CHECKING:
    from builder.transport.response import Reply
    from builder.transport.transport import Body

Content = bytes | Callable[[], AsyncIterable[bytes]]
"""A blob's bytes, or what gives them anew for each try."""

CHUNK = 4 * 1024 * 1024
"""Bytes of a chunk, where a registry refuses a blob in one piece; some refuse larger ones."""


class Upload(Struct):
    """One blob on its way to ``host``."""

    client: Client
    host: Host
    reference: Reference
    digest: Digest
    log: list[Exchange]

    @property
    def scopes(self) -> tuple[str, ...]:
        return (scope.push(self.reference.path),)

    async def exists(self) -> Answer:
        """HEAD of the blob; 404 is the answer "no"."""
        answer = await ask(
            self.client,
            self.host,
            "HEAD",
            self.host.url(self.reference.path, f"blobs/{self.digest}"),
            repository=self.reference.path,
            scopes=self.scopes,
            retry=status_reason,
        )
        self.log += answer.exchanges
        return answer

    async def mount(self, source: str) -> str | None:
        """None where the blob was taken over from ``source``, else an upload's URL.

        A registry that cannot mount opens an upload instead; one that fails at it is asked
        for a plain upload later (empty string).
        """
        query = {"mount": str(self.digest), "from": source}
        scopes = (*self.scopes, scope.pull(source))
        try:
            reply = await self._request("POST", self._uploads(query), scopes=scopes)
        except RegistryError:
            return ""  # no right to read the other repository: nothing to mount from
        if reply.status == 201:
            return None
        return self._location(reply) if reply.status == 202 else ""

    async def start(self) -> str:
        """Opens an upload; its URL. Raises RegistryError, TransportError."""
        reply = await self._request("POST", self._uploads({}), retry=status_reason)
        if reply.status not in (201, 202):
            raise self._failed(reply)
        return self._location(reply)

    async def send(
        self, location: str, content: Content, size: int, *, chunked: bool = False
    ) -> None:
        """The whole blob, begun anew by the policy; ``location`` may name an open upload.

        Raises RegistryError, TransportError.
        """
        number = 1
        while True:
            try:
                location = location or await self.start()
                await (self.in_chunks if chunked else self.whole)(location, content, size)
            except (TransportError, RegistryError) as error:
                reason = retry_reason(error)
                pause = self.client.policy.pause(number) if reason else None
                if pause is None:
                    raise
                url = self.log[-1].url if self.log else self.host.base
                await self.client.policy.wait("PUT", url, reason, number, pause)
                number, location = number + 1, ""
            else:
                return

    async def cancel(self, location: str) -> int:
        """Gives an upload up; the status of the answer."""
        return (await self._request("DELETE", location)).status

    async def whole(self, location: str, content: Content, size: int) -> None:
        """The blob in one PUT. Raises RegistryError, TransportError."""
        reply = await self._put(location, content, size)
        if reply.status == 413:
            location = await self.start()
            reply = await self._in_chunks(location, content, size)
        self._check(reply)

    async def in_chunks(self, location: str, content: Content, size: int) -> None:
        """The blob in PATCHes of ``CHUNK`` bytes and a closing PUT."""
        self._check(await self._in_chunks(location, content, size))

    async def _put(self, location: str, content: Content, size: int) -> Reply:
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        return await self._request(
            "PUT", with_digest(location, self.digest), headers=headers, content=content
        )

    async def _in_chunks(self, location: str, content: Content, size: int) -> Reply:
        offset = 0
        async for piece in pieces(content, CHUNK):
            headers = {
                "Content-Type": "application/octet-stream",
                "Content-Range": f"{offset}-{offset + len(piece) - 1}",
            }
            reply = await self._request("PATCH", location, headers=headers, content=piece)
            if reply.status not in (201, 202, 204):
                return reply
            location = self._location(reply)
            offset += len(piece)
        if offset != size:
            raise RegistryError(f"blob {self.digest} has {offset} bytes, expected {size}")
        return await self._put(location, b"", 0)

    def _check(self, reply: Reply) -> None:
        if not reply.ok:
            raise self._failed(reply)
        check_digest(self.host, reply, self.digest, f"blob of {self.reference.name}")

    async def _request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: Body | None = None,
        scopes: Sequence[str] = (),
        retry: Reason | None = None,
    ) -> Reply:
        return await self.client.request(
            self.host,
            method,
            url,
            repository=self.reference.path,
            scopes=scopes or self.scopes,
            log=self.log,
            headers=headers,
            content=content,
            retry=retry,
        )

    def _uploads(self, query: Mapping[str, str]) -> str:
        return self.host.url(self.reference.path, "blobs/uploads/", query)

    def _location(self, reply: Reply) -> str:
        location = reply.header("Location")
        if not location:
            raise RegistryError(
                f"{self.host.endpoint.authority} opened an upload without saying where (Location)"
            )
        url = absolute(reply.url, location)
        if _downgraded(self.host, url):
            # A registry that does not know of the TLS in front of it. Sent as told, the blob
            # and its credential would go in clear text.
            self.client.authorizer.note(self.host, "location-downgraded")
            return "https" + url.removeprefix("http")
        return url

    def _failed(self, reply: Reply) -> RegistryError:
        answer = Answer(self.host, reply.status, reply.headers, reply.body, tuple(self.log[-1:]))
        return failure(f"push of {self.digest} to {self.reference.name}", answer)


def _downgraded(host: Host, url: str) -> bool:
    target = Endpoint.parse(url)
    if host.endpoint.scheme != "https" or target.scheme != "http":
        return False
    same_port = target.port == host.endpoint.port or (
        target.default_port and host.endpoint.default_port
    )
    return target.host == host.endpoint.host and same_port


def absolute(base: str, location: str) -> str:
    """``location`` against the URL that was asked, as a browser resolves it.

    Raises InvalidEndpoint where no URL of a server comes of it.
    """
    try:
        url = urljoin(base, location)
    except ValueError as error:
        raise InvalidEndpoint(redaction.url(location), str(error)) from error
    Endpoint.parse(url)
    return url


def with_digest(location: str, digest: Digest) -> str:
    """``location`` with ``digest=`` added to whatever query it has."""
    parts = urlsplit(location)
    addition = f"digest={quote(str(digest), safe=':')}"
    query = f"{parts.query}&{addition}" if parts.query else addition
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))


async def pieces(content: Content, size: int) -> AsyncIterator[bytes]:
    """``content`` in pieces of exactly ``size`` bytes, the last one shorter."""
    held = bytearray()
    if isinstance(content, bytes):
        held += content
    else:
        async for chunk in content():
            held += chunk
            while len(held) >= size:
                yield bytes(held[:size])
                del held[:size]
    for start in range(0, len(held), size):
        yield bytes(held[start : start + size])


def check_digest(host: Host, reply: Reply, digest: Digest, what: str) -> None:
    """Raises IntegrityError where the registry says that it stored something else."""
    try:
        told = Digest(reply.header("Docker-Content-Digest").strip())
    except InvalidDigest:
        return
    if told.algorithm == digest.algorithm and told != digest:
        raise IntegrityError(
            f"{host.endpoint.authority} stored the {what} as {told}, expected {digest}",
            what="digest",
            expected=str(digest),
            got=str(told),
        )


def retry_reason(error: Exception) -> str:
    """Why a push that ended in ``error`` is worth beginning anew; empty where it is not."""
    if isinstance(error, TransportError):
        return transport_reason(error)
    return status_reason(error.status) if isinstance(error, UnexpectedStatus) else ""


async def put_manifest(
    client: Client,
    host: Host,
    reference: Reference,
    data: bytes,
    media_type: str,
    log: list[Exchange],
) -> Descriptor:
    """PUT under the reference's tag, else digest. Raises RegistryError, TransportError."""
    digest = Digest.of(data)
    target = reference.tag or str(reference.digest or digest)
    reply = await client.request(
        host,
        "PUT",
        host.url(reference.path, f"manifests/{target}"),
        repository=reference.path,
        scopes=(scope.push(reference.path),),
        log=log,
        headers={"Content-Type": media_type},
        content=data,
        retry=status_reason,
    )
    if not reply.ok:
        answer = Answer(host, reply.status, reply.headers, reply.body, tuple(log[-1:]))
        raise failure(str(reference), answer)
    check_digest(host, reply, digest, f"manifest of {reference}")
    return Descriptor(media_type, digest, len(data))
