"""Files of another root are found inside of it, wherever its links point."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.transport.rooted import inside, read_regular


def test_links_and_dots_never_lead_out(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/absolute").symlink_to("/srv/file")
    (root / "etc/up").symlink_to("../../../../srv/file")
    assert inside(root, "/etc/absolute") == root / "srv/file"
    assert inside(root, "etc/up") == root / "srv/file"
    assert inside(root, "/../../etc/./none") == root / "etc/none"
    assert inside(Path("/"), "/etc/none") == Path("/etc/none")


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("/two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(OSError, match="symbolic links"):
        inside(tmp_path, "/one")


def test_only_regular_files_are_read_and_no_more_than_asked(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    os.mkfifo(tmp_path / "pipe")
    assert read_regular(tmp_path, "/file", 4) == b"cont"
    with pytest.raises(OSError, match="not a regular file"):
        read_regular(tmp_path, "/pipe", 4)
    with pytest.raises(IsADirectoryError):
        read_regular(tmp_path, "/", 4)


def test_what_is_not_read_is_closed(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(IsADirectoryError):
        read_regular(tmp_path, "/directory", 100)
    with pytest.raises(OSError, match="not a regular file"):
        read_regular(tmp_path, "/pipe", 100)
    assert len(os.listdir("/proc/self/fd")) == before
