"""The Dockerfile of a build, converted to a definition, with what it asks shown as steps."""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec.structs import replace

from builder.api.contexts import RemoteContext
from builder.api.errors import BuildError
from builder.api.inputs import BuildFiles
from builder.api.linuxonly import refuse_windows_base
from builder.api.namedcontexts import named_contexts
from builder.api.request import BuildRequest
from builder.api.steps import step, transferred
from builder.api.work import Work
from builder.engine.policy import PolicyError, Source, SourcePolicy
from builder.errors import BuilderError
from builder.events import Emit, SourceInfo, WarningEvent
from builder.frontend import dockerfile
from builder.frontend.dockerfile import (
    Conversion,
    ConvertOptions,
    DockerfileError,
    ImageUse,
    LintWarning,
    ResolvedImage,
    subrequests,
)
from builder.oci import platform as platforms
from builder.oci import reference as references
from builder.oci.credentials import hide_in, hide_in_file
from builder.oci.platform import Platform
from builder.oci.reference import InvalidReference, Reference
from builder.solver.types import Location
from builder.sources.image import ImageSource

_IMAGE = "docker-image://"
_BUILTIN = "docker/dockerfile"
"""The repository of the frontends whose language this one speaks."""


class Frontend:
    """Raises RequestError."""

    def __init__(
        self,
        request: BuildRequest,
        files: BuildFiles,
        work: Work,
        remote: RemoteContext | None = None,
    ) -> None:
        self._request = request
        self._files = files
        self._images = work.images
        self._info = SourceInfo(files.name, hide_in_file(files.source))
        self._named = named_contexts(request.named_contexts, work)
        self._options = self._convert_options()
        if remote is not None:
            self._options = tuple(remote.into(each) for each in self._options)
        self._parsed: dockerfile.Dockerfile | None = None

    def references(self) -> tuple[ImageUse, ...]:
        """Every image that the build is known to need. Raises BuildError."""
        try:
            self._parsed = dockerfile.parse(self._files.source, self._files.name)
            self._refuse_unknown_syntax()
            uses = [
                use
                for options in self._options
                for use in dockerfile.references(self._parsed, options)
            ]
        except DockerfileError as error:
            raise self.located(error) from error
        return tuple(dict.fromkeys(use for use in uses if use.why != "syntax"))

    def located(self, error: DockerfileError) -> BuildError:
        """The error with the lines it is about."""
        locations = (Location(self._info, error.ranges),) if error.ranges else ()
        return BuildError(hide_in(str(error)), error, locations)

    def _refuse_unknown_syntax(self) -> None:
        """The builtin frontend stands in for docker's own; no other can be run yet."""
        directive = dockerfile.detect_syntax(self._files.source)
        syntax = self._request.build_args.get("BUILDKIT_SYNTAX") or (
            directive.value if directive is not None else ""
        )
        words = syntax.split()
        if not words:
            return
        text = words[0]
        try:
            repository = references.parse(text).familiar().partition(":")[0].partition("@")[0]
        except InvalidReference as error:
            raise DockerfileError(str(error)) from error
        # a mirror's copy of it ends in the same two names
        if not f"/{repository}".endswith((f"/{_BUILTIN}", f"/{_BUILTIN}-upstream")):
            raise DockerfileError(
                f"# syntax={text}: frontend images are not supported yet",
                hint="only the language of docker/dockerfile is built in",
            )

    def _convert_options(self) -> tuple[ConvertOptions, ...]:
        """Those of each platform, in the order that was asked for."""
        request = self._request
        common = ConvertOptions(
            build_args=request.build_args,
            target=request.target,
            build_platforms=(platforms.host(),),
            multi_platform=request.multi_platform,
            labels=request.labels,
            no_cache=request.no_cache,
            no_cache_filter=request.no_cache_filter,
            add_hosts=request.add_hosts,
            shm_size=request.shm_size,
            ulimits=request.ulimits,
            network=request.network,
            cgroup_parent=request.cgroup_parent,
            ignore_patterns=self._files.ignore_patterns,
            named_contexts=self._named.values,
            named_ignores=self._named.ignores,
            layouts=self._named,
            pull="pull" if request.pull else "default",
            epoch=request.epoch,
            copy_from_variables=request.copy_from_variables,
        )
        return tuple(
            replace(common, target_platform=platform) for platform in request.platforms or (None,)
        )

    async def convert(self, emit: Emit) -> tuple[Conversion, ...]:
        """The definition for each platform. Warnings are those of the first, and shown.

        Raises DockerfileError, BuildError.
        """
        vertex = self._files.vertex or self._show_files(emit)
        self._named.emit = emit

        def warn(warning: LintWarning) -> None:
            emit(
                WarningEvent(
                    vertex,
                    hide_in(str(warning)),
                    url=warning.url,
                    source=self._info,
                    ranges=warning.ranges,
                )
            )

        policy = self._request.policy
        resolver = _Resolver(self._images, policy, emit, linux_only=True)
        source = self._parsed or self._files.source
        # All to their ends, also where one fails: they use what is closed after this.
        converted = await asyncio.gather(
            *(
                dockerfile.convert(
                    source, self._files.name, options, resolver, warn if number == 0 else None
                )
                for number, options in enumerate(self._options)
            ),
            return_exceptions=True,
        )
        for each in converted:
            if isinstance(each, BaseException):
                raise each
        return tuple(
            replace(each, definition=policy.apply(each.definition))
            for each in converted
            if isinstance(each, Conversion)
        )

    def wanted(self, use: ImageUse) -> ImageUse | None:
        """``use`` as the policy has it; None for one that the build will refuse, or that is
        no reference."""
        try:
            reference = references.parse(use.reference)
            return replace(use, reference=str(judged(self._request.policy, reference)))
        except BuilderError:
            return None if self._request.policy.policies else use

    async def answer(self, question: str, emit: Emit) -> Any:
        """The document that answers ``question``. Raises BuildError."""
        self._named.emit = emit
        files = self._files
        if not files.vertex:
            self._show_files(emit)
        resolver = _Resolver(self._images, self._request.policy, emit)
        try:
            self._refuse_unknown_syntax()
            return await subrequests.answer(
                question, files.source, files.name, self._options[0], resolver
            )
        except DockerfileError as error:
            raise self.located(error) from error

    def _show_files(self, emit: Emit) -> str:
        """The vertex of the Dockerfile's transfer."""
        files = self._files
        with step(emit, f"[internal] load build definition from {files.name}") as vertex:
            transferred(emit, vertex, "transferring dockerfile:", len(files.source))
        if self._options[0].main_context is None:
            with step(emit, "[internal] load .dockerignore") as ignore_vertex:
                transferred(emit, ignore_vertex, "transferring context:", files.sent)
        return vertex


def judged(policy: SourcePolicy, reference: Reference) -> Reference:
    """What the policy has taken for an image. Raises SourceDenied, PolicyError."""
    if not policy.policies:
        return reference
    used = policy.evaluate(Source(f"{_IMAGE}{reference}")).identifier
    if not used.startswith(_IMAGE):
        raise PolicyError(f"source policy: {reference} is converted to {used}, which is no image")
    return references.parse(used[len(_IMAGE) :])


class _Resolver:
    """Asks the image source, and shows that it does."""

    def __init__(
        self, images: ImageSource, policy: SourcePolicy, emit: Emit, *, linux_only: bool = False
    ) -> None:
        """``linux_only``: something is built, which Windows images are no base for."""
        self._linux_only = linux_only
        self._images = images
        self._policy = policy
        self._emit = emit

    async def resolve_image_config(
        self, reference: Reference, platform: Platform, *, log_name: str, mode: str
    ) -> ResolvedImage:
        name = log_name or f"[internal] load metadata for {reference}"
        with step(self._emit, name):
            reference = judged(self._policy, reference)
            found = await self._images.resolve_image_config(
                reference, platform, log_name=log_name, mode=mode
            )
            if self._linux_only:
                refuse_windows_base(reference, platform, found.config)
            return found
