"""State directories that cannot be used are refused by name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.engine.place import default_root
from builder.engine.state import StateError, open_state
from builder.errors import BuilderError


@pytest.mark.parametrize("content", [b"\xff\0", b"", b"99\n"])
def test_a_version_that_is_not_this_one_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "version").write_bytes(content)
    with pytest.raises(StateError, match="has schema"), open_state(tmp_path):
        pass


@pytest.mark.parametrize("name", ["state.db", "cache.db"])
@pytest.mark.parametrize("directory", [True, False])
def test_a_database_that_is_none_is_an_error_of_the_state(
    tmp_path: Path, name: str, directory: bool
) -> None:
    if directory:
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).write_bytes(b"no database" * 1000)
    with pytest.raises(BuilderError) as caught, open_state(tmp_path, snapshotter="copy"):
        pass
    assert str(tmp_path) in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("user", "writable", "environ", "wanted"),
    [
        (0, True, {"XDG_DATA_HOME": "/data"}, "/var/lib/regdoctor"),
        (0, False, {"XDG_DATA_HOME": "/data"}, "/data/regdoctor"),
        (1000, True, {"XDG_DATA_HOME": "/data"}, "/data/regdoctor"),
        (1000, False, {"REGDOCTOR_ROOT": "/elsewhere"}, "/elsewhere"),
        (0, True, {"REGDOCTOR_ROOT": "/elsewhere"}, "/elsewhere"),
    ],
)
def test_the_root_of_a_user_namespace_keeps_its_state_where_the_user_does(
    monkeypatch: pytest.MonkeyPatch,
    user: int,
    writable: bool,
    environ: dict[str, str],
    wanted: str,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "access", lambda path, mode: writable)
    assert default_root(environ) == Path(wanted)
