"""Whose files are judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from regdoctor.cli.homes import home_below


@pytest.mark.parametrize(("said", "home"), [("/home/me/", "/home/me"), ("/", ""), ("", "")])
def test_on_this_host_the_environment_says(
    said: str, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", said)
    assert home_below(Path("/")) == home
    monkeypatch.delenv("HOME")
    assert home_below(Path("/")) == ""


def test_on_another_host_the_user_is_root_whoever_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert home_below(tmp_path) == "/root"
