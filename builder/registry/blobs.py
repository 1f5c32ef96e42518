"""Blobs as they arrive: verified, resumed after a cut, from one host after another."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from msgspec import Struct, field

from builder.errors import BuilderError
from builder.oci.descriptor import Descriptor
from builder.oci.reference import Reference
from builder.registry import scope
from builder.registry.client import Client
from builder.registry.errors import (
    Attempt,
    IntegrityError,
    NotFound,
    RegistryError,
    Unreachable,
)
from builder.registry.hosts import Host
from builder.registry.manifests import Answer, failure
from builder.registry.retry import status_reason, transport_reason
from builder.transport import redaction
from builder.transport.errors import TransportError
from builder.transport.exchange import Exchange

if TYPE_CHECKING:
    from builder.transport.response import Response

_ERROR_BODY = 64 * 1024


class _HostFailed(Exception):
    """This host cannot go on; the next one may."""

    def __init__(self, error: RegistryError) -> None:
        self.error = error


class Download(Struct):
    """One blob on its way. ``record`` is told how each host's part ended."""

    client: Client
    reference: Reference
    descriptor: Descriptor
    record: Callable[[Attempt], None]
    offset: int = 0
    _log: list[Exchange] = field(default_factory=list)

    async def chunks(self, hosts: Sequence[Host]) -> AsyncGenerator[bytes, None]:
        """The bytes, each once and in order. Raises IntegrityError, RegistryError.

        Bytes given out before an IntegrityError are not to be trusted.
        """
        hasher = self.descriptor.digest.hasher()
        errors: list[RegistryError] = []
        for position, host in enumerate(hosts):
            self._log = []
            last = position == len(hosts) - 1
            try:
                async with aclosing(self._from(host, patient=last)) as chunks:
                    async for chunk in chunks:
                        hasher.update(chunk)
                        yield chunk
                got = f"{self.descriptor.digest.algorithm}:{hasher.hexdigest()}"
                if got != self.descriptor.digest:
                    raise self._lie(host, "digest", str(self.descriptor.digest), got)
            except _HostFailed as failed:
                errors.append(failed.error)
                self._tell(host, failed.error)
                continue
            except IntegrityError as error:
                self._tell(host, error)
                # Nothing was given out yet: another host may have the real bytes.
                if self.offset or last:
                    raise
                errors.append(error)
                continue
            self._tell(host, None)
            return
        raise worst(errors)

    def _tell(self, host: Host, error: BuilderError | None) -> None:
        digest = str(self.descriptor.digest)
        self.record(Attempt("blob", host, digest, tuple(self._log), error))

    async def _from(self, host: Host, *, patient: bool) -> AsyncGenerator[bytes, None]:
        """This host's bytes from ``offset`` on; begun anew after a cut, while it helps."""
        policy = self.client.policy
        url = host.url(self.reference.path, f"blobs/{self.descriptor.digest}")
        number = 1
        while True:
            before, after = self.offset, ""
            try:
                async with aclosing(self._part(host, url)) as chunks:
                    async for chunk in chunks:
                        yield chunk
                return
            except TransportError as error:
                reason = transport_reason(error)
                failed = failure(str(self.descriptor.digest), self._answer(host, 0, error))
            except _Refused as refused:
                reason, after = status_reason(refused.answer.status), refused.retry_after
                failed = failure(self._subject(), refused.answer)
            progressed = self.offset > before
            if progressed:
                number = 1
            pause = policy.pause(number, after) if reason and (patient or progressed) else None
            if pause is None:
                raise _HostFailed(failed) from failed.__cause__
            await policy.wait("GET", self._log[-1].url, reason, number, pause)
            number += 1

    async def _part(self, host: Host, url: str) -> AsyncGenerator[bytes, None]:
        headers = {"Accept": f"{self.descriptor.media_type or 'application/octet-stream'}, */*"}
        if self.offset:
            headers["Range"] = f"bytes={self.offset}-"
        try:
            async with self.client.open(
                host,
                "GET",
                url,
                repository=self.reference.path,
                scopes=(scope.pull(self.reference.path),),
                log=self._log,
                headers=headers,
            ) as response:
                if response.status not in (200, 206):
                    body = bytearray()
                    async with aclosing(response.chunks()) as chunks:
                        async for chunk in chunks:
                            body += chunk
                            if len(body) >= _ERROR_BODY:
                                break
                    raise _Refused(
                        Answer(host, response.status, response.headers, bytes(body), ()),
                        response.header("Retry-After"),
                    )
                skip = self._checked_start(host, response.status, response.headers)
                async with aclosing(response.chunks()) as chunks:
                    async for chunk in chunks:
                        fresh, skip = chunk[skip:], max(0, skip - len(chunk))
                        self.offset += len(fresh)
                        if self.offset > self.descriptor.size:
                            raise self._lie(
                                host, "length", str(self.descriptor.size), "more than that"
                            )
                        if fresh:
                            yield fresh
                self._check_end(host, response)
        except _Refused as refused:
            refused.answer = Answer(
                host,
                refused.answer.status,
                refused.answer.headers,
                refused.answer.body,
                tuple(self._log),
            )
            raise
        except (IntegrityError, TransportError):
            raise
        except BuilderError as error:
            failed = failure(self._subject(), self._answer(host, 0, error))
            raise _HostFailed(failed) from error

    def _checked_start(self, host: Host, status: int, headers: tuple[tuple[str, str], ...]) -> int:
        """How many bytes to pass over: all that we have where the server knows no ranges."""
        answer = Answer(host, status, headers, b"", ())
        length = answer.length
        size = self.descriptor.size
        if status == 200:
            if length is not None and length != size:
                raise self._lie(host, "length", str(size), str(length))
            return self.offset
        start = answer.header("Content-Range").removeprefix("bytes ").partition("-")[0].strip()
        if start != str(self.offset):
            raise self._lie(host, "range", str(self.offset), start or "none")
        return 0

    def _check_end(self, host: Host, response: Response) -> None:
        if self.offset == self.descriptor.size:
            return
        framed = response.header("Content-Length") or response.header("Transfer-Encoding")
        if framed:
            raise self._lie(host, "length", str(self.descriptor.size), str(self.offset))
        # Without a length of its own, an answer that ends early is a connection cut short.
        raise TransportError(
            stage="read",
            method="GET",
            url=redaction.url(response.url),
            endpoint=response.endpoint,
            cause="unexpected EOF",
            peer=response.peer,
        )

    def _subject(self) -> str:
        return f"content at {self.descriptor.digest} of {self.reference.name}"

    def _answer(self, host: Host, status: int, error: BuilderError) -> Answer:
        return Answer(host, status, (), b"", tuple(self._log), error)

    def _lie(self, host: Host, what: str, expected: str, got: str) -> IntegrityError:
        return IntegrityError(
            f"{self.reference.name}: {host.endpoint.authority} sent blob "
            f"{self.descriptor.digest} with {what} {got}, expected {expected}",
            what=what,
            expected=expected,
            got=got,
        )


class _Refused(Exception):
    """An answer other than the blob."""

    def __init__(self, answer: Answer, retry_after: str) -> None:
        self.answer = answer
        self.retry_after = retry_after


def worst(errors: Sequence[RegistryError]) -> RegistryError:
    """The one to report of several hosts' errors: the first of the highest class.

    As BuildKit since 0.19: no answer, then "not found", then any other answer.
    """

    def rank(error: RegistryError) -> int:
        if isinstance(error, Unreachable):
            return 1
        return 2 if isinstance(error, NotFound) else 3

    return max(errors, key=rank)
