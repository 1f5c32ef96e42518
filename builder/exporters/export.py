"""The exporters, and the one call that runs them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

from msgspec.structs import replace

from builder.events import Emit
from builder.exporters import image as images
from builder.exporters import layout
from builder.exporters.annotations import Annotations
from builder.exporters.destination import archive_file
from builder.exporters.errors import ExportError
from builder.exporters.output import STDOUT, Output
from builder.exporters.progress import ExportProgress
from builder.exporters.push import push
from builder.exporters.rootfstar import write_tar
from builder.exporters.treecopy import copy_tree
from builder.exporters.types import ExportContext, Exported, ExportInput, PlatformImage
from builder.oci import reference as references
from builder.oci.descriptor import Descriptor


class Exporter(Protocol):
    """One output of a build."""

    @property
    def title(self) -> str:
        """The name of its vertex."""

    async def export(self, result: ExportInput, progress: ExportProgress, /) -> Exported: ...


async def export(
    output: Output, context: ExportContext, result: ExportInput, emit: Emit
) -> Exported:
    """Write ``result`` to ``output``. Emits a vertex with its statuses.

    Raises ExportError, ContentError, and RegistryError of a push. Nothing half-written is
    left where a file was asked for.
    """
    exporter = EXPORTERS[output.type](output, context)
    progress = ExportProgress(emit, exporter.title)
    with progress.running():
        return await exporter.export(result, progress)


class _Images:
    """What the three image exporters share: the image in the store."""

    def __init__(self, output: Output, context: ExportContext) -> None:
        self.output = output
        self.context = context
        self.names = tuple(str(references.parse(name)) for name in output.names)
        self.epoch = output.epoch(context.epoch)
        self.annotations = Annotations.of(output.attributes)
        self.docker_types = not output.flag("oci-mediatypes", default=True)

    async def assemble(
        self, result: ExportInput, progress: ExportProgress, *, single: bool, blobs: bool = True
    ) -> tuple[Descriptor, list[images.StoredImage], ExportInput]:
        """The top manifest or index, the image of each platform, the input with its layers.

        Without ``blobs`` those of layers that can be fetched later need not be here.
        """
        store = self.context.store
        with progress.step("exporting layers"):
            result = await self._with_layers(result)
            if blobs:
                await _fetch(result)
            await asyncio.to_thread(_check_layers, self.context, result)
        stored = []
        manifests: list[Descriptor] = []
        attestations: list[Descriptor] = []
        for one in result.images:
            made = await asyncio.to_thread(
                images.store_image,
                store,
                one,
                docker_types=self.docker_types,
                epoch=self.epoch,
                annotations=self.annotations,
            )
            progress.done(f"exporting manifest {made.manifest.digest}")
            progress.done(f"exporting config {made.config.digest}")
            stored.append(made)
            manifests.append(made.manifest)
            if result.attest is not None and not single:
                attestation = await result.attest(one, made.manifest)
                if attestation is not None:
                    progress.done(f"exporting attestation manifest {attestation.digest}")
                    attestations.append(attestation)
        if len(manifests) == 1 and not attestations and not result.index:
            if self.annotations.index or self.annotations.index_descriptor:
                raise ExportError("index annotations not supported for single platform export")
            return manifests[0], stored, result
        if single:
            raise ExportError(
                "docker exporter does not currently support exporting manifest lists",
                hint="choose one platform, or the oci type",
            )
        index = await asyncio.to_thread(
            images.store_index,
            store,
            [*manifests, *attestations],
            docker_types=self.docker_types,
            annotations=self.annotations,
        )
        progress.done(f"exporting manifest list {index.digest}")
        return index, stored, result

    async def _with_layers(self, result: ExportInput) -> ExportInput:
        """Layers are made when an image is asked for: a tree needs none."""
        bring = self.context.layers
        if bring is None:
            return result
        images = [replace(one, layers=await bring(one)) for one in result.images]
        return replace(result, images=tuple(images))


class ImageExporter(_Images):
    """Into the local store under its names, and to the registry with ``push``."""

    title = "exporting to image"

    async def export(self, result: ExportInput, progress: ExportProgress) -> Exported:
        # a registry may have the layers of a base image already, or be able to mount them
        pushed = self.output.flag("push")
        top, stored, result = await self.assemble(result, progress, single=False, blobs=not pushed)
        tag = self.context.tag
        if tag is not None and self.output.flag("store", default=True):
            for name in self._names(top):
                with progress.step(f"naming to {name}"):
                    await asyncio.to_thread(tag, name, top)
        if self.output.flag("push"):
            await self._push(result, top, progress)
        named = self.names or self._names(top)
        return Exported(top, images.response(top, stored, named))

    def _names(self, top: Descriptor) -> tuple[str, ...]:
        """With ``name-canonical`` also each repository with the digest; with
        ``dangling-name-prefix`` that and the digest."""
        prefix = self.output.attributes.get("dangling-name-prefix", "")
        dangling: tuple[str, ...] = ()
        if prefix and not (self.names and self.output.flag("danglingemptyonly")):
            dangling = (f"{prefix}@{top.digest}",)
        if not self.output.flag("name-canonical") or not self.names:
            return (*self.names, *dangling)
        repositories = dict.fromkeys(references.parse(name).name for name in self.names)
        canonical = (f"{repository}@{top.digest}" for repository in repositories)
        return (*self.names, *canonical, *dangling)

    async def _push(self, result: ExportInput, top: Descriptor, progress: ExportProgress) -> None:
        if self.context.pusher is None:
            raise ExportError("this build has no registry session to push with")
        for name in self.names:
            await push(
                self.context.pusher,
                self.context.store,
                top,
                references.parse(name),
                progress,
                by_digest=self.output.flag("push-by-digest"),
                repositories=images.digests_of(result.images),
                fetch={
                    layer.descriptor.digest: layer.fetch
                    for one in result.images
                    for layer in one.layers
                    if layer.fetch is not None
                },
            )


class ArchiveExporter(_Images):
    """An OCI layout, or docker's form of it, as a tar or a directory."""

    def __init__(self, output: Output, context: ExportContext) -> None:
        super().__init__(output, context)
        self._docker = output.type == "docker"
        self.title = f"exporting to {output.type} image format"

    async def export(self, result: ExportInput, progress: ExportProgress) -> Exported:
        top, stored, _ = await self.assemble(result, progress, single=self._docker)
        find = self.context.engine
        if self._docker and not self.output.dest and find is not None:
            engine = await asyncio.to_thread(find)
            with progress.step(f"loading into the engine at {engine.socket}"):
                await asyncio.to_thread(engine.load, partial(self._write_to, top))
        else:
            with progress.step("sending tarball"):
                await asyncio.to_thread(self._write, top)
        return Exported(top, images.response(top, stored, self.names))

    def _write(self, top: Descriptor) -> None:
        store = self.context.store
        if not self.output.flag("tar", default=True):
            layout.write_directory(Path(self.output.dest), store, top, self.names, epoch=self.epoch)
            return
        with _destination(self.output, self.context) as file:
            self._write_to(top, file)

    def _write_to(self, top: Descriptor, file: BinaryIO) -> None:
        layout.write_archive(
            file, self.context.store, top, self.names, epoch=self.epoch, docker=self._docker
        )


