"""The first blob of an image that resolved, fetched as a pull begins: its config."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from urllib.parse import urljoin

from builder.errors import BuilderError
from builder.oci.descriptor import Descriptor
from builder.oci.reference import Reference
from builder.registry import Host, IntegrityError, Session
from builder.registry import scope as scopes
from builder.transport import Exchange
from regdoctor.observations.from_exchanges import answer_of, observe_blobs
from regdoctor.observations.http import BlobLook
from regdoctor.observations.images import Asked, BlobAgain, QuestionName
from regdoctor.observations.store import Failure, Observations

CONFIG_LIMIT = 4 << 20
"""Bytes of the largest image config that is fetched."""
TIMES = 2
"""How often a blob that arrived wrong is fetched again."""

"""What a storage gets to see in place of a real login."""


async def look_at_blob(
    seen: Observations,
    session: Session,
    reference: Reference,
    host: Host,
    config: Descriptor,
    seconds: float,
) -> bytes:
    """Adds a BlobLook, or a Failure where none came about in ``seconds``; the bytes.

    Where a registry redirects its blobs, the storage becomes an endpoint to look at.
    """
    body = b""
    try:
        async with asyncio.timeout(seconds):
            # An error is among the attempts, which tell more than it does.
            with contextlib.suppress(BuilderError):
                body = await _fetched(session, reference, config)
    except TimeoutError:
        why = f"no blob of {reference} in {seconds:.0f} s"
        seen.add(host.endpoint.url, Failure(BlobLook.__name__, "blob", why))
    observe_blobs(seen, session.attempts(reference.domain))
    look = seen.get(BlobLook, host.endpoint.url, str(config.digest))
    if look is not None:
        await _again(seen, session, reference, host, config, look, seconds)
        await _without_login(seen, session, reference, host, config, look)
    return body


async def _fetched(session: Session, reference: Reference, blob: Descriptor) -> bytes:
    body = bytearray()
    async with contextlib.aclosing(session.fetch_blob(reference, blob)) as chunks:
        async for chunk in chunks:
            body += chunk
    return bytes(body)


async def _again(
    seen: Observations,
    session: Session,
    reference: Reference,
    host: Host,
    blob: Descriptor,
    look: BlobLook,
    seconds: float,
) -> None:
    """Wrong bytes, or a cut: whether that is the same each time."""
    cut = look.answer is not None and look.answer.ok and look.answer.fault == "read"
    if look.what != "digest" and not cut:
        return
    for number in range(1, TIMES + 1):
        before = len(session.attempts())
        began = time.monotonic()
        got, fault = "", ""
        try:
            async with asyncio.timeout(seconds):
                await _fetched(session, reference, blob)
            got = str(blob.digest)
        except IntegrityError as error:
            got, fault = error.got if error.what == "digest" else "", str(error)
        except TimeoutError:
            fault = f"not over in {seconds:.0f} s"
        except BuilderError as error:
            fault = str(error)
        tried = [a for a in session.attempts()[before:] if a.step == "blob" and a.exchanges]
        received = tried[-1].exchanges[-1].received if tried else 0
        tried_again = BlobAgain(
            str(blob.digest), got, received, fault, round(time.monotonic() - began, 3)
        )
        seen.add(host.endpoint.url, tried_again, name=f"{blob.digest} {number}")


async def _without_login(
    seen: Observations,
    session: Session,
    reference: Reference,
    host: Host,
    blob: Descriptor,
    look: BlobLook,
) -> None:
    """Whether the storage that refused us minds the ``Authorization`` that it was sent.

    None is sent there to find out: it is no host that asked for one.
    """
    answer = look.answer
    if not look.redirected or answer is None:
        return
    if look.login and answer.status in (400, 401, 403):
        await _storage(seen, session, reference, host, blob)


async def _storage(
    seen: Observations,
    session: Session,
    reference: Reference,
    host: Host,
    blob: Descriptor,
) -> None:
    log: list[Exchange] = []
    url = host.url(reference.path, f"blobs/{blob.digest}")
    with contextlib.suppress(BuilderError):
        async with session.client.open(
            host,
            "GET",
            url,
            repository=reference.path,
            scopes=(scopes.pull(reference.path),),
            log=[],
            redirects=False,
        ) as response:
            location = response.header("Location")
        if not location:
            return
        await session.transport.request(
            "GET",
            urljoin(url, location),
            headers={"Range": "bytes=0-15"},
            trust=host.trust,
            redirects=False,
            limit=CONFIG_LIMIT,
            on_exchange=log.append,
        )
    if log:
        name: QuestionName = "blob-without-login"
        seen.add(host.endpoint.url, Asked(name, str(blob.digest), answer_of(log[-1])), name=name)


def platform_in(config: bytes) -> str:
    """``os/arch[/variant]`` of an image config; empty where it says none."""
    try:
        document = json.loads(config)
    except ValueError:
        return ""
    if not isinstance(document, dict):
        return ""
    parts = (document.get(name) for name in ("os", "architecture", "variant"))
    return "/".join(part for part in parts if isinstance(part, str) and part)
