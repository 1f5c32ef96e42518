"""What the distribution specification says of reading (1.1, "Pull" and "Content Discovery").

Asked of one image per registry, side by side with the rest of a pull: nothing waits for it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from builder.oci.manifest import Manifest
from builder.registry import Host, Resolved, Session
from regdoctor.observations.images import Asked
from regdoctor.observations.store import Observations
from regdoctor.probes.asking import Question, ask_beside, layer_start

NO_TAG = "regdoctor-asks-for-what-is-not-there"
NO_DIGEST = f"sha256:{'0' * 63}1"
"""Digests and tags that nobody has."""

_NEXT = re.compile(r'<([^>]*)>\s*;\s*rel="?next"?')


async def ask_of_image(seen: Observations, session: Session, resolved: Resolved) -> None:
    """What is known of the image is enough for these; the tags come first, on the connection
    that is free already, for their second page is asked after the first."""
    host, repository = resolved.host, resolved.reference.path
    digest, media_type = str(resolved.descriptor.digest), resolved.descriptor.media_type
    accept = {"Accept": f"{media_type}, */*"}
    pressed = {**accept, "Accept-Encoding": "gzip"}
    questions = (
        Question("digest-head", repository, f"manifests/{digest}", "HEAD", accept),
        Question("digest-gzip", repository, f"manifests/{digest}", "GET", pressed),
        Question("missing-tag", repository, f"manifests/{NO_TAG}", "HEAD", accept),
        Question("missing-digest", repository, f"manifests/{NO_DIGEST}", "GET", accept),
        Question("missing-blob", repository, f"blobs/{NO_DIGEST}", "HEAD"),
        Question("referrers", repository, f"referrers/{digest}"),
    )
    await asyncio.gather(
        _tags(seen, session, host, repository),
        *(ask_beside(seen, session, host, question) for question in questions),
    )


async def ask_of_layers(
    seen: Observations, session: Session, resolved: Resolved, manifest: Manifest, *, head: bool
) -> None:
    """The first bytes of a layer, once a registry; and (``head``) the HEAD of the config that
    comes before a push of the same."""
    where, repository = resolved.host, resolved.reference.path
    if seen.get(Asked, where.endpoint.url, "layer-start") is not None:
        return
    work: list[Coroutine[Any, Any, object]] = []
    if manifest.layers and not manifest.layers[0].urls:
        first = manifest.layers[0]
        work.append(
            layer_start(seen, session, where, repository, str(first.digest), first.media_type)
        )
    if head:
        config = Question("blob-head", repository, f"blobs/{manifest.config.digest}", "HEAD")
        work.append(ask_beside(seen, session, where, config))
    await asyncio.gather(*work)


async def _tags(seen: Observations, session: Session, host: Host, repository: str) -> None:
    first = Question("tags", repository, "tags/list", query={"n": "1"})
    answer = (await ask_beside(seen, session, host, first)).answer
    found = _NEXT.search(answer.header("Link"))
    if not answer.ok or found is None:
        return
    # Only on the registry's own ground, and as it was written there.
    url = urljoin(answer.url, found[1])
    prefix = f"{host.base}/{repository}/"
    if not url.startswith(prefix):
        return
    parts = urlsplit(url)
    rest = parts.path.removeprefix(urlsplit(prefix).path)
    query = {name: value for name, value in parse_qsl(parts.query) if name != "ns"}
    await ask_beside(seen, session, host, Question("tags-next", repository, rest, query=query))
