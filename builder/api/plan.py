"""A plan: what a build needs, before it runs; and the run."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from builder.api.attesting import Attesting
from builder.api.contexts import RemoteContext, opened
from builder.api.errors import BuildError, RequestError
from builder.api.exporting import Built, Exporting
from builder.api.frontend import Frontend
from builder.api.inputs import BuildFiles
from builder.api.linuxonly import refuse_windows_platforms
from builder.api.request import BuildRequest
from builder.api.work import Work
from builder.engine.shape import ImageShape, shapes
from builder.engine.state import State
from builder.errors import BuilderError
from builder.events import Emit
from builder.exporters import Exported, Output
from builder.frontend.dockerfile import Conversion, DockerfileError, ImageUse
from builder.oci import reference as references
from builder.oci.digest import Digest
from builder.oci.reference import InvalidReference, Reference
from builder.registry import RetryPolicy, Session
from builder.solver.errors import SolveError
from builder.solver.verdict import CacheVerdict


@dataclass(frozen=True, slots=True)
class BuildResult:
    """``digest`` is that of the image's manifest or index, None where none was made.

    ``response`` has BuildKit's exporter keys. ``names`` are those now in the local store.
    """

    digest: Digest | None
    response: Mapping[str, str]
    names: tuple[str, ...]
    notices: tuple[str, ...] = ()
    verdicts: Sequence[CacheVerdict] = field(default=(), repr=False)


class Plan:
    """One build, planned. Made by ``open_plan``."""

    def __init__(
        self,
        request: BuildRequest,
        files: BuildFiles,
        state: State,
        session: Session,
        work: Work,
        remote: RemoteContext | None = None,
    ) -> None:
        self.request = request
        self.session = session
        self._state = state
        refuse_windows_platforms(request)
        self._outputs = _outputs(request)
        self._work = work
        self._frontend = Frontend(request, files, work, remote)
        self._references = self._frontend.references()
        self._attesting = Attesting(request, files.name, state, remote, work.engine.pins)
        self._exporting = Exporting(request, state, session, work, self._attesting)
        for output in self._outputs:
            if output.flag("registry.insecure"):
                for name in output.names:
                    session.allow_insecure(references.parse(name).domain)

    @property
    def references(self) -> tuple[ImageUse, ...]:
        """Every image that the build will ask a registry for, as far as the file tells."""
        wanted = map(self._frontend.wanted, self._references)
        local = self._work.images.is_local
        return tuple(
            use
            for use in wanted
            if use is not None and (self.request.pull or not local(use.reference))
        )

    @property
    def push_targets(self) -> tuple[Reference, ...]:
        """Where the result will be pushed to."""
        return tuple(
            references.parse(name)
            for output in self._outputs
            if output.flag("push")
            for name in output.names
        )

    async def missing(self) -> Mapping[str, BuilderError]:
        """Offline, the references that the local store cannot give, with the error of each."""
        found: dict[str, BuilderError] = {}
        for use in self.references:
            try:
                await self._work.images.find(references.parse(use.reference), use.platform)
            except InvalidReference:
                continue  # for the build to say: it knows the line
            except BuilderError as error:
                found[use.reference] = error
        return found

    async def run(self, emit: Emit, stdout: Any = None) -> BuildResult:
        """Build and export; ``stdout`` is where ``dest=-`` goes. Raises BuildError."""
        self._work.emit.to(emit)
        try:
            conversions = await self._frontend.convert(emit)
            if self._work.caches is not None:
                await self._work.caches.load(emit)
            built = await self._solve(conversions)
            if any(map(self._attesting.wants_scan, self._outputs)):
                scanned = {each.platform: each.conversion for each in built}
                engine, images = self._work.engine, self._work.images
                await self._attesting.scan(engine, images, scanned, emit)
            exported = [
                await self._exporting.export(output, built, emit, stdout)
                for output in self._outputs
            ]
            exported.append(Exported(response=await self._exporting.export_caches(built, emit)))
        except SolveError as error:
            raise BuildError(str(error), error.cause, error.locations) from error
        except DockerfileError as error:
            raise self._frontend.located(error) from error
        except BuildError:
            raise
        except BuilderError as error:
            raise BuildError(str(error), error) from error
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            raise BuildError(place + (error.strerror or str(error)).lower(), error) from error
        except sqlite3.Error as error:
            raise BuildError(f"state directory {self._state.root}: {error}", error) from error
        return self._result(exported)

    def shapes(self, result: BuildResult) -> tuple[ImageShape, ...]:
        """The layers of what was built; none where no image was made."""
        return shapes(self._state.content, result.digest) if result.digest is not None else ()

    async def _solve(self, conversions: Sequence[Conversion]) -> tuple[Built, ...]:
        """What each platform gets: trees, where anything reads files; else layers may do."""
        engine = self._work.engine
        definitions = [each.definition for each in conversions]
        reads = self._exporting.reads_files(self._outputs)
        results = await (engine.solve if reads else engine.solve_layers)(definitions)
        asked = self.request.platforms or (None,)
        return tuple(
            Built(platform or conversion.platform, conversion, result)
            for platform, conversion, result in zip(asked, conversions, results, strict=True)
        )

    def _result(self, exported: Sequence[Exported]) -> BuildResult:
        response: dict[str, str] = {}
        digest = None
        for each in exported:
            response.update(each.response)
            digest = each.descriptor.digest if each.descriptor is not None else digest
        names = tuple(
            str(references.parse(name))
            for output in self._outputs
            if output.type == "image"
            for name in output.names
        )
        work = self._work
        verdicts = work.engine.solver.verdicts
        return BuildResult(digest, response, names, work.executor.notices, verdicts)


def _outputs(request: BuildRequest) -> tuple[Output, ...]:
    """Outputs with their names; without any, the image stays in the local store."""
    for tag in request.tags:
        try:
            reference = references.parse(tag)
        except InvalidReference as error:
            raise RequestError(f"invalid tag {references.quoted(tag)}: {error.why}") from error
        if reference.digest is not None:
            raise RequestError(f"invalid tag {references.quoted(tag)}: a tag has no digest")
    names = ",".join(request.tags)
    outputs = request.outputs or (Output("image", "", {}),)
    named = []
    for output in outputs:
        attributes = dict(output.attributes)
        if output.type in ("image", "oci", "docker") and names and not output.names:
            attributes["name"] = names
        if output.flag("push") and not attributes.get("name"):
            raise RequestError(
                "tag is needed when pushing to registry", hint="name the image with -t"
            )
        named.append(Output(output.type, output.dest, attributes))
    return tuple(named)


@asynccontextmanager
async def open_plan(
    request: BuildRequest, *, policy: RetryPolicy | None = None
) -> AsyncIterator[Plan]:
    """Read the Dockerfile, open the state directory and a registry session.

    Raises RequestError; BuildError for a Dockerfile that is none; what the stores raise.
    """
    async with opened(request, policy, builds=True) as here:
        yield Plan(request, here.files, here.state, here.session, here.work, here.remote)
