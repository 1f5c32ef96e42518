"""Paths of a Dockerfile, for Linux and for Windows."""

from __future__ import annotations

import pytest

from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.paths import absolute, base, is_absolute, normalized, workdir


@pytest.mark.parametrize(
    ("path", "destination"),
    [
        ("b\\", "/app/b"),
        ("bc\\", "/app/bc/"),
        ("C:\\x\\", "/x/"),
        ("c:x", "/app/x"),
        ("/y/.", "/y"),
        (".", "/app/"),
        ("", "/app/"),
        ("..\\up", "/up"),
    ],
)
def test_a_destination_for_windows(path: str, destination: str) -> None:
    assert normalized("/app", path, keep_slash=True, os="windows") == destination


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("C:", 'No relative path specified in "C:"'),
        ("D:\\x", "The specified path is not on the system drive (C:)"),
        ("\\\\host\\share", "UNC paths are not supported"),
    ],
)
def test_what_windows_images_have_no_place_for(path: str, why: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        normalized("/", path, keep_slash=True, os="windows")
    assert str(caught.value) == f"removing drive letter: {why}"
    with pytest.raises(DockerfileError, match="normalizing workdir: normalizing working directory"):
        workdir("/", path, "windows")
    assert not is_absolute(path, "windows")


def test_an_absolute_path_for_linux_stays_as_it_is_written() -> None:
    assert absolute("/a//b/..", "linux") == "/a//b/.."
    assert absolute("a//b/..", "linux") == "/a"
    assert workdir("/w", "/a//b/", "linux") == "/a//b/"
    assert workdir("/w", "C:\\a", "linux") == "/w/C:\\a"
    assert workdir("\\w", "C:\\a", "windows") == "/a"
    assert workdir("C:\\w", "a", "windows") == "/w/a"


def test_the_last_part_of_a_path_as_in_go() -> None:
    assert [base(path) for path in ("", "/", "//", "a/b/", "a", "..", ".")] == [
        *(".", "/", "/", "b", "a", "..", ".")
    ]
