"""Which ids a new user namespace may have."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.executor import idmaps, programs

OWN = os.geteuid()


@pytest.fixture
def helpers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("newuidmap", "newgidmap"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


def lent(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "lent"
    path.write_text(text)
    return path


@pytest.mark.usefixtures("helpers")
def test_what_the_administrator_lent_follows_our_own_id(tmp_path: Path) -> None:
    path = lent(tmp_path, f"someone:1:2\n{OWN}:100000:65536\n{OWN}:300000:10\nbroken\n")
    uids, gids = idmaps.for_runtime(path, path)
    assert uids == ((0, OWN, 1), (1, 100000, 65536), (65537, 300000, 10))
    assert gids[0] == (0, os.getegid(), 1)
    assert gids[1:] == uids[1:]


@pytest.mark.usefixtures("helpers")
def test_users_without_groups_are_not_mapped(tmp_path: Path) -> None:
    path = lent(tmp_path, f"{OWN}:100000:65536\n")
    uids, gids = idmaps.for_runtime(path, tmp_path / "missing")
    assert uids == ((0, OWN, 1),)
    assert gids == ((0, os.getegid(), 1),)


def test_without_the_helpers_there_is_only_our_own_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "ADMINISTRATION", ())
    path = lent(tmp_path, f"{OWN}:100000:65536\n")
    assert idmaps.for_runtime(path, path)[0] == ((0, OWN, 1),)


def test_a_group_exists_where_it_is_mapped() -> None:
    assert idmaps.has_gid(5, ((0, 1000, 1), (1, 100000, 65536)))
    assert not idmaps.has_gid(5, ((0, 1000, 1),))


@pytest.mark.usefixtures("helpers")
def test_a_range_that_overlaps_another_is_left_out(tmp_path: Path) -> None:
    path = lent(tmp_path, f"{OWN}:100000:65536\n{OWN}:100000:65536\n{OWN}:9:0\n{OWN}:165535:9\n")
    assert idmaps.lent(OWN, path) == ((100000, 65536),)


def test_a_directory_service_is_asked_where_the_file_has_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "getsubids"
    program.write_text('#!/bin/sh\necho "0: $1 500000 65536"\necho "1: $1 900000 10"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert idmaps.lent(OWN, lent(tmp_path, "")) == ((500000, 65536), (900000, 10))
