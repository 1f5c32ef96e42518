"""Owners by name, looked up in a tree that may say anything."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.llb import ops as llb
from builder.ops.errors import OpError
from builder.ops.owners import resolve_owner
from builder.ops.treecopy import Owner


def resolved(tree: Path, name: str) -> Owner | None:
    owner = llb.ChownOpt(user=llb.UserOpt(llb.NamedUserOpt(name, 0)))
    return resolve_owner(owner, lambda index: str(tree))


def test_a_name_gives_both_its_numbers(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("u:x:5:6::/:\n")
    assert resolved(tmp_path, "u") == Owner(5, 6)
    assert resolved(tmp_path, "nobody") == Owner(0, 0)


def test_a_passwd_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    os.mkfifo(tmp_path / "etc/passwd")
    assert resolved(tmp_path, "u") == Owner(0, 0)


@pytest.mark.parametrize("number", ["4294967296", "9" * 5000])
def test_ids_that_no_file_can_have_are_refused(tmp_path: Path, number: str) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(f"u:x:{number}:0::/:\n")
    with pytest.raises(OpError, match="must be in range"):
        resolved(tmp_path, "u")
