"""The first blob of an image that resolved, fetched as a pull begins: its config."""

from __future__ import annotations

import asyncio
import contextlib

from builder.errors import BuilderError
from builder.oci import manifest as manifests
from builder.oci import platform
from builder.registry import Resolved, Session
from regdoctor.observations.from_exchanges import observe_blobs
from regdoctor.observations.http import BlobLook
from regdoctor.observations.store import Failure, Observations

_CONFIG_LIMIT = 4 << 20
"""Bytes of the largest image config that is fetched."""


async def look_at_blob(
    seen: Observations, session: Session, resolved: Resolved, seconds: float
) -> None:
    """Adds a BlobLook, or a Failure where none came about in ``seconds``; keeps no bytes.

    Where a registry redirects its blobs, the storage becomes an endpoint to look at.
    """
    try:
        async with asyncio.timeout(seconds):
            # An error is among the attempts, which tell more than it does.
            with contextlib.suppress(BuilderError):
                await _fetch_config(session, resolved)
    except TimeoutError:
        why = f"no blob of {resolved.reference} in {seconds:.0f} s"
        seen.add(resolved.host.endpoint.url, Failure(BlobLook.__name__, "blob", why))
    observe_blobs(seen, session.attempts(resolved.reference.domain))


async def _fetch_config(session: Session, resolved: Resolved) -> None:
    reference, descriptor = resolved.reference, resolved.descriptor
    document = manifests.parse(
        await session.fetch_manifest(reference, descriptor), descriptor.media_type
    )
    if isinstance(document, manifests.Index):
        chosen = document.select(platform.host()) or next(iter(document.manifests), None)
        if chosen is None:
            return
        document = manifests.parse(
            await session.fetch_manifest(reference, chosen), chosen.media_type
        )
    if isinstance(document, manifests.Manifest) and document.config.size <= _CONFIG_LIMIT:
        async with contextlib.aclosing(session.fetch_blob(reference, document.config)) as chunks:
            async for _ in chunks:
                pass
