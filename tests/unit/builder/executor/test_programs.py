"""Programs are found where administrators have them, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.executor import programs


def test_the_directories_of_administration_come_after_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    for place in ("first/both", "second/both", "second/only"):
        (tmp_path / place).write_text("#!/bin/sh\n")
        (tmp_path / place).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "first"))
    monkeypatch.setattr(programs, "ADMINISTRATION", (str(tmp_path / "second"),))
    assert programs.find("both") == str(tmp_path / "first" / "both")
    assert programs.find("only") == str(tmp_path / "second" / "only")
    assert programs.find("neither") is None
