"""A registry session."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.oci.reference import Reference
from builder.registry.errors import Attempt
from builder.registry.hosts import Host


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a reference stands for, who said so, and what had to be coped with on the way.

    ``coped`` holds codes such as ``head-404-get-200``, ``head-without-digest``,
    ``mirror-failed``, ``challenge-without-scope``.
    """

    reference: Reference
    descriptor: Descriptor
    host: Host
    attempts: tuple[Attempt, ...]
    coped: tuple[str, ...] = ()


class Session:
    """Everything learnt is reused: tokens, digests, connections."""

    def hosts(self, domain: str) -> tuple[Host, ...]:
        """The hosts asked for references of ``domain``, in order."""
        raise NotImplementedError

    def attempts(self, subject: Reference | str = "") -> tuple[Attempt, ...]:
        """What was tried so far for a reference or a domain; everything without either."""
        raise NotImplementedError

    async def resolve(self, reference: Reference) -> Resolved:
        """Memoized per reference, concurrent callers included. Raises RegistryError."""
        raise NotImplementedError

    async def fetch_manifest(self, reference: Reference, descriptor: Descriptor) -> bytes:
        """The manifest or index ``descriptor``, verified. Raises RegistryError."""
        raise NotImplementedError

    def fetch_blob(self, reference: Reference, descriptor: Descriptor) -> AsyncIterator[bytes]:
        """The blob's bytes, verified by the end. Raises RegistryError."""
        raise NotImplementedError

    async def blob_exists(self, reference: Reference, digest: Digest) -> bool:
        raise NotImplementedError

    async def mount_blob(self, reference: Reference, digest: Digest, source: str) -> bool:
        """Whether the registry took the blob over from repository ``source`` of the same domain."""
        raise NotImplementedError

    async def push_blob(
        self,
        reference: Reference,
        descriptor: Descriptor,
        content: object,
        *,
        mount_from: Sequence[str] = (),
    ) -> bool:
        """Push unless it is there; ``content()`` gives the bytes anew for each try.

        True where bytes were sent, False where the blob was there or could be mounted.
        """
        raise NotImplementedError

    async def push_manifest(self, reference: Reference, data: bytes, media_type: str) -> Descriptor:
        """PUT to ``reference``'s tag (or digest); what the registry now has."""
        raise NotImplementedError

    async def aclose(self) -> None:
        raise NotImplementedError
