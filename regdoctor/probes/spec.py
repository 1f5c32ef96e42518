"""What the distribution specification says of reading (1.1, "Pull" and "Content Discovery").

Asked of one image per registry, side by side with the rest of a pull: nothing waits for it.
"""

from __future__ import annotations

import asyncio
import re
from urllib.parse import parse_qsl, urljoin, urlsplit

from builder.oci.manifest import Manifest
from builder.registry import Host, Resolved, Session
from regdoctor.observations.store import Observations
from regdoctor.probes.asking import Question, ask_beside, layer_start

NO_TAG = "regdoctor-asks-for-what-is-not-there"
NO_DIGEST = f"sha256:{'0' * 63}1"
"""Digests and tags that nobody has."""

_AFTER = 0.01
"""Seconds by which the pull's own request is ahead: it takes the connection that is free."""
_NEXT = re.compile(r'<([^>]*)>\s*;\s*rel="?next"?')


async def ask_of_image(
    seen: Observations, session: Session, resolved: Resolved, free: asyncio.Event
) -> None:
    """What is known of the image is enough for these; the tags come first, on the connection
    that is free already, for their second page is asked after the first. ``free`` is set when
    that connection is free again."""
    await asyncio.sleep(_AFTER)
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
        _tags(seen, session, host, repository, free),
        *(ask_beside(seen, session, host, question) for question in questions),
    )


async def ask_of_layers(
    seen: Observations, session: Session, resolved: Resolved, manifest: Manifest
) -> None:
    """The first bytes of a layer; foreign ones are kept elsewhere."""
    if manifest.layers and not manifest.layers[0].urls:
        first, repository = manifest.layers[0], resolved.reference.path
        digest, media_type = str(first.digest), first.media_type
        await layer_start(seen, session, resolved.host, repository, digest, media_type)


async def ask_of_config(
    seen: Observations,
    session: Session,
    resolved: Resolved,
    manifest: Manifest,
    free: asyncio.Event,
) -> None:
    """HEAD of the config, as before a push of the same; once a connection is ``free``."""
    rest = f"blobs/{manifest.config.digest}"
    await free.wait()
    question = Question("blob-head", resolved.reference.path, rest, "HEAD")
    await ask_beside(seen, session, resolved.host, question)


async def _tags(
    seen: Observations, session: Session, host: Host, repository: str, free: asyncio.Event
) -> None:
    try:
        await _pages(seen, session, host, repository)
    finally:
        free.set()


async def _pages(seen: Observations, session: Session, host: Host, repository: str) -> None:
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
