"""``--cache-to`` and ``--cache-from`` as buildx takes them."""

from __future__ import annotations

import pytest

from builder.cache.options import CacheOptionError, parse_export, parse_import


def test_an_import_without_a_type_is_a_reference() -> None:
    option = parse_import("registry.example/app:cache")
    assert (option.type, str(option.reference)) == ("registry", "registry.example/app:cache")


def test_a_reference_without_a_tag_is_that_of_latest() -> None:
    assert parse_export("type=registry,ref=registry.example/app").reference.tag == "latest"


def test_docker_types_have_the_older_manifest() -> None:
    option = parse_export("type=local,dest=/tmp/x,oci-mediatypes=false")
    assert option.docker_types
    assert not option.image_manifest
    assert parse_export("type=local,dest=/tmp/x").image_manifest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("type=gha", "private service"),
        ("type=s3,bucket=b", "Amazon"),
        ("type=azblob", "Azure"),
        ("type=tape", "unknown cache type"),
        ("ref=registry.example/app", "type is required"),
        ("type=registry", "requires ref"),
        ("type=registry,ref=UPPER", "ref=UPPER"),
        ("type=registry,ref=registry.example/a,mode=all", "mode is min or max"),
        ("type=registry,ref=registry.example/a,compression=estargz", "estargz"),
        ("type=registry,ref=registry.example/a,ignore-error=perhaps", "no boolean"),
        ("type=registry,ref=registry.example/a,colour=red", "'colour'"),
        (
            "type=local,dest=d,oci-mediatypes=false,image-manifest=true",
            "OCI mediatypes are required",
        ),
        ("type=local", "requires dest"),
        ("type=local,dest", "invalid value dest"),
    ],
)
def test_an_export_that_makes_no_sense_is_refused(text: str, said: str) -> None:
    with pytest.raises(CacheOptionError, match=said):
        parse_export(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("type=inline", "unknown cache type"),
        ("type=local", "requires src"),
        ("type=local,src=x,digest=sha256:1", "invalid digest"),
        ("type=local,src=x,mode=max", "'mode'"),
    ],
)
def test_an_import_that_makes_no_sense_is_refused(text: str, said: str) -> None:
    with pytest.raises(CacheOptionError, match=said):
        parse_import(text)


def test_an_inline_cache_is_imported_from_its_image() -> None:
    with pytest.raises(CacheOptionError) as caught:
        parse_import("type=inline")
    assert "type=registry,ref=IMAGE" in caught.value.hint
