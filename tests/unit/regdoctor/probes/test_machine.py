"""Facts of this host: what is chosen, what is left out, and what a plain user sees."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from regdoctor.observations.host import FileSeen, HostFiles
from regdoctor.observations.machine import MachineFacts
from regdoctor.observations.store import HOST, Observations
from regdoctor.probes.machine import MachineReader

UNKNOWN = 54321
"""A user that no file of a host knows."""


def listening(path: Path, mode: int = 0o660) -> socket.socket:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    path.chmod(mode)
    return server


def read(home: Path, environ: dict[str, str], state: Path | None = None) -> MachineFacts:
    return MachineReader(str(home), environ, state).read(HostFiles())


def test_the_state_that_is_not_there_yet_is_on_the_disk_of_its_parents(tmp_path: Path) -> None:
    facts = read(tmp_path, {}, tmp_path / "a" / "b")
    (disk,) = (each for each in facts.disks if "regdoctor" in each.clients)
    assert str(tmp_path / "a" / "b") in disk.paths
    assert 0 < disk.free <= disk.size
    assert disk.size == os.statvfs(tmp_path).f_blocks * os.statvfs(tmp_path).f_frsize


def test_the_engines_data_root_is_that_of_daemon_json(tmp_path: Path) -> None:
    settings = json.dumps({"data-root": str(tmp_path)}).encode()
    files = HostFiles({"/etc/docker/daemon.json": FileSeen(settings)})
    disks = MachineReader(str(tmp_path), {}).read(files).disks
    (disk,) = (each for each in disks if str(tmp_path) in each.paths)
    assert {"docker", "buildkit"} <= set(disk.clients)


def test_directories_on_one_file_system_are_one_disk(tmp_path: Path) -> None:
    settings = json.dumps({"data-root": str(tmp_path)}).encode()
    files = HostFiles({"/etc/docker/daemon.json": FileSeen(settings)})
    disks = MachineReader(str(tmp_path), {}, tmp_path / "state").read(files).disks
    (disk,) = (each for each in disks if str(tmp_path) in each.paths)
    assert str(tmp_path / "state") in disk.paths


def test_the_socket_is_that_of_the_variable(tmp_path: Path) -> None:
    with listening(tmp_path / "d.sock"):
        found = read(tmp_path, {"DOCKER_HOST": f"unix://{tmp_path}/d.sock"}).docker
    assert found is not None
    assert (found.path, found.mode, found.opens) == (f"{tmp_path}/d.sock", 0o660, True)


@pytest.mark.parametrize(
    "environ",
    [
        {"DOCKER_HOST": "tcp://192.0.2.1:2376"},
        {"DOCKER_HOST": "unix:///nonexistent/docker.sock"},
        {"DOCKER_CONTEXT": "remote"},
    ],
)
def test_another_place_than_a_socket_here_is_none(environ: dict[str, str], tmp_path: Path) -> None:
    assert read(tmp_path, environ).docker is None


def test_a_context_in_the_users_settings_names_another_place(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    settings = {"currentContext": "rootless", "auths": {"r.example": {"auth": "U0VDUkVU"}}}
    (tmp_path / ".docker" / "config.json").write_text(json.dumps(settings))
    facts = read(tmp_path, {})
    assert facts.docker is None
    assert "U0VDUkVU" not in repr(facts)


def test_a_file_in_the_place_of_a_socket_is_none(tmp_path: Path) -> None:
    (tmp_path / "d.sock").write_text("")
    assert read(tmp_path, {"DOCKER_HOST": f"unix://{tmp_path}/d.sock"}).docker is None


def test_only_variables_that_choose_a_builder_are_kept(tmp_path: Path) -> None:
    environ = {"DOCKER_BUILDKIT": "0", "TOKEN": "SECRET", "PATH": str(tmp_path)}
    facts = read(tmp_path, environ)
    assert facts.environ == {"DOCKER_BUILDKIT": "0"}
    assert facts.programs == ()


def test_programs_are_looked_for_on_the_users_path(tmp_path: Path) -> None:
    (tmp_path / "podman").write_text("#!/bin/sh\n")
    (tmp_path / "podman").chmod(0o755)
    assert read(tmp_path, {"PATH": str(tmp_path)}).programs == ("podman",)


def test_the_facts_survive_being_saved(tmp_path: Path) -> None:
    with listening(tmp_path / "d.sock"):
        facts = read(tmp_path, {"DOCKER_HOST": f"unix://{tmp_path}/d.sock"}, tmp_path)
    seen = Observations()
    seen.add(HOST, facts)
    kept = json.loads(json.dumps(seen.to_json()))
    assert Observations.from_json(kept).get(MachineFacts, HOST) == facts


@pytest.mark.root
def test_a_plain_user_may_not_open_what_belongs_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o711)
    monkeypatch.chdir(tmp_path)  # the way to here is root's alone
    (tmp_path / "closed").mkdir(mode=0o700)
    with listening(tmp_path / "d.sock"):
        groups = os.getgroups()
        os.setgroups([])
        os.setegid(UNKNOWN)
        os.seteuid(UNKNOWN)
        try:
            facts = read(tmp_path, {"DOCKER_HOST": "unix://d.sock"}, Path("closed/state"))
        finally:
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(groups)
    assert (facts.user, facts.uid) == (str(UNKNOWN), UNKNOWN)
    assert facts.docker is not None
    assert (facts.docker.owner, facts.docker.opens, facts.docker.member) == ("root", False, False)
    assert [each.paths[-1] for each in facts.disks if "regdoctor" in each.clients] == [
        "closed/state"
    ]
