"""Manifests: HEAD, GET, and what to make of the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from builder.errors import BuilderError
from builder.oci import mediatypes
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest, InvalidDigest
from builder.oci.manifest import MAX_MANIFEST
from builder.oci.reference import Reference
from builder.registry import scope
from builder.registry.client import Client
from builder.registry.errors import (
    Attempt,
    Denied,
    IntegrityError,
    NotFound,
    RegistryError,
    Unauthorized,
    UnexpectedStatus,
    Unreachable,
)
from builder.registry.hosts import Host
from builder.registry.retry import Reason
from builder.registry.wire import detail_of
from builder.transport.errors import BodyTooLarge, TransportError
from builder.transport.exchange import Exchange, Headers, header

LIMIT = 2 * MAX_MANIFEST
"""Most bytes of a manifest that are read: twice what registries are asked to accept."""


class Answer(Struct, frozen=True):
    """One step's final answer at one host, or the ``error`` in its place.

    ``status`` is 0 where no answer came, or none that was authenticated. ``exchanges`` are
    all that it took, authentication included, in the order in which they were over.
    """

    host: Host
    status: int
    headers: Headers
    body: bytes
    exchanges: tuple[Exchange, ...]
    error: BuilderError | None = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def header(self, name: str) -> str:
        return header(self.headers, name)

    @property
    def media_type(self) -> str:
        """``Content-Type`` without parameters, lower case."""
        return self.header("Content-Type").partition(";")[0].strip().lower()

    @property
    def digest(self) -> Digest | None:
        """``Docker-Content-Digest`` where it is one."""
        try:
            return Digest(self.header("Docker-Content-Digest").strip())
        except InvalidDigest:
            return None

    @property
    def length(self) -> int | None:
        """``Content-Length`` where there is one."""
        text = self.header("Content-Length").strip()
        return int(text) if text.isdecimal() else None

    @property
    def url(self) -> str:
        """What gave the answer, redirects followed, redacted; empty where nothing was sent."""
        return self.exchanges[-1].url if self.exchanges else ""


class Resolved(Struct, frozen=True):
    """What a reference stands for, who said so, and what had to be coped with on the way.

    ``coped`` holds codes: ``head-STATUS-get-200``, ``head-broken-get-200``,
    ``head-without-digest``, ``head-without-length``, ``head-without-media-type``,
    ``host-skipped`` (an earlier host failed), and those of ``Session.notes``.
    """

    reference: Reference
    descriptor: Descriptor
    host: Host
    attempts: tuple[Attempt, ...]
    coped: tuple[str, ...] = ()


async def ask(
    client: Client,
    host: Host,
    method: str,
    url: str,
    *,
    repository: str,
    scopes: Sequence[str] = (),
    accept: str = "",
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    limit: int = LIMIT,
    retry: Reason | None = None,
) -> Answer:
    """One request with authentication; failures become ``Answer.error``."""
    log: list[Exchange] = []
    sent = {**(headers or {}), **({"Accept": accept} if accept else {})}
    try:
        reply = await client.request(
            host,
            method,
            url,
            repository=repository,
            scopes=scopes,
            log=log,
            headers=sent,
            content=content,
            limit=limit,
            retry=retry,
        )
    except (TransportError, BodyTooLarge, RegistryError) as error:
        return Answer(host, 0, (), b"", tuple(log), error)
    except BuilderError as error:  # credentials, or a client certificate, that cannot be read
        return Answer(host, 0, (), b"", tuple(log), error)
    return Answer(host, reply.status, reply.headers, reply.body, tuple(log))


async def ask_manifest(
    client: Client,
    host: Host,
    method: str,
    reference: Reference,
    accept: str,
    *,
    retry: Reason | None,
) -> Answer:
    return await ask(
        client,
        host,
        method,
        host.url(reference.path, f"manifests/{reference.target}"),
        repository=reference.path,
        scopes=(scope.pull(reference.path),),
        accept=accept,
        retry=retry,
    )


def described_by_head(reference: Reference, answer: Answer) -> Descriptor | None:
    """The descriptor that a HEAD alone gives; None where it says too little, or nonsense.

    Raises IntegrityError where it contradicts the reference's digest.
    """
    digest, length = answer.digest, answer.length
    known = answer.media_type in mediatypes.INDEXES | mediatypes.MANIFESTS
    if not answer.ok or digest is None or length is None or not length or not known:
        return None
    _check_digest(reference, answer, digest)
    return Descriptor(answer.media_type, digest, length)


def described_by_get(reference: Reference, answer: Answer) -> Descriptor:
    """The descriptor of the bytes that a GET gave.

    Raises IntegrityError where they are no manifest, or not what the reference or the
    registry's own header says.
    """
    told = answer.digest
    promised = reference.digest or told
    digest = _digest_of(answer.body, promised)
    if told is not None and _digest_of(answer.body, told) != told:
        raise _lie(reference, answer, "digest", str(told), str(_digest_of(answer.body, told)))
    _check_digest(reference, answer, digest)
    document = _document(answer.body)
    if document is None:
        # A portal's page, a compressed body: the next host may know better.
        raise _lie(reference, answer, "media type", "a JSON document", _kind_of(answer))
    return Descriptor(_media_type(answer, document), digest, len(answer.body))


def _document(body: bytes) -> dict[str, object] | None:
    """The JSON object that ``body`` is; None where it is none."""
    import json

    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _kind_of(answer: Answer) -> str:
    """What a body that is no JSON object calls itself."""
    encoding = answer.header("Content-Encoding")
    return f"{answer.media_type or 'something else'}{f' ({encoding})' if encoding else ''}"


def _media_type(answer: Answer, document: dict[str, object]) -> str:
    """The document's own ``mediaType`` where the header has none that images have."""
    if answer.media_type in mediatypes.INDEXES | mediatypes.MANIFESTS:
        return answer.media_type
    declared = document.get("mediaType")
    if isinstance(declared, str) and declared:
        return declared
    if isinstance(document.get("manifests"), list):
        return mediatypes.OCI_INDEX
    return mediatypes.OCI_MANIFEST if "config" in document else answer.media_type


