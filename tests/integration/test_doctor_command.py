"""``regdoctor doctor``, as root and as a plain user, on this host."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.builds import COMMAND, mounts_below
from tests.fixtures.plainuser import NAME, as_plain_user

pytestmark = [pytest.mark.integration, pytest.mark.root]


def doctor(
    state: Path, *prefix: str, code: int = 0, environ: dict[str, str] | None = None
) -> dict[str, Any]:
    done = subprocess.run(
        [*prefix, *COMMAND, "doctor", "--format", "json", "--root", str(state)],
        env={**os.environ, **(environ or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["schema"] == 1
    return {each["topic"]: each for each in document["abilities"]}


def test_root_can_build_and_nothing_is_left(tmp_path: Path) -> None:
    found = doctor(tmp_path / "state")
    assert found["build"]["said"] == "as root"
    assert found["sandbox"]["state"] == "works"
    assert found["sandbox"]["said"].split()[0] in ("runc", "crun")
    assert "lent ids" not in found
    assert list(tmp_path.iterdir()) == []
    assert mounts_below(tmp_path) == []


def test_a_plain_user_is_told_what_is_lent(tmp_path: Path) -> None:
    found = doctor(tmp_path / "home/state", *as_plain_user(tmp_path / "home"))
    assert found["build"]["said"] == f"as {NAME}, in a user namespace"
    assert found["sandbox"]["state"] == "works"
    assert found["lent ids"]["state"] == "works"
    assert "65536 user ids" in found["lent ids"]["said"]


def test_a_plain_user_without_lent_ids_is_told_how_to_get_them(tmp_path: Path) -> None:
    found = doctor(tmp_path / "home/state", *as_plain_user(tmp_path / "home", lent=0))
    assert found["build"]["state"] == "works"
    assert found["lent ids"]["remedy"].startswith("as root: usermod --add-subuids")


def test_a_directory_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    found = doctor(Path("/var/lib/regdoctor-other"), *as_plain_user(tmp_path / "home"), code=1)
    assert found["build"]["state"] == "missing"
    assert "may not be written" in found["build"]["said"]


def test_a_host_without_runtimes_can_build_no_run_step(tmp_path: Path) -> None:
    script = "for d in /usr/sbin /usr/bin /usr/local/bin; do for p in runc crun; do "
    script += '[ ! -e $d/$p ] || mount --bind /dev/null $d/$p; done; done; exec "$@"'
    found = doctor(tmp_path, "unshare", "--mount", "sh", "-e", "-c", script, "sh", code=1)
    assert found["sandbox"]["state"] == "missing"
    assert found["sandbox"]["remedy"] == "install runc or crun"
    assert found["build"]["state"] == "limited"


def test_the_variable_that_turns_buildkit_off(tmp_path: Path) -> None:
    found = doctor(tmp_path, environ={"DOCKER_BUILDKIT": "0"})
    assert found["docker's BuildKit"]["said"] == "off: DOCKER_BUILDKIT=0"
    assert found["docker's BuildKit"]["remedy"] == "unset DOCKER_BUILDKIT"
