"""Base images: every ``FROM`` that the target needs, asked for at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable

from builder.errors import BuilderError
from builder.frontend.dockerfile.contexts import Contexts
from builder.frontend.dockerfile.errors import BaseImageError, DockerfileError
from builder.frontend.dockerfile.image import ImageConfig
from builder.frontend.dockerfile.lint import Linter
from builder.frontend.dockerfile.naming import Namer, described, located
from builder.frontend.dockerfile.options import ConvertOptions, MetaResolver, ResolvedImage
from builder.frontend.dockerfile.stages import (
    SCRATCH,
    Filesystem,
    StageGraph,
    StageState,
    named_context,
)
from builder.frontend.dockerfile.suggest import suggestion
from builder.llb.definition import Location
from builder.llb.ops import SourceOp
from builder.llb.state import Output, SourceVertex
from builder.oci import platform as platforms
from builder.oci import reference as references
from builder.oci.digest import Digest
from builder.oci.goquote import go_quote
from builder.oci.platform import Platform
from builder.oci.reference import InvalidReference, Reference

_COMMON_IMAGES = tuple(
    name + tag
    for name in ("alpine", "busybox", "centos", "debian", "golang", "ubuntu", "fedora")
    for tag in ("", ":latest")
)


class BaseImages:
    """Resolves base images, each (reference, platform) once."""

    def __init__(
        self,
        graph: StageGraph,
        options: ConvertOptions,
        resolver: MetaResolver,
        contexts: Contexts,
        namer: Namer,
        linter: Linter,
    ) -> None:
        self._graph = graph
        self._options = options
        self._resolver = resolver
        self._contexts = contexts
        self._namer = namer
        self._linter = linter
        self._running: dict[tuple[str, Platform], asyncio.Task[ResolvedImage]] = {}
        self._decoded: dict[bytes, ImageConfig] = {}

    async def resolve(self, states: Iterable[StageState]) -> None:
        """All of ``states`` that stand on no other stage. The first failure in order wins."""
        waiting = []
        for state in states:
            if state.base is not None or state.resolved or state.dispatched:
                continue
            if _is_scratch(state):
                self._begin_empty(state)
            else:
                waiting.append(state)
        try:
            results = await _all([self._resolve(state) for state in waiting])
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)
        for state, error in zip(waiting, results, strict=True):
            if error is not None:
                raise error
            state.resolved = True

    def pass_over(self, states: Iterable[StageState]) -> None:
        """Look at the names alone of ``states``, which nothing has been found to need so far."""
        for state in states:
            if state.base is not None or state.resolved or state.dispatched:
                continue
            state.dispatched = state.unregistered
            if _is_scratch(state):
                continue
            reference = _reference(state)
            state.base_name = str(reference)
            state.platform = platform = state.platform or self._options.platform
            # BuildKit gives the vertex of the base a number whenever it comes by; and an image
            # that only a trigger turns out to need is never asked about.
            name = self._namer.next(state, f"FROM {reference}", {}, platform)
            state.root = Filesystem(
                self._image_output(
                    reference, platform, name, state.source_code, located(state.ranges)
                ),
                platforms.normalize(platform),
            )

    def _begin_empty(self, state: StageState) -> None:
        state.image = ImageConfig.empty(self._options.platform)
        state.platform = self._options.platform
        state.dispatched = state.unregistered
        state.resolved = True

    async def _resolve(self, state: StageState) -> None:
        try:
            await self._resolve_source(state)
        except BaseImageError:
            raise
        except DockerfileError as error:
            raise error.located(state.ranges) from error
        if state.unregistered:
            state.dispatched = True

    async def _resolve_source(self, state: StageState) -> None:
        reference = _reference(state)
        if state.context is not None:
            await self._from_context(state, state.context, state.platform)
            state.image = state.image or ImageConfig.unknown()
            state.dispatched = True
            return
        platform = state.platform or self._options.platform
        key = named_context(self._options, str(reference), platform)
        if key is not None:
            await self._from_context(state, key, platform)
            state.platform = platform
            state.root.platform = platforms.normalize(platform)
            state.image = state.image or ImageConfig.empty(platform)
            state.base_image = state.image.clone(triggers=True)
            return
        await self._from_registry(state, reference, platform)

    async def _from_registry(
        self, state: StageState, reference: Reference, platform: Platform
    ) -> None:
        wanted = state.base_name
        where = f"{platform.full} internal" if self._options.multi_platform else "internal"
        log_name = f"[{where}] load metadata for {reference}"
        resolved = await self._ask(state, reference, platform, log_name)
        state.base_image = self._config(resolved.config)
        image = state.base_image.clone(triggers=True)
        if state.platform is None and self._options.target_platform is None:
            platform = self._detected(image.platform, platform)
        pinned = resolved.reference.with_digest(resolved.digest)
        state.base_name = str(pinned)
        state.image = image
        state.platform = platform
        if image.has_layers:
            name = self._namer.next(state, f"FROM {pinned}", {}, platform)
            state.root = Filesystem(
                self._image_output(
                    pinned, platform, name, state.source_code, located(state.ranges)
                ),
                platforms.normalize(platform),
            )
        if (platform.os, platform.architecture) != (image.platform.os, image.platform.architecture):
            self._linter.with_comments(state.comments).warn(
                "InvalidBaseImagePlatform",
                f"Base image {wanted} was pulled with platform "
                f'"{platforms.normalize(image.platform).full}", '
                f'expected "{platforms.normalize(platform).full}" for current build',
                state.ranges,
            )

    def _config(self, data: bytes) -> ImageConfig:
        """``data`` decoded, once for all stages that stand on it."""
        if data not in self._decoded:
            self._decoded[data] = ImageConfig.decode(data)
        return self._decoded[data]

    def _image_output(
        self,
        reference: Reference,
        platform: Platform,
        name: str,
        command: str | None,
        location: tuple[Location, ...],
    ) -> Output:
        attrs, caps = {}, {"source.image"}
        if self._options.pull in ("pull", "local"):
            attrs["image.resolvemode"] = self._options.pull
            if self._options.pull == "pull":
                caps.add("source.image.resolvemode")
        return SourceVertex(
            described(name, command),
            location,
            platform,
            SourceOp(f"docker-image://{reference}", attrs),
            frozenset(caps),
        ).output()

    async def _from_context(self, state: StageState, key: str, platform: Platform | None) -> None:
        value = self._options.named_contexts[key]
        scheme, colon, rest = value.partition(":")
        if not colon:
            raise DockerfileError(f"invalid context specifier {value} for {key}")
        if scheme == "local":
            state.root = Filesystem(self._contexts.local(key, rest, state.paths))
        elif scheme == "docker-image":
            await self._from_context_image(state, key, rest.removeprefix("//"), platform)
        elif scheme == "oci-layout":
            await self._from_layout(state, key, rest.removeprefix("//"), platform)
        else:
            state.root = Filesystem(self._contexts.remote(key, value))

    async def _from_layout(
        self, state: StageState, key: str, text: str, platform: Platform | None
    ) -> None:
        store, at, digest_text = text.partition("@")
        if not at:
            raise DockerfileError(f"oci-layout reference {go_quote(text)} has no digest")
        layouts = self._options.layouts
        if layouts is None:
            raise DockerfileError(f"unsupported context source oci-layout for {key}")
        wanted = platform or self._options.platform
        try:
            digest = Digest(digest_text)
            shown = references.parse(key.partition("::")[0], default_tag="").with_digest(digest)
            config = await layouts.resolve_layout_config(
                store.partition(":")[0],
                digest,
                wanted,
                log_name=f"[context {key}] load metadata for {shown}",
            )
        except BuilderError as error:
            raise DockerfileError(f"{text}: {error}", hint=error.hint) from error
        output = self._contexts.layout(key, store.partition(":")[0], shown, wanted)
        _take_context(state, wanted, config, output)

    async def _from_context_image(
        self, state: StageState, key: str, text: str, platform: Platform | None
    ) -> None:
        if text == SCRATCH:
            return
        try:
            reference = references.parse(text)
        except InvalidReference as error:
            raise DockerfileError(error.why) from error
        wanted = platform or self._options.platform
        log_name = f"[context {key}] load metadata for {text}"
        resolved = await self._ask(state, reference, wanted, log_name)
        name = f"[context {key}] {text}"
        output = self._image_output(resolved.reference, wanted, name, None, ())
        _take_context(state, wanted, resolved.config, output)

    async def _ask(
        self, state: StageState, reference: Reference, platform: Platform, log_name: str
    ) -> ResolvedImage:
        key = (str(reference), platform)
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(
                self._resolver.resolve_image_config(
                    reference, platform, log_name=log_name, mode=self._options.pull
                )
            )
            self._running[key] = task
        try:
            return await asyncio.shield(task)
        except BuilderError as error:
            message = f"failed to resolve source metadata for {reference}: {error}"
            if not log_name.startswith("[context "):
                known = [*self._graph.names(), *_COMMON_IMAGES]
                near = suggestion(state.base_name, known, case_sensitive=True)
                message = f"{state.base_name}: {message}{near}"
            raise BaseImageError(
                message,
                reference=str(reference),
                ranges=state.ranges,
                hint=error.hint,
            ) from error

    def _detected(self, image: Platform, wanted: Platform) -> Platform:
        """An image for another platform that this machine builds for is taken as it is."""
        for candidate in (wanted, *self._options.platforms):
            if (candidate.os, candidate.architecture) == (image.os, image.architecture):
                return candidate
        return wanted


def _is_scratch(state: StageState) -> bool:
    return state.context is None and state.base_name == SCRATCH


def _reference(state: StageState) -> Reference:
    try:
        return references.parse(state.base_name)
    except InvalidReference as error:
        raise DockerfileError(
            f"failed to parse stage name {go_quote(state.base_name)}: {error.why}",
            ranges=state.ranges,
        ) from error


def _take_context(state: StageState, wanted: Platform, config: bytes, output: Output) -> None:
    """A named context that is an image. One that stands for a whole stage is no base image, and
    its platform is what its config says."""
    state.image = ImageConfig.decode(config)
    state.image.created = ""
    found = state.image.platform
    if state.context is not None and found.os and found.architecture:
        state.platform = found
    state.root = Filesystem(output, platforms.normalize(state.platform or wanted))


async def _all(pending: list[Awaitable[None]]) -> list[Exception | None]:
    """Each result's exception, in order; the rest is cancelled once one has failed."""
    tasks = [asyncio.ensure_future(item) for item in pending]
    if not tasks:
        return []
    try:
        _done, running = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in running:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    out: list[Exception | None] = []
    for result in results:
        if isinstance(result, Exception):
            out.append(result)
        elif isinstance(result, asyncio.CancelledError) or result is None:
            out.append(None)
        else:
            raise result
    return out