class TreeExporter:
    """The root file system: ``local`` as a directory, ``tar`` as an archive."""

    def __init__(self, output: Output, context: ExportContext) -> None:
        self._output = output
        self._context = context
        self._archive = output.type == "tar"
        self.title = "exporting to client " + ("tarball" if self._archive else "directory")

    async def export(self, result: ExportInput, progress: ExportProgress) -> Exported:
        several = result.index or len(result.images) > 1
        split = self._output.flag("platform-split", default=several)
        prefixes = [
            str(one.platform).replace("/", "_") + "/" if split else "" for one in result.images
        ]
        if self._archive:
            with progress.step("sending tarball"):
                await asyncio.to_thread(self._write_tar, result.images, prefixes)
            return Exported()
        for one, prefix in zip(result.images, prefixes, strict=True):
            name = f"copying files {one.platform}" if several else "copying files"
            with progress.step(name) as step:
                step.size = await asyncio.to_thread(self._copy, one, prefix)
        return Exported()

    def _copy(self, one: PlatformImage, prefix: str) -> int:
        epoch = self._output.epoch(self._context.epoch)
        with one.tree() as root:
            return copy_tree(root, Path(self._output.dest) / prefix, epoch)

    def _write_tar(self, results: tuple[PlatformImage, ...], prefixes: list[str]) -> None:
        epoch = self._output.epoch(self._context.epoch)
        with contextlib.ExitStack() as stack:
            trees = [
                (prefix, stack.enter_context(one.tree()))
                for one, prefix in zip(results, prefixes, strict=True)
            ]
            with _destination(self._output, self._context) as file:
                write_tar(file, trees, epoch)


class NoExporter:
    """``cacheonly``: the build is run, nothing is written."""

    title = "exporting nothing"

    def __init__(self, output: Output, context: ExportContext) -> None:
        """Takes what every exporter takes, and needs none of it."""

    async def export(self, _result: ExportInput, _progress: ExportProgress) -> Exported:
        return Exported()


EXPORTERS: Mapping[str, Callable[[Output, ExportContext], Exporter]] = {
    "image": ImageExporter,
    "oci": ArchiveExporter,
    "docker": ArchiveExporter,
    "local": TreeExporter,
    "tar": TreeExporter,
    "cacheonly": NoExporter,
}
"""By the type of the output."""


@contextlib.contextmanager
def _destination(output: Output, context: ExportContext) -> Iterator[BinaryIO]:
    if output.dest and output.dest != STDOUT:
        with archive_file(Path(output.dest)) as file:
            yield file
        return
    if context.stdout is None:
        raise ExportError(
            f"dest file is required for {output.type} exporter",
            hint="give dest=FILE, or dest=- for standard output",
        )
    yield context.stdout
    context.stdout.flush()


async def _fetch(result: ExportInput) -> None:
    """Bring what is not here yet into the store."""
    layers = (layer for one in result.images for layer in one.layers)
    await asyncio.gather(*(layer.fetch() for layer in layers if layer.fetch is not None))


def _check_layers(context: ExportContext, result: ExportInput) -> None:
    """Every layer is in the store, and whole: better said here than half way through."""
    for one in result.images:
        for layer in one.layers:
            if layer.fetch is not None and not context.store.has(layer.descriptor.digest):
                continue
            size = context.store.size(layer.descriptor.digest)
            if size != layer.descriptor.size:
                raise ExportError(
                    f"layer {layer.descriptor.digest} has {size} bytes in the store, "
                    f"not {layer.descriptor.size}"
                )
