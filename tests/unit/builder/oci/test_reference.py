"""References and digests: what is one, what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.oci.digest import Digest, InvalidDigest
from builder.oci.reference import InvalidReference, parse

HEX = "a" * 64


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("foo/bar:1", "docker.io/foo/bar:1", "foo/bar:1"),
        ("index.docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("docker.io/library/x/y", "docker.io/library/x/y:latest", "library/x/y:latest"),
        ("localhost/x", "localhost/x:latest", "localhost/x:latest"),
        ("localhost:5000/a/b:V1.0_x", "localhost:5000/a/b:V1.0_x", "localhost:5000/a/b:V1.0_x"),
        ("[::1]:5000/x", "[::1]:5000/x:latest", "[::1]:5000/x:latest"),
        ("Host/x", "Host/x:latest", "Host/x:latest"),
        (f"x@sha256:{HEX}", f"docker.io/library/x@sha256:{HEX}", f"x@sha256:{HEX}"),
        (f"x:1@sha256:{HEX}", f"docker.io/library/x:1@sha256:{HEX}", f"x:1@sha256:{HEX}"),
    ],
)
def test_a_reference_is_normalised_as_docker_does(text: str, full: str, familiar: str) -> None:
    reference = parse(text)
    assert str(reference) == full
    assert reference.familiar() == familiar
    assert parse(full) == reference


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "invalid reference format"),
        ("a b", "invalid reference format"),
        ("docker.io/Foo", "repository name (library/Foo) must be lowercase"),
        ("x:", "invalid reference format"),
        ("x:-tag", "invalid reference format"),
        ("x/", "invalid reference format"),
        ("/x", "invalid reference format"),
        ("https://x/y", "invalid reference format"),
        (HEX, "cannot specify 64-byte hexadecimal strings"),
        ("x@sha256:abc", "invalid reference format"),
        ("x@sha256:" + "a" * 40, "invalid checksum digest length"),
        ("a/" * 128 + "b", "must not be more than 255 characters"),
    ],
)
def test_what_is_no_reference_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        parse(text)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=80))
def test_any_text_is_a_reference_or_an_invalid_reference(text: str) -> None:
    try:
        reference = parse(text)
    except InvalidReference:
        return
    assert parse(str(reference)) == reference


def test_a_digest_names_the_bytes() -> None:
    digest = Digest.of(b"")
    assert digest == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest.algorithm == "sha256"


@pytest.mark.parametrize("text", ["", "sha256:", "sha256:" + "A" * 64, "md5:" + "a" * 32, HEX])
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(InvalidDigest):
        Digest(text)
