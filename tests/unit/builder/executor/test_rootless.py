"""What a plain user is told where there are no namespaces, or no ids."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.executor import idmaps, programs, rootless


@pytest.mark.parametrize(
    ("switch", "value", "command"),
    [
        (
            "kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        ("kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"),
        ("user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=15000"),
        ("user/max_user_namespaces", "9", "seccomp"),
    ],
)
def test_the_switch_that_forbids_namespaces_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, switch: str, value: str, command: str
) -> None:
    path = tmp_path / switch
    path.parent.mkdir()
    path.write_text(f"{value}\n")
    monkeypatch.setattr(rootless, "_SYSCTL", tmp_path)
    assert command in rootless.what_forbids()


def test_how_to_get_ids_names_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "ADMINISTRATION", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    told = rootless.how_to_get_ids(54321)
    assert told.startswith("install the package uidmap; as root: usermod --add-subuids ")
    assert told.endswith(" 54321")
    monkeypatch.setattr(idmaps, "lent", lambda user, path: ((100000, 65536),))
    assert rootless.how_to_get_ids(54321) == "install the package uidmap"
