"""Names and ids of the images of a local store, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from builder.engine.imagedetails import details, summary
from builder.engine.imagestore import (
    AmbiguousImage,
    ImageNotFound,
    ImageStore,
    NamedImage,
    open_images,
)
from builder.engine.state import StateError, open_state
from builder.exporters.image import store_bytes, store_index
from builder.oci import gojson, mediatypes
from builder.oci.descriptor import Descriptor
from builder.oci.manifest import Manifest
from builder.oci.platform import Platform
from builder.oci.reference import InvalidReference

LAYER = b"layer"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ImageStore]:
    with open_images(tmp_path / "state") as opened:
        yield opened


def image_in(store: ImageStore, architecture: str, created: str = "") -> Descriptor:
    """An image of one layer, which is in the store."""
    layer = store_bytes(store.content, LAYER, mediatypes.OCI_LAYER)
    config = {
        "architecture": architecture,
        "created": created,
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [str(layer.digest)]},
    }
    described = store_bytes(store.content, gojson.dumps(config), mediatypes.OCI_CONFIG)
    manifest = Manifest(described, (layer,))
    return store_bytes(store.content, manifest.encode(), mediatypes.OCI_MANIFEST)


def attestation_of(store: ImageStore, image: Descriptor) -> Descriptor:
    statement = store_bytes(store.content, b"{}", "application/vnd.in-toto+json")
    statement = replace(statement, annotations={"in-toto.io/predicate-type": "https://slsa"})
    config = store_bytes(store.content, b"{}", mediatypes.OCI_CONFIG)
    manifest = Manifest(config, (statement,))
    stored = store_bytes(store.content, manifest.encode(), mediatypes.OCI_MANIFEST)
    about = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": str(image.digest),
    }
    return replace(stored, annotations=about, platform=Platform("unknown", "unknown"))


def index_in(store: ImageStore) -> Descriptor:
    images = [
        replace(
            image_in(store, name, f"2026-01-0{day}T00:00:00Z"), platform=Platform("linux", name)
        )
        for day, name in enumerate(("amd64", "arm64"), 1)
    ]
    return store_index(store.content, [*images, attestation_of(store, images[0])])


@pytest.mark.parametrize(
    "text", ["app", "app:latest", "library/app", "docker.io/app", "docker.io/library/app:latest"]
)
def test_the_spellings_of_a_name_are_one(store: ImageStore, text: str) -> None:
    store.names.put("docker.io/library/app:latest", image_in(store, "amd64"))
    (found,) = store.find(text)
    assert found.familiar == "app:latest"


def test_an_id_is_of_the_index_or_of_a_config_and_finds_all_names(store: ImageStore) -> None:
    top = image_in(store, "amd64")
    for name in ("docker.io/library/a:1", "registry.example/b:1"):
        store.names.put(name, top)
    store.names.put("docker.io/library/other:1", image_in(store, "s390x"))
    config = details(store.content, store.all()[0]).images[0].manifest["config"]["digest"]
    for text in (str(top.digest), top.digest.hex[:12], config, config[:19]):
        assert [each.familiar for each in store.find(text)] == ["a:1", "registry.example/b:1"]
    (one,) = store.find(f"registry.example/b@{top.digest}")
    assert one.name == "registry.example/b:1"


def test_a_name_wins_over_an_id(store: ImageStore) -> None:
    top = image_in(store, "amd64")
    store.names.put("docker.io/library/x:1", top)
    head = top.digest.hex[:6]
    store.names.put(f"docker.io/library/{head}:latest", image_in(store, "arm64"))
    (found,) = store.find(head)
    assert found.familiar == f"{head}:latest"


def test_the_beginning_of_two_ids_is_refused(store: ImageStore) -> None:
    by_digit: dict[str, list[str]] = {}
    for number in range(17):
        top = image_in(store, f"arch{number}")
        by_digit.setdefault(top.digest.hex[0], []).append(f"n{number}:1")
        store.names.put(f"docker.io/library/n{number}:1", top)
    digit = next(digit for digit, names in by_digit.items() if len(names) > 1)
    with pytest.raises(AmbiguousImage) as caught:
        store.find(digit)
    assert by_digit[digit][0] in caught.value.hint


def test_what_is_not_there_is_told_with_what_is(store: ImageStore) -> None:
    for number in range(7):
        store.names.put(f"docker.io/library/app:{number}", image_in(store, "amd64"))
    with pytest.raises(ImageNotFound, match="no image app in the local store") as caught:
        store.find("app")
    assert caught.value.hint == "there is app:0, app:1, app:2, app:3, app:4 and 2 more"
    with pytest.raises(ImageNotFound) as caught:
        store.find("0" * 64)
    assert "image ls" in caught.value.hint
    with pytest.raises(InvalidReference):
        store.find("UPPER")


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("app", ["app:1", "app:2"]),
        ("app:2", ["app:2"]),
        ("app:*", ["app:1", "app:2"]),
        ("registry.example/*", ["registry.example/team/app:1"]),
        ("*/app", ["app:1", "app:2", "registry.example/team/app:1"]),
        ("docker.io/library/app", ["app:1", "app:2"]),
        ("ap", []),
    ],
)
def test_patterns_match_names_with_and_without_tag(
    store: ImageStore, pattern: str, wanted: list[str]
) -> None:
    top = image_in(store, "amd64")
    for name in ("docker.io/library/app:1", "docker.io/library/app:2"):
        store.names.put(name, top)
    store.names.put("registry.example/team/app:1", top)
    assert [each.familiar for each in store.matching(pattern)] == wanted


def test_a_summary_counts_each_blob_once(store: ImageStore) -> None:
    image = NamedImage("docker.io/library/app:1", index_in(store))
    found = summary(store.content, image)
    assert (found.platforms, found.fault) == (("linux/amd64", "linux/arm64"), "")
    assert found.created == "2026-01-02T00:00:00Z"
    assert found.size == sum(store.content.size(digest) for digest in store.content.digests())


def test_an_image_that_lost_a_document_has_a_fault_and_no_size(store: ImageStore) -> None:
    top = image_in(store, "amd64")
    store.content.delete(top.digest)
    found = summary(store.content, NamedImage("docker.io/library/app:1", top))
    assert (found.platforms, found.size) == ((), 0)
    assert str(top.digest) in found.fault


def test_details_have_layers_and_what_is_stated_of_each_image(store: ImageStore) -> None:
    found = details(store.content, NamedImage("docker.io/library/app:1", index_in(store)))
    assert found.index is not None
    first, second = found.images
    assert [each.predicates for each in first.attestations] == [("https://slsa",)]
    assert second.attestations == ()
    (layer,) = first.layers
    assert (layer.diff_id, layer.present) == (str(layer.descriptor.digest), True)
    store.content.delete(layer.descriptor.digest)
    again = details(store.content, NamedImage("docker.io/library/app:1", first.descriptor))
    assert (again.index, again.images[0].layers[0].present) == (None, False)


def test_nothing_is_collected_while_images_are_open(tmp_path: Path) -> None:
    with open_state(tmp_path, snapshotter="copy") as state:
        with open_images(tmp_path), state.alone() as alone:
            assert not alone
        with state.alone() as alone:
            assert alone


def test_another_schema_is_refused(tmp_path: Path) -> None:
    (tmp_path / "version").write_text("99\n")
    with pytest.raises(StateError, match="has schema"), open_images(tmp_path):
        pass


def test_a_database_that_is_none_is_an_error_of_the_state(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"no database" * 1000)
    with pytest.raises(StateError, match="cannot use the state directory"), open_images(tmp_path):
        pass
