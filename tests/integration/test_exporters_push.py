"""Images are pushed to a real registry, and other programs read them there."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import tarfile
from pathlib import Path
from urllib.parse import unquote

import pytest

from builder.content.store import ContentStore
from builder.events import Event, StatusEvent
from builder.exporters import ExportContext, ExportInput, Layer, PlatformImage, parse
from builder.exporters.export import export
from builder.oci import mediatypes
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.oci.platform import Platform
from builder.registry import Session
from tests.fixtures.images import registry

pytestmark = pytest.mark.integration


def image(store: ContentStore, architecture: str, *, pulled_from: str = "") -> PlatformImage:
    """One layer that all architectures share, and one of its own."""
    layers = []
    for name in ("shared", architecture):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            entry = tarfile.TarInfo(name)
            entry.size = 200_000
            tar.addfile(entry, io.BytesIO(name.encode().ljust(200_000)))
        data = buffer.getvalue()
        with store.writer() as writer:
            writer.write(data)
            blob = writer.commit()
        origin = (pulled_from,) if pulled_from and name == "shared" else ()
        described = Descriptor(mediatypes.OCI_LAYER, blob.digest, blob.size)
        layers.append(Layer(described, Digest.of(data), created=0, repositories=origin))
    return PlatformImage(
        Platform("linux", architecture), {}, tuple(layers), lambda: contextlib.nullcontext(Path())
    )


async def pushed(store: ContentStore, name: str, *images: PlatformImage) -> tuple[str, list[str]]:
    """The digest, and the lines of progress."""
    events: list[Event] = []
    session = Session(environ={})
    try:
        context = ExportContext(store, pusher=session)
        output = parse(f"type=registry,name={name}")
        done = await export(output, context, ExportInput(images), events.append)
    finally:
        await session.aclose()
    lines = [e.id for e in events if isinstance(e, StatusEvent) and e.completed is not None]
    return done.response["containerimage.digest"], lines


def skopeo(*arguments: str) -> bytes:
    done = subprocess.run(["skopeo", *arguments], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


async def test_every_platform_arrives_whole(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "content")
    with registry(tmp_path / "registry") as address:
        name = f"{address}/team/app:1"
        digest, lines = await pushed(store, name, image(store, "amd64"), image(store, "arm64"))
        raw = skopeo("inspect", "--tls-verify=false", "--raw", f"docker://{name}")
        copy = ("copy", "--quiet", "--all", "--preserve-digests", "--src-tls-verify=false")
        skopeo(*copy, f"docker://{name}", f"dir:{tmp_path}/copy")
    assert Digest.of(raw) == digest
    assert lines[-2:] == ["pushing layers", f"pushing manifest for {name}@{digest}"]
    assert len(json.loads(raw)["manifests"]) == 2


async def test_a_layer_of_another_repository_is_mounted_and_not_sent(tmp_path: Path) -> None:
    store = ContentStore(tmp_path / "content")
    with registry(tmp_path / "registry") as address:
        await pushed(store, f"{address}/base/image:1", image(store, "amd64"))
        one = image(store, "arm64", pulled_from=f"{address}/base/image")
        await pushed(store, f"{address}/team/app:1", one)
    log = (tmp_path / "registry" / "log").read_text()
    shared = one.layers[0].descriptor.digest
    mounts = [unquote(line) for line in log.splitlines() if "POST" in line and "mount=" in line]
    assert any(f"mount={shared}" in line and "from=base/image" in line for line in mounts)
    sent = [line for line in log.splitlines() if "PUT /v2/team/app/blobs" in line]
    assert not any(shared.hex in line for line in sent)
