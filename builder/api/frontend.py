"""The Dockerfile of a build, converted to a definition, with what it asks shown as steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from builder.api.errors import BuildError, RequestError
from builder.api.inputs import BuildFiles, ignored, read_input
from builder.api.request import BuildRequest
from builder.api.steps import step, transferred
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
from builder.oci import reference as references
from builder.oci.platform import Platform
from builder.oci.reference import InvalidReference, Reference
from builder.solver.types import Location
from builder.sources.image import ImageSource

_BUILTIN = "docker/dockerfile"
"""The repository of the frontends whose language this one speaks."""


class Frontend:
    """Raises RequestError."""

    def __init__(self, request: BuildRequest, files: BuildFiles, images: ImageSource) -> None:
        self._request = request
        self._files = files
        self._images = images
        self._info = SourceInfo(files.name, files.source)
        self.local_contexts: dict[str, Path] = {}
        self._options = self._convert_options()
        self._parsed: dockerfile.Dockerfile | None = None

    def references(self) -> tuple[ImageUse, ...]:
        """Every image that the build is known to need. Raises BuildError."""
        try:
            self._parsed = dockerfile.parse(self._files.source, self._files.name)
            self._refuse_unknown_syntax()
            uses = dockerfile.references(self._parsed, self._options)
        except DockerfileError as error:
            raise self.located(error) from error
        return tuple(use for use in uses if use.why != "syntax")

    def located(self, error: DockerfileError) -> BuildError:
        """The error with the lines it is about."""
        locations = (Location(self._info, error.ranges),) if error.ranges else ()
        return BuildError(str(error), error, locations)

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

    def _convert_options(self) -> ConvertOptions:
        request = self._request
        named: dict[str, str] = {}
        ignores: dict[str, tuple[str, ...]] = {}
        for name, value in request.named_contexts.items():
            if value.startswith("docker-image://"):
                named[name] = value
                continue
            path = Path(value)
            if not path.is_dir():
                raise RequestError(
                    f"failed to get build context {name}: {value}: no such directory"
                )
            named[name] = f"local:{name}"
            self.local_contexts[name] = path
            ignore = path / ".dockerignore"
            if ignore.exists():
                data = read_input(ignore, path, f"failed to read {name}/.dockerignore")
                ignores[name] = ignored(data, ".dockerignore")
        return ConvertOptions(
            build_args=request.build_args,
            target=request.target,
            target_platform=request.platform,
            labels=request.labels,
            no_cache=request.no_cache,
            no_cache_filter=request.no_cache_filter,
            add_hosts=request.add_hosts,
            shm_size=request.shm_size,
            ulimits=request.ulimits,
            network=request.network,
            cgroup_parent=request.cgroup_parent,
            ignore_patterns=self._files.ignore_patterns,
            named_contexts=named,
            named_ignores=ignores,
            pull="pull" if request.pull else "default",
            epoch=request.epoch,
            copy_from_variables=request.copy_from_variables,
        )

    async def convert(self, emit: Emit) -> Conversion:
        """The definition, its warnings shown. Raises DockerfileError, BuildError."""
        vertex = self._show_files(emit)

        def warn(warning: LintWarning) -> None:
            emit(
                WarningEvent(
                    vertex,
                    str(warning),
                    url=warning.url,
                    source=self._info,
                    ranges=warning.ranges,
                )
            )

        resolver = _Resolver(self._images, emit)
        source = self._parsed or self._files.source
        return await dockerfile.convert(source, self._files.name, self._options, resolver, warn)

    async def answer(self, question: str, emit: Emit) -> Any:
        """The document that answers ``question``. Raises BuildError."""
        self._show_files(emit)
        files, resolver = self._files, _Resolver(self._images, emit)
        try:
            self._refuse_unknown_syntax()
            return await subrequests.answer(
                question, files.source, files.name, self._options, resolver
            )
        except DockerfileError as error:
            raise self.located(error) from error

    def _show_files(self, emit: Emit) -> str:
        """The vertex of the Dockerfile's transfer."""
        files = self._files
        with step(emit, f"[internal] load build definition from {files.name}") as vertex:
            transferred(emit, vertex, "transferring dockerfile:", len(files.source))
        with step(emit, "[internal] load .dockerignore") as ignore_vertex:
            transferred(emit, ignore_vertex, "transferring context:", files.sent)
        return vertex


class _Resolver:
    """Asks the image source, and shows that it does."""

    def __init__(self, images: ImageSource, emit: Emit) -> None:
        self._images = images
        self._emit = emit

    async def resolve_image_config(
        self, reference: Reference, platform: Platform, *, log_name: str, mode: str
    ) -> ResolvedImage:
        name = log_name or f"[internal] load metadata for {reference}"
        with step(self._emit, name):
            return await self._images.resolve_image_config(
                reference, platform, log_name=log_name, mode=mode
            )
