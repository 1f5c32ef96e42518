"""Manifests, indexes and platforms."""

import json

import pytest

from builder.oci import mediatypes, platform
from builder.oci.descriptor import Descriptor, InvalidDocument
from builder.oci.digest import Digest
from builder.oci.manifest import Index, Manifest, parse
from builder.oci.platform import Platform


def descriptor(os: str = "", arch: str = "", variant: str = "", **more: object) -> Descriptor:
    where = Platform(os, arch, variant) if os else None
    data = f"{os}{arch}{variant}{more}".encode()
    return Descriptor(mediatypes.OCI_MANIFEST, Digest.of(data), len(data), where)


def test_a_manifest_reads_back_as_it_was_written() -> None:
    manifest = Manifest(descriptor(), (descriptor("linux", "amd64"),), annotations={"b": "1"})
    assert parse(manifest.encode(), "") == manifest


def test_the_document_s_own_media_type_wins_over_the_header() -> None:
    index = Index((descriptor("linux", "arm64"),))
    assert parse(index.encode(), mediatypes.DOCKER_MANIFEST) == index


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b"[" * 100_000,
        json.dumps({"manifests": [], "layers": []}).encode(),
        json.dumps({"manifests": [], "config": {}}).encode(),
        json.dumps({"schemaVersion": 1, "fsLayers": []}).encode(),
        json.dumps({"layers": [], "config": {"digest": "x", "size": 1}}).encode(),
        json.dumps({"layers": [{"digest": "sha256:" + "0" * 64, "size": -1}]}).encode(),
    ],
)
def test_what_is_no_manifest_is_refused(document: bytes) -> None:
    with pytest.raises(InvalidDocument):
        parse(document, mediatypes.OCI_MANIFEST)


def test_an_index_gives_the_exact_platform_before_a_compatible_one() -> None:
    v7, v6 = descriptor("linux", "arm", "v7"), descriptor("linux", "arm", "v6")
    index = Index((v6, v7))
    assert index.select(Platform("linux", "arm", "v7")) == v7
    assert Index((v6,)).select(Platform("linux", "arm", "v7")) == v6
    assert Index((v7,)).select(Platform("linux", "arm", "v6")) is None


def test_an_attestation_is_never_the_image() -> None:
    attestation = Descriptor(
        mediatypes.OCI_MANIFEST,
        Digest.of(b"x"),
        1,
        Platform("unknown", "unknown"),
        {"vnd.docker.reference.type": "attestation-manifest"},
    )
    image = descriptor("linux", "amd64")
    assert Index((attestation, image)).select(Platform("linux", "amd64")) == image
    assert Index((attestation,)).select(Platform("linux", "amd64")) is None
    assert Index((attestation, image)).platforms() == (image.platform,)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("linux/amd64", Platform("linux", "amd64")),
        ("linux/x86_64", Platform("linux", "amd64")),
        ("linux/arm64/v8", Platform("linux", "arm64")),
        ("linux/arm", Platform("linux", "arm", "v7")),
        ("arm64", Platform("linux", "arm64")),
        ("Linux/AMD64", Platform("linux", "amd64")),
    ],
)
def test_a_platform_has_one_spelling(text: str, wanted: Platform) -> None:
    assert platform.parse(text) == wanted


@pytest.mark.parametrize("text", ["", "nonsense", "linux/", "a/b/c/d", "linux/amd 64"])
def test_what_is_no_platform_is_refused(text: str) -> None:
    with pytest.raises(platform.InvalidPlatform):
        platform.parse(text)
