"""The op of a source vertex, by the scheme of its identifier, and what a build brings along."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from builder.engine.policy import SourcePolicy
from builder.executor.lentca import RunCa
from builder.executor.types import Resources
from builder.llb import ops as llb
from builder.oci import platform as platforms
from builder.oci import reference as references
from builder.ops.errors import OpError
from builder.ops.secrets import Secrets
from builder.ops.sourceop import GitOperation, HttpOperation, ImageOperation, LocalOperation
from builder.ops.ssh.agents import Agents
from builder.snapshot.types import Snapshotter
from builder.solver.types import Op
from builder.sources.image import ImageSource, PinnedImage
from builder.sources.kept import KeptTrees
from builder.sources.local import LocalTree
from builder.sources.requested import Requested

if TYPE_CHECKING:
    from builder.sources.git.source import GitSource
    from builder.sources.http import HttpSource


class Inputs(Struct, frozen=True):
    """What a build brings along: directories and layouts by name (also such as become known
    while it runs), secrets, agents, and the sources outside, made when first asked for; what
    steps may use, and the policy for the definitions that they write. ``scope`` tells the
    Dockerfile from others, to compare a build with the one before."""

    images: ImageSource
    layouts: Mapping[str, ImageSource]
    http: Callable[[], HttpSource]
    git: Callable[[], GitSource]
    directories: Mapping[str, Path]
    secrets: Secrets
    agents: Agents
    session: str
    scope: str = ""
    run_ca: RunCa | None = None
    resources: Resources = Resources()
    policy: SourcePolicy = SourcePolicy()


class Sourcing:
    """Makes source ops for one build, and takes away what only that build could use."""

    def __init__(self, inputs: Inputs, snapshots: Snapshotter, kept: KeptTrees) -> None:
        self._inputs = inputs
        self._snapshots = snapshots
        self._kept = kept
        self._discards: list[Callable[[], None]] = []

    async def aclose(self) -> None:
        """Its result has been exported by then."""
        for discard in self._discards:
            await asyncio.to_thread(discard)

    def op(self, op: llb.SourceOp, spec: llb.Op) -> Op:
        """Raises OpError, SourceError for a source that is none."""
        scheme, _, rest = op.identifier.partition("://")
        if scheme in ("docker-image", "oci-layout"):
            return ImageOperation(self.image(op, spec))
        if scheme == "local":
            return self._local(rest, op)
        if scheme in ("http", "https"):
            from builder.sources.http import HttpFile

            file = HttpFile(self._inputs.http(), Requested.of(op.identifier, op.attrs))
            self._discards.append(file.discard)
            return HttpOperation(file)
        if scheme == "git":
            from builder.sources.git.source import GitTree
            from builder.sources.git.wanted import GitWanted

            wanted = GitWanted.of(op.identifier, op.attrs)
            return GitOperation(GitTree(self._inputs.git(), wanted))
        raise OpError(f"sources of kind {scheme}:// are not supported yet")

    def image(self, op: llb.SourceOp, spec: llb.Op) -> PinnedImage:
        """The image that a source op names. Raises OpError, InvalidReference."""
        scheme, _, rest = op.identifier.partition("://")
        platform = spec.platform or platforms.host()
        return PinnedImage(self._images(scheme, op), references.parse(rest), platform)

    def _images(self, scheme: str, op: llb.SourceOp) -> ImageSource:
        if scheme == "docker-image":
            return self._inputs.images
        name = op.attrs.get("oci.store", "")
        layout = self._inputs.layouts.get(name)
        if layout is None:
            raise OpError(f"no OCI layout {name!r} in this build")
        return layout

    def _local(self, name: str, op: llb.SourceOp) -> Op:
        directory = self._inputs.directories.get(name)
        if directory is None:
            raise OpError(f"no local source {name!r} in this build")
        tree = LocalTree(
            name=name,
            root=directory,
            follow=_list(op.attrs, "local.followpaths"),
            include=_list(op.attrs, "local.includepattern"),
            exclude=_list(op.attrs, "local.excludepatterns"),
            snapshots=self._snapshots,
            session=self._inputs.session,
            slot=self._kept.slot(name, directory),
        )
        self._discards.append(tree.discard)
        return LocalOperation(tree)


def _list(attrs: Mapping[str, str], name: str) -> tuple[str, ...]:
    text = attrs.get(name)
    if not text:
        return ()
    try:
        value: Any = json.loads(text)
    except ValueError as error:
        raise OpError(f"invalid {name}: {text!r}") from error
    if not isinstance(value, list):
        raise OpError(f"invalid {name}: {text!r}")
    return tuple(str(item) for item in value)
