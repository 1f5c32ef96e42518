"""Config, manifest and index are byte for byte what BuildKit 0.32 wrote for the same build."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from builder.content.store import ContentStore
from builder.exporters import image as images
from builder.exporters import layout
from builder.exporters.types import Layer, PlatformImage
from builder.oci import mediatypes
from builder.oci.descriptor import Descriptor
from builder.oci.digest import Digest
from builder.oci.platform import Platform

GOLDEN = Path(__file__).parent / "golden"
EPOCH = 1700000000
AMD64 = Platform("linux", "amd64")
NANO = 10**9


def golden_image() -> PlatformImage:
    """The parts that the golden image was made of; the times of the build are left out."""
    config = json.loads((GOLDEN / "config.json").read_bytes())
    manifest = json.loads((GOLDEN / "manifest.json").read_bytes())
    layers = tuple(
        Layer(
            Descriptor(
                descriptor["mediaType"],
                Digest(descriptor["digest"]),
                descriptor["size"],
                annotations={
                    **descriptor.get("annotations", {}),
                    "containerd.io/uncompressed": diff_id,
                    "buildkit/createdat": "2026-11-24T02:26:50Z",
                    "containerd.io/distribution.source.example.com": "base",
                },
            ),
            Digest(diff_id),
            created=1795487212 * NANO,
        )
        for descriptor, diff_id in zip(
            manifest["layers"], config["rootfs"]["diff_ids"], strict=True
        )
    )
    history = [dict(entry) for entry in config["history"]]
    for entry in history[1:]:
        del entry["created"]
    made = {"history": history, "config": config["config"]}
    return PlatformImage(AMD64, made, layers, lambda: contextlib.nullcontext(Path()), 1)


def test_the_config_is_equal_to_buildkits() -> None:
    assert images.config_json(golden_image(), EPOCH) == (GOLDEN / "config.json").read_bytes()


def test_the_manifest_is_equal_to_buildkits(store: ContentStore) -> None:
    stored = images.store_image(store, golden_image(), epoch=EPOCH)
    expected = (GOLDEN / "manifest.json").read_bytes()
    assert store.read(stored.manifest.digest, 1 << 20) == expected
    assert str(stored.manifest.digest).startswith("sha256:645ed8ed8f3ee02f")
    assert stored.manifest.platform == AMD64


def test_the_index_of_an_archive_is_equal_to_buildkits(store: ContentStore) -> None:
    stored = images.store_image(store, golden_image(), epoch=EPOCH)
    entries = layout.index_entries(stored.manifest, ["example.com/a:1"], EPOCH)
    assert layout._compact_index(entries) == (GOLDEN / "index.json").read_bytes()


def test_docker_types_have_no_layer_annotations(store: ContentStore) -> None:
    stored = images.store_image(store, golden_image(), docker_types=True)
    manifest = json.loads(store.read(stored.manifest.digest, 1 << 20))
    assert manifest["mediaType"] == mediatypes.DOCKER_MANIFEST
    assert manifest["config"]["mediaType"] == mediatypes.DOCKER_CONFIG
    kinds = [layer["mediaType"] for layer in manifest["layers"]]
    assert kinds == [mediatypes.DOCKER_LAYER_GZIP] + [mediatypes.DOCKER_LAYER] * 3
    assert not any("annotations" in layer for layer in manifest["layers"])


def test_layers_of_a_docker_base_become_oci_in_an_oci_image(store: ContentStore) -> None:
    image = golden_image()
    docker = replace(image.layers[0].descriptor, media_type=mediatypes.DOCKER_LAYER_GZIP)
    image = replace(image, layers=(replace(image.layers[0], descriptor=docker), *image.layers[1:]))
    stored = images.store_image(store, image)
    manifest = json.loads(store.read(stored.manifest.digest, 1 << 20))
    assert manifest["layers"][0]["mediaType"] == mediatypes.OCI_LAYER_GZIP


def history_of(config: dict[str, Any], count: int, epoch: int | None = None) -> dict[str, Any]:
    layers = tuple(
        Layer(
            Descriptor(mediatypes.OCI_LAYER, Digest.of(bytes([n])), 1),
            Digest.of(bytes([n])),
            created=(1000 + n) * NANO + 500_000_000,
            description=f"step {n}",
        )
        for n in range(count)
    )
    image = PlatformImage(AMD64, config, layers, lambda: contextlib.nullcontext(Path()))
    document: dict[str, Any] = json.loads(images.config_json(image, epoch))
    return document


def test_layers_without_history_get_entries_of_the_exporter() -> None:
    document = history_of({}, 2)
    assert document["history"] == [
        {
            "created": f"1970-01-01T00:16:4{n}.5Z",
            "created_by": f"step {n}",
            "comment": "buildkit.exporter.image.v0",
        }
        for n in range(2)
    ]
    assert document["created"] == "1970-01-01T00:16:41.5Z"
    assert document["config"] == {}


def test_entries_without_a_time_take_that_of_the_next_new_layer_or_the_last() -> None:
    history = [
        {"created": "1960-01-01T00:00:00Z", "created_by": "base"},
        {"created_by": "ENV", "empty_layer": True},
        {"created_by": "RUN"},
        {"created_by": "CMD", "empty_layer": True},
    ]
    document = history_of({"history": history}, 2)
    assert [entry["created"] for entry in document["history"]] == [
        "1960-01-01T00:00:00Z",
        "1970-01-01T00:16:41.5Z",
        "1970-01-01T00:16:41.5Z",
        "1970-01-01T00:16:41.5Z",
    ]


def test_a_history_that_counts_too_many_layers_is_mended() -> None:
    history = [{"created_by": "a"}, {"created_by": "b"}]
    document = history_of({"history": history}, 1)
    assert [entry.get("empty_layer", False) for entry in document["history"]] == [False, True]


def test_an_image_without_any_time_has_none() -> None:
    image = PlatformImage(
        AMD64,
        {"history": [{"created_by": "ENV A=b", "empty_layer": True}]},
        (),
        lambda: contextlib.nullcontext(Path()),
    )
    document = json.loads(images.config_json(image))
    assert "created" not in document
    assert document["history"] == [{"created_by": "ENV A=b", "empty_layer": True}]


def test_keys_of_the_base_are_kept_in_order_and_the_platform_is_ours() -> None:
    config = {
        "variant": "v7",
        "docker_version": "1",
        "container": "c",
        "os": "plan9",
        "author": "me",
    }
    document = history_of(config, 1)
    keys = list(document)
    assert keys == sorted(keys)
    assert document["os"] == "linux"
    assert "variant" not in document
    assert document["docker_version"] == "1"


def test_the_epoch_bounds_new_times_and_leaves_earlier_ones() -> None:
    history = [{"created": "1960-01-01T00:00:00Z", "created_by": "old"}, {"created_by": "new"}]
    document = history_of({"history": history}, 2, epoch=5)
    assert [entry["created"] for entry in document["history"]] == [
        "1960-01-01T00:00:00Z",
        "1970-01-01T00:00:05Z",
    ]
    assert document["created"] == "1970-01-01T00:00:05Z"


def test_text_is_escaped_as_go_escapes_it() -> None:
    image = golden_image()
    image = replace(image, config={**image.config, "author": "<a&b>"})
    assert b'"author":"\\u003ca\\u0026b\\u003e"' in images.config_json(image)


@pytest.mark.parametrize("docker", [True, False])
def test_an_index_names_its_platforms(store: ContentStore, docker: bool) -> None:
    stored = images.store_image(store, golden_image(), docker_types=docker)
    top = images.store_index(store, [stored.manifest], docker_types=docker)
    index = json.loads(store.read(top.digest, 1 << 20))
    assert index["manifests"][0]["platform"] == {"architecture": "amd64", "os": "linux"}
    assert top.media_type == (mediatypes.DOCKER_INDEX if docker else mediatypes.OCI_INDEX)
