"""A disk that is full fails the build that filled it, in one line, and hurts no other."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fixtures.builds import COMMAND, Builds, Ended, serve_base
from tests.fixtures.soundness import is_sound

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.root]

SMALL = 24 << 20
"""Bytes of the disk of a state directory: room for a base image and little else."""


@pytest.fixture
def base(tmp_path: Path) -> Iterator[str]:
    server, base = serve_base(tmp_path)
    with server:
        yield base


@contextmanager
def disk(path: Path, size: int) -> Iterator[Path]:
    """A file system of its own, ext4 in a file: it runs out of space as real ones do."""
    image = path.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", image], check=True)
    path.mkdir(parents=True)
    subprocess.run(["mount", "-o", "loop", image, path], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)


def full(ended: Ended) -> None:
    assert ended.code == 1, ended.text
    assert "no space left" in ended.text.lower() or "is full" in ended.text, ended.text
    assert "Traceback" not in ended.text
    assert "internal error" not in ended.text


def works(builds: Builds) -> None:
    image = builds.image(builds.context("FROM BASE\nCOPY f /f\nRUN echo ran >/r\n", f="x"))
    assert (image.read("f"), image.read("r")) == (b"x", b"ran\n")
    is_sound(builds.root)


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM BASE\nRUN --mount=type=cache,target=/c dd if=/dev/zero of=/c/big bs=1M count=40\n",
        "FROM BASE\nCOPY big /big\n",
        "FROM BASE\nRUN head -c 9000000 /dev/urandom >/a\nRUN head -c 9000000 /dev/urandom >/b\n",
    ],
    ids=["cache", "copy", "layers"],
)
def test_a_build_that_fills_the_disk_fails_and_the_next_one_works(
    tmp_path: Path, base: str, dockerfile: str
) -> None:
    other = Builds(tmp_path / "other", base)
    other.directory.mkdir()
    with disk(tmp_path / "state", SMALL):
        builds = Builds(tmp_path, base)
        context = builds.context(dockerfile, big=bytes(40 << 20))
        (builds.directory / "out").mkdir()
        full(builds.run("-o", f"type=oci,dest={tmp_path / 'out' / 'image.tar'}", context))
        assert list((tmp_path / "out").iterdir()) == []
        works(other)
        prune = [*COMMAND, "cache", "prune", "--all", "--root", str(builds.root)]
        done = subprocess.run(prune, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        works(builds)


def test_an_archive_that_does_not_fit_leaves_nothing_in_its_place(
    tmp_path: Path, base: str
) -> None:
    builds = Builds(tmp_path, base)
    context = builds.context("FROM BASE\nCOPY big /big\n", big=bytes(range(256)) * 4000)
    with disk(tmp_path / "small", 1 << 20) as small:
        for output in ("type=oci,dest={}/image.tar", "type=tar,dest={}/tree.tar"):
            ended = builds.run("-o", output.format(small), context)
            full(ended)
            assert str(small) in ended.stderr
            assert [path.name for path in small.iterdir()] == ["lost+found"]
        full(builds.run("-o", f"type=local,dest={small}/tree", context))
        full(builds.run("-o", f"type=oci,tar=false,dest={small}/layout", context))
        assert not (small / "layout" / "index.json").exists()
    works(builds)


@pytest.mark.parametrize("free", [0, 40_000, 1_500_000])
def test_a_disk_with_hardly_any_space_fails_wherever_it_runs_out(
    tmp_path: Path, base: str, free: int
) -> None:
    """Of the databases, the log of the sandbox, the pulled image: whatever comes first."""
    with disk(tmp_path / "state", SMALL):
        builds = Builds(tmp_path, base)
        ballast = builds.root / "ballast"
        with ballast.open("wb") as file:
            room = SMALL
            while room >= 4096:
                try:
                    file.write(bytes(room))
                    file.flush()
                except OSError:
                    room //= 2
            file.truncate(max(0, file.tell() - free))
        context = builds.context("FROM BASE\nCOPY f /f\nRUN echo ran >/r\n", f=bytes(300_000))
        full(builds.run("-o", "type=oci,dest=/dev/null", context))
        assert not (builds.root / "snapshots" / "copy").exists()
        ballast.unlink()
        works(builds)
