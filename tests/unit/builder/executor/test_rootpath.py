"""Paths inside an image are resolved as if by a process that lives in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.executor.rootpath import inside, read_regular, resolve
from builder.executor.types import ExecutorError


def test_an_absolute_link_starts_at_the_root_again(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "etc").symlink_to("/data")
    assert resolve(tmp_path, "/etc/passwd") == tmp_path / "data" / "passwd"


def test_dots_and_links_with_dots_stop_at_the_root(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("../../../../etc")
    assert resolve(tmp_path, "/out/shadow") == tmp_path / "etc" / "shadow"
    assert resolve(tmp_path, "/../../etc") == tmp_path / "etc"


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(ExecutorError, match="too many links"):
        resolve(tmp_path, "/a")


def test_the_host_path_has_a_name_inside(tmp_path: Path) -> None:
    assert inside(tmp_path, tmp_path / "a" / "b") == "/a/b"
    assert inside(tmp_path, tmp_path) == "/"


def test_a_fifo_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "passwd")
    assert read_regular(tmp_path, "/passwd") is None


PARTS = st.lists(st.sampled_from(["a", "b", "..", ".", "", "link", "up", "abs"]), max_size=8)


@given(PARTS)
def test_no_path_leads_out_of_the_root(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str]
) -> None:
    root = tmp_path_factory.getbasetemp() / "root"
    if not root.exists():
        (root / "a" / "b").mkdir(parents=True)
        (root / "link").symlink_to("a/b")
        (root / "up").symlink_to("../../..")
        (root / "a" / "abs").symlink_to("/../../up/link")
    found = resolve(root, "/".join(parts))
    assert found == root or root in found.parents
    assert ".." not in found.relative_to(root).parts