def _digest_of(data: bytes, like: Digest | None) -> Digest:
    if like is None:
        return Digest.of(data)
    hasher = like.hasher()
    hasher.update(data)
    return Digest(f"{like.algorithm}:{hasher.hexdigest()}")


def _check_digest(reference: Reference, answer: Answer, digest: Digest) -> None:
    wanted = reference.digest
    if wanted is not None and digest.algorithm == wanted.algorithm and digest != wanted:
        raise _lie(reference, answer, "digest", str(wanted), str(digest))


def verified(reference: Reference, descriptor: Descriptor, answer: Answer) -> bytes:
    """The body, where it is the very bytes of ``descriptor``. Raises IntegrityError."""
    body = answer.body
    got = _digest_of(body, descriptor.digest)
    if got != descriptor.digest:
        raise _lie(reference, answer, "digest", str(descriptor.digest), str(got))
    if descriptor.size and len(body) != descriptor.size:
        raise _lie(reference, answer, "length", str(descriptor.size), str(len(body)))
    return body


def _lie(
    reference: Reference, answer: Answer, what: str, expected: str, got: str
) -> IntegrityError:
    return IntegrityError(
        f"{reference}: {answer.host.endpoint.authority} sent a manifest with {what} {got}, "
        f"expected {expected}",
        what=what,
        expected=expected,
        got=got,
    )


def failure(subject: str, answer: Answer) -> RegistryError:
    """What a final answer that is of no use means, in BuildKit's words."""
    error = answer.error
    if isinstance(error, TransportError):
        unreachable = Unreachable(f"failed to do request: {error}")
        unreachable.__cause__ = error
        return unreachable
    if isinstance(error, RegistryError):
        return error
    if error is not None:
        wrapped = RegistryError(str(error), hint=error.hint)
        wrapped.__cause__ = error
        return wrapped
    if answer.status == 404:
        return NotFound(f"{subject}: not found")
    last = answer.exchanges[-1]
    unexpected = UnexpectedStatus(
        last.method, answer.url, answer.status, detail=detail_of(answer.body)
    )
    if answer.status == 403:
        return Denied(
            str(unexpected), hint="the registry refuses this credential, or any, for the repository"
        )
    if answer.status == 429:
        unexpected.hint = "the registry limits requests: log in, use a mirror, or wait"
    return unexpected


def worth_a_get(head: Answer) -> bool:
    """Whether a HEAD that ended so leaves a GET a chance: some registries break HEAD alone."""
    error = head.error
    if error is None:
        return head.status != 429
    if isinstance(error, TransportError):
        return error.stage in ("read", "protocol")
    return isinstance(error, Unauthorized) and error.refused


def coped_code(head: Answer) -> str:
    """What was wrong with a HEAD whose GET then worked; see ``Resolved.coped``."""
    if head.error is not None:
        if isinstance(head.error, TransportError):
            return "head-broken-get-200"
        return "head-401-get-200"
    if not head.ok:
        return f"head-{head.status}-get-200"
    if head.digest is None:
        return "head-without-digest"
    return "head-without-length" if not head.length else "head-without-media-type"
