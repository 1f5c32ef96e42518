"""What an image is made of, and what its manifest's answers leave open.

A pull is followed up to the config. Only where an answer was wrong are the questions asked that
tell its causes apart: another Accept, another name, the same URL without ``?ns=``.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from builder.errors import BuilderError
from builder.oci import manifest as manifests
from builder.oci import mediatypes, platform
from builder.oci.descriptor import Descriptor, InvalidDocument
from builder.oci.reference import Reference
from builder.registry import Host, Resolved, Session
from regdoctor.observations.from_exchanges import observe_digests
from regdoctor.observations.http import ManifestLook
from regdoctor.observations.images import Entry, ImageSeen
from regdoctor.observations.store import Observations
from regdoctor.probes.asking import Question, ask_beside
from regdoctor.probes.blob import CONFIG_LIMIT, look_at_blob, platform_in
from regdoctor.probes.products import ask_version
from regdoctor.probes.spec import ask_of_config, ask_of_image, ask_of_layers

_ACCEPT = ", ".join(mediatypes.IMAGE_ACCEPT)
_SCHEMA1 = (mediatypes.DOCKER_MANIFEST_V1, mediatypes.DOCKER_MANIFEST_V1_SIGNED)


class Images:
    """The images of one run. ``platforms`` are those that something asks an image for; else it
    is ``DOCKER_DEFAULT_PLATFORM``, or this machine's."""

    def __init__(
        self,
        seen: Observations,
        session: Session,
        seconds: float,
        platforms: Iterable[tuple[Reference, str]] = (),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._seen, self._session, self._seconds = seen, session, seconds
        self._platforms: dict[Reference, list[str]] = {}
        for reference, wanted in platforms:
            self._platforms.setdefault(reference, []).append(wanted)
        env = os.environ if environ is None else environ
        self._default = env.get("DOCKER_DEFAULT_PLATFORM", "") or str(platform.host())
        self._known: set[str] = set()

    async def look(self, reference: Reference, resolved: Resolved | None) -> None:
        """All that there is to see of ``reference``, which was asked for already."""
        work = [self._ask_causes(reference)]
        if resolved is not None:
            host, free = resolved.host, None
            # Docker Hub is right, and counts what is asked of it.
            if host.endpoint.url not in self._known and host.domain != "docker.io":
                self._known.add(host.endpoint.url)
                free = asyncio.Event()
                work.append(ask_of_image(self._seen, self._session, resolved, free))
            work.append(self._follow(resolved, free))
        await asyncio.gather(*work)

    # -- a pull, up to the config

    async def _follow(self, resolved: Resolved, free: asyncio.Event | None) -> None:
        """``free`` where the registry is asked more than a pull does; see ``ask_of_image``."""
        reference = resolved.reference
        try:
            await self._read(resolved, free)
        except InvalidDocument as error:
            self._useless(resolved, str(error))
        except BuilderError:
            pass  # The error is among the attempts.
        observe_digests(self._seen, str(reference), self._session.attempts(reference))

    async def _read(self, resolved: Resolved, free: asyncio.Event | None) -> None:
        reference, top = resolved.reference, resolved.descriptor
        wanted = self._platforms.get(reference) or [self._default]
        body = await self._session.fetch_manifest(reference, top)
        document = manifests.parse(body, top.media_type)
        image = ImageSeen(
            digest=str(top.digest),
            told=top.media_type,
            declared=_declared(body),
            wanted=tuple(wanted),
            index=isinstance(document, manifests.Index),
            pinned=reference.digest is not None,
        )
        self._keep(resolved, image)
        if isinstance(document, manifests.Index):
            await self._read_index(resolved, image, document, wanted, free)
        else:
            await self._read_manifest(resolved, image, document, free)

    async def _read_index(
        self,
        resolved: Resolved,
        image: ImageSeen,
        index: manifests.Index,
        wanted: list[str],
        free: asyncio.Event | None,
    ) -> None:
        chosen = [_select(index, each) for each in wanted]
        missing = [each for each, found in zip(wanted, chosen, strict=True) if found is None]
        image = replace(
            image,
            missing=tuple(missing),
            entries=tuple(map(_entry, index.manifests)),
            chosen=next((str(each.digest) for each in chosen if each is not None), ""),
        )
        self._keep(resolved, image)
        first = next((c for c in chosen if c is not None), None) or next(
            iter(index.manifests), None
        )
        if first is None:
            return
        body = await self._session.fetch_manifest(resolved.reference, first)
        document = manifests.parse(body, first.media_type)
        if isinstance(document, manifests.Manifest):
            await self._read_manifest(resolved, image, document, free)

    async def _read_manifest(
        self,
        resolved: Resolved,
        image: ImageSeen,
        manifest: manifests.Manifest,
        free: asyncio.Event | None,
    ) -> None:
        seen, session = self._seen, self._session
        layers = tuple(layer.media_type for layer in manifest.layers)
        config = self._read_config(resolved, image, layers, manifest.config)
        if free is None:
            await config
            return
        # Each finds a connection that is free: a new one would take two round trips more.
        if image.index:
            await asyncio.gather(config, self._later(resolved, manifest, free))
            return
        await config
        await asyncio.gather(
            ask_of_layers(seen, session, resolved, manifest),
            ask_of_config(seen, session, resolved, manifest, free),
        )

    async def _later(
        self, resolved: Resolved, manifest: manifests.Manifest, free: asyncio.Event
    ) -> None:
        await free.wait()
        await ask_of_layers(self._seen, self._session, resolved, manifest)

    async def _read_config(
        self, resolved: Resolved, image: ImageSeen, layers: tuple[str, ...], config: Descriptor
    ) -> None:
        body = b""
        if config.size <= CONFIG_LIMIT:
            body = await look_at_blob(
                self._seen,
                self._session,
                resolved.reference,
                resolved.host,
                config,
                2 * self._seconds,
            )
        read = replace(
            image,
            layers=layers,
            config_type=config.media_type,
            config_platform=platform_in(body),
        )
        self._keep(resolved, read)

    def _useless(self, resolved: Resolved, why: str) -> None:
        """What came under the right digest is no manifest. Schema 1 has checks of its own."""
        url, key = resolved.host.endpoint.url, str(resolved.reference)
        look = self._seen.get(ManifestLook, url, key)
        if look is not None and resolved.descriptor.media_type not in _SCHEMA1:
            self._seen.add(url, replace(look, error=look.error or why), name=key)

    def _keep(self, resolved: Resolved, image: ImageSeen) -> None:
        self._seen.add(resolved.host.endpoint.url, image, name=str(resolved.reference))

    # -- causes, where an answer was wrong

    async def _ask_causes(self, reference: Reference) -> None:
        seen, session, key = self._seen, self._session, str(reference)
        work: list[Coroutine[Any, Any, object]] = []
        for host in session.hosts(reference.domain):
            look = seen.get(ManifestLook, host.endpoint.url, key)
            questions = tuple(_causes(host, reference, look)) if look is not None else ()
            work += [ask_beside(seen, session, host, question, key=key) for question in questions]
            if questions:
                work.append(ask_version(seen, session, host, self._seconds))
        await asyncio.gather(*work)


def _causes(host: Host, reference: Reference, look: ManifestLook) -> Iterator[Question]:
    last = look.get or look.head
    if last is None:
        return
    rest = f"manifests/{reference.target}"
    missing = last.status == 404
    # Not understood, as far as that shows.
    puzzled = last.status in (400, 404, 406, 415, 500)
    if puzzled or (last.ok and last.header("Content-Type").partition(";")[0].strip() in _SCHEMA1):
        alone = {"Accept": mediatypes.DOCKER_MANIFEST}
        yield Question("accept-schema2", reference.path, rest, headers=alone)
    if host.ns and last.status >= 400 and last.status not in (401, 429):
        headers = {"Accept": _ACCEPT}
        yield Question("without-ns", reference.path, rest, "HEAD", headers, ns=False)
    bare = "/" not in reference.path and reference.domain != "docker.io"
    if missing and bare:
        headers = {"Accept": _ACCEPT}
        yield Question("library-prefix", f"library/{reference.path}", rest, "HEAD", headers)


def _select(index: manifests.Index, wanted: str) -> Descriptor | None:
    try:
        return index.select(platform.parse(wanted))
    except platform.InvalidPlatform:
        return index.select(platform.host())


def _entry(each: Descriptor) -> Entry:
    about = each.annotations.get("vnd.docker.reference.type", "")
    unknown = each.platform is not None and each.platform.os == "unknown"
    shown = str(each.platform) if each.platform is not None else ""
    return Entry(str(each.digest), each.media_type, shown, bool(about) or unknown)


def _declared(body: bytes) -> str:
    declared = json.loads(body).get("mediaType")
    return declared if isinstance(declared, str) else ""
