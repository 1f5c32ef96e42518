"""Exports from end to end: what is written, pushed, named and said."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from builder.content.store import ContentStore
from builder.events import Event, StatusEvent, VertexEvent
from builder.exporters import ExportContext, ExportError, ExportInput, parse
from builder.exporters.export import export
from builder.exporters.image import store_bytes
from builder.exporters.types import PlatformImage
from builder.oci import mediatypes
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.oci.platform import Platform
from builder.oci.reference import Reference
from tests.unit.builder.exporters.conftest import MakeImage

ARM64 = Platform("linux", "arm64")


class MissingBlobError(Exception):
    """A manifest came before a blob that it names."""


class Registry:
    """Takes pushes, in memory, and refuses a manifest before what it names."""

    def __init__(self, fail: str = "") -> None:
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[str, bytes] = {}
        self.order: list[str] = []
        self.mounts: dict[str, tuple[str, ...]] = {}
        self.fail = fail

    async def push_blob(
        self,
        reference: Reference,
        descriptor: Descriptor,
        content: Callable[[], AsyncIterator[bytes]],
        *,
        mount_from: Sequence[str] = (),
    ) -> bool:
        if descriptor.digest == self.fail:
            raise ExportError("no room")
        data = b"".join([chunk async for chunk in content()])
        assert len(data) == descriptor.size
        self.blobs[str(descriptor.digest)] = data
        self.mounts[str(descriptor.digest)] = tuple(mount_from)
        return True

    async def push_manifest(self, reference: Reference, data: bytes, media_type: str) -> Descriptor:
        document = json.loads(data)
        for child in document.get("manifests", ()):
            assert child["digest"] in self.manifests
        for blob in (*document.get("layers", ()), *filter(None, [document.get("config")])):
            if blob["digest"] not in self.blobs:
                raise MissingBlobError(blob["digest"])
        target = reference.target
        self.manifests[target] = data
        self.order.append(target)
        return Descriptor(media_type, Digest.of(data), len(data))


async def exported(
    text: str, context: ExportContext, *images: PlatformImage, **more: object
) -> tuple[dict[str, str], list[Event]]:
    events: list[Event] = []
    result = ExportInput(images, **more)  # type: ignore[arg-type]
    done = await export(parse(text), context, result, events.append)
    return dict(done.response), events


def names(events: list[Event]) -> list[str]:
    """The status lines, each at its start."""
    return list(dict.fromkeys(event.id for event in events if isinstance(event, StatusEvent)))


async def test_an_image_is_named_in_the_store(store: ContentStore, make_image: MakeImage) -> None:
    tags: dict[str, Descriptor] = {}
    context = ExportContext(store, tag=tags.__setitem__)
    response, events = await exported("type=image,name=a:1", context, make_image())
    digest = response["containerimage.digest"]
    assert {name: str(d.digest) for name, d in tags.items()} == {"docker.io/library/a:1": digest}
    assert response["image.name"] == "docker.io/library/a:1"
    described = json.loads(base64.b64decode(response["containerimage.descriptor"]))
    assert described["digest"] == digest
    assert names(events) == [
        "exporting layers",
        f"exporting manifest {digest}",
        f"exporting config {response['containerimage.config.digest']}",
        "naming to docker.io/library/a:1",
    ]
    first, last = events[0], events[-1]
    assert isinstance(first, VertexEvent)
    assert isinstance(last, VertexEvent)
    assert first.name == "exporting to image"
    assert first.digest.startswith("sha256:e8c613e07b0b7ff3")
    assert last.completed
    assert not last.error


async def test_a_push_sends_blobs_then_children_then_the_name(
    store: ContentStore, make_image: MakeImage
) -> None:
    registry = Registry()
    context = ExportContext(store, pusher=registry)
    response, events = await exported(
        "type=registry,name=example.com/b/c:2", context, make_image(), make_image(ARM64)
    )
    assert registry.order[-1] == "2"
    assert len(registry.order) == 3
    assert all(target.startswith("sha256:") for target in registry.order[:-1])
    digest = response["containerimage.digest"]
    assert names(events)[-3:] == [
        f"exporting manifest list {digest}",
        "pushing layers",
        f"pushing manifest for example.com/b/c:2@{digest}",
    ]
    index = json.loads(registry.manifests["2"])
    assert [m["platform"]["architecture"] for m in index["manifests"]] == ["amd64", "arm64"]


async def test_a_push_by_digest_writes_no_tag(store: ContentStore, make_image: MakeImage) -> None:
    registry = Registry()
    context = ExportContext(store, pusher=registry)
    text = "type=image,push=true,push-by-digest=true,name=example.com/b/c"
    response, _ = await exported(text, context, make_image())
    assert registry.order == [response["containerimage.digest"]]


async def test_a_push_offers_repositories_of_the_same_registry_for_mounts(
    store: ContentStore, make_image: MakeImage
) -> None:
    image = make_image()
    pulled = replace(
        image.layers[0],
        repositories=("example.com/base/x", "elsewhere.example/base/x", "example.com/b/c"),
    )
    registry = Registry()
    context = ExportContext(store, pusher=registry)
    await exported(
        "type=registry,name=example.com/b/c:2", context, replace(image, layers=(pulled,))
    )
    assert registry.mounts[str(pulled.descriptor.digest)] == ("base/x",)


async def test_a_push_that_fails_says_why_and_pushes_no_manifest(
    store: ContentStore, make_image: MakeImage
) -> None:
    image = make_image(None, "one", "two")
    registry = Registry(fail=str(image.layers[1].descriptor.digest))
    events: list[Event] = []
    with pytest.raises(ExportError, match="no room"):
        await export(
            parse("type=registry,name=example.com/b/c:2"),
            ExportContext(store, pusher=registry),
            ExportInput((image,)),
            events.append,
        )
    assert registry.order == []
    assert isinstance(events[-1], VertexEvent)
    assert events[-1].error == "no room"


async def test_foreign_layers_are_not_pushed(store: ContentStore, make_image: MakeImage) -> None:
    image = make_image()
    foreign = replace(
        image.layers[0].descriptor,
        media_type=mediatypes.DOCKER_LAYER_FOREIGN_GZIP,
        urls=("https://elsewhere.example/layer",),
    )
    registry = Registry()
    with pytest.raises(MissingBlobError, match=foreign.digest):  # it asks for every layer
        await exported(
            "type=registry,oci-mediatypes=false,name=example.com/b/c:2",
            ExportContext(store, pusher=registry),
            replace(image, layers=(replace(image.layers[0], descriptor=foreign),)),
        )
    assert foreign.digest not in registry.blobs


async def test_an_archive_is_written_to_a_file_or_to_standard_output(
    store: ContentStore, make_image: MakeImage, tmp_path: Path
) -> None:
    stdout = io.BytesIO()
    context = ExportContext(store, stdout=stdout, epoch=1)
    image = make_image()
    _, events = await exported("type=oci,dest=-,name=a:1", context, image)
    await exported(f"type=oci,dest={tmp_path}/x.tar,name=a:1", context, image)
    assert (tmp_path / "x.tar").read_bytes() == stdout.getvalue()
    assert names(events)[-1] == "sending tarball"
    with pytest.raises(ExportError, match="dest file is required for oci exporter"):
        await exported("type=oci", replace(context, stdout=None), image)


@pytest.mark.parametrize("kind", ["image,name=a:1", "oci,dest=-", "docker,dest=-"])
@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("", mediatypes.OCI_MANIFEST),
        (",oci-mediatypes=true", mediatypes.OCI_MANIFEST),
        (",oci-mediatypes=false", mediatypes.DOCKER_MANIFEST),
    ],
)
async def test_every_image_has_the_media_types_asked_for(
    store: ContentStore, make_image: MakeImage, kind: str, asked: str, wanted: str
) -> None:
    context = ExportContext(store, stdout=io.BytesIO())
    image = ExportInput((make_image(),))
    made = await export(parse(f"type={kind}{asked}"), context, image, lambda _: None)
    assert made.descriptor is not None
    assert made.descriptor.media_type == wanted


async def test_dockers_archive_refuses_several_platforms(
    store: ContentStore, make_image: MakeImage
) -> None:
    context = ExportContext(store, stdout=io.BytesIO())
    with pytest.raises(ExportError, match="manifest lists"):
        await exported("type=docker", context, make_image(), make_image(ARM64))
    assert context.stdout is not None


async def test_an_attestation_makes_an_index_that_has_it_last(
    store: ContentStore, make_image: MakeImage, tmp_path: Path
) -> None:
    async def attest(image: PlatformImage, manifest: Descriptor) -> Descriptor | None:
        document = {"config": manifest.to_json(), "layers": []}
        made = store_bytes(store, json.dumps(document).encode(), mediatypes.OCI_MANIFEST)
        return replace(made, annotations={"vnd.docker.reference.digest": str(manifest.digest)})

    context = ExportContext(store)
    response, events = await exported("type=image", context, make_image(), attest=attest)
    described = json.loads(base64.b64decode(response["containerimage.descriptor"]))
    assert described["mediaType"] == mediatypes.OCI_INDEX
    assert any(name.startswith("exporting attestation manifest sha256:") for name in names(events))
    stdout = io.BytesIO()
    _, events = await exported(
        "type=docker", replace(context, stdout=stdout), make_image(), attest=attest
    )
    assert not any("attestation" in name for name in names(events))


async def test_trees_are_split_by_platform(
    store: ContentStore, make_image: MakeImage, tmp_path: Path
) -> None:
    context = ExportContext(store)
    _, events = await exported(f"{tmp_path}/one", context, make_image())
    (done,) = [e for e in events if isinstance(e, StatusEvent) and e.completed is not None]
    assert (done.id, done.current) == ("copying files", len("amd64"))
    assert (tmp_path / "one" / "file").read_text() == "amd64"
    _, events = await exported(f"{tmp_path}/two", context, make_image(), make_image(ARM64))
    assert names(events) == ["copying files linux/amd64", "copying files linux/arm64"]
    assert (tmp_path / "two" / "linux_arm64" / "file").read_text() == "arm64"
    text = f"type=local,dest={tmp_path}/three,platform-split=true"
    await exported(text, context, make_image())
    assert (tmp_path / "three" / "linux_amd64" / "file").exists()


async def test_a_layer_that_is_cut_in_the_store_is_noticed_before_anything_is_written(
    store: ContentStore, make_image: MakeImage, tmp_path: Path
) -> None:
    image = make_image()
    store.path(image.layers[0].descriptor.digest).write_bytes(b"cut")
    with pytest.raises(ExportError, match="has 3 bytes in the store"):
        await exported(f"type=oci,dest={tmp_path}/x.tar", ExportContext(store), image)
    assert not (tmp_path / "x.tar").exists()


async def test_annotations_go_where_they_were_asked_for(
    store: ContentStore, make_image: MakeImage, tmp_path: Path
) -> None:
    dest = tmp_path / "layout"
    text = (
        f"type=oci,dest={dest},tar=false,name=a:1,annotation.all=1,annotation[linux/arm64].arm=2,"
        "annotation[linux/arm64].all=3,annotation-manifest-descriptor.d=4,annotation-index.i=5,"
        "annotation-index-descriptor.t=6"
    )
    await exported(text, ExportContext(store), make_image(), make_image(ARM64))
    (entry,) = json.loads((dest / "index.json").read_bytes())["manifests"]
    assert entry["annotations"]["t"] == "6"
    assert entry["annotations"]["io.containerd.image.name"] == "docker.io/library/a:1"

    def document(digest: str) -> dict[str, object]:
        loaded: dict[str, object] = json.loads((dest / "blobs/sha256" / digest[7:]).read_bytes())
        return loaded

    index = document(entry["digest"])
    assert index["annotations"] == {"i": "5"}
    amd64, arm64 = index["manifests"]  # type: ignore[misc]
    assert amd64["annotations"] == arm64["annotations"] == {"d": "4"}
    assert document(amd64["digest"])["annotations"] == {"all": "1"}
    assert document(arm64["digest"])["annotations"] == {"all": "3", "arm": "2"}


async def test_annotations_of_an_index_need_an_index(
    store: ContentStore, make_image: MakeImage
) -> None:
    with pytest.raises(ExportError, match="index annotations not supported for single platform"):
        await exported("type=image,annotation-index.a=b", ExportContext(store), make_image())


async def test_the_epoch_of_the_output_wins(
    store: ContentStore, make_image: MakeImage, tmp_path: Path
) -> None:
    text = f"type=local,dest={tmp_path}/out,source-date-epoch=7"
    await exported(text, ExportContext(store, epoch=9), make_image())
    assert (tmp_path / "out" / "file").stat().st_mtime == 7


async def test_canonical_names_have_the_digest(store: ContentStore, make_image: MakeImage) -> None:
    tags: dict[str, Descriptor] = {}
    context = ExportContext(store, tag=tags.__setitem__)
    text = 'type=image,"name=a:1,a:2",name-canonical=true'
    response, _ = await exported(text, context, make_image())
    assert list(tags) == [
        "docker.io/library/a:1",
        "docker.io/library/a:2",
        f"docker.io/library/a@{response['containerimage.digest']}",
    ]
