"""State directories that are not there, or not for this user."""

from __future__ import annotations

from pathlib import Path

import pytest

from regdoctor.cli.faults import UsageError
from regdoctor.cli.statedir import is_there, place_of


def test_a_directory_with_a_version_is_one(tmp_path: Path) -> None:
    (tmp_path / "version").write_text("1\n")
    assert place_of(tmp_path) == tmp_path


def test_the_environment_names_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGDOCTOR_ROOT", str(tmp_path))
    with pytest.raises(UsageError, match=f"there is no state directory {tmp_path}"):
        place_of(None)


def test_a_place_that_cannot_be_looked_at_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="file name too long") as caught:
        is_there(tmp_path / ("n" * 300))
    assert "--root" in caught.value.hint
