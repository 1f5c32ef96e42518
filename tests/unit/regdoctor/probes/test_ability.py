"""What the kernel, the files and the programs of a host tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from regdoctor.observations.ability import Trial
from regdoctor.probes import ability
from regdoctor.probes.ability import AbilityReader

V1 = "30 25 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
V2 = "31 25 0:27 / /sys/fs/cgroup/unified rw shared:4 - cgroup2 cgroup2 rw\n"


def host(root: Path, **files: str) -> AbilityReader:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    programs = root / "programs"
    programs.mkdir(exist_ok=True)
    environ = {"PATH": str(programs), "HOME": str(root), "DOCKER_BUILDKIT": "0"}
    return AbilityReader(environ, root / "none/such", root)


@pytest.fixture(autouse=True)
def nothing_of_this_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ability, "_ADMINISTRATION", ())
    monkeypatch.setattr(ability, "_PLUGINS", ())


@pytest.mark.parametrize(
    ("mounts", "kind"), [(V1, "v1"), (V2, "v2"), (V1 + V2, "hybrid"), ("", "none")]
)
def test_the_kind_of_the_cgroup_tree(tmp_path: Path, mounts: str, kind: str) -> None:
    seen = host(tmp_path, proc__self__mountinfo=mounts).read(Trial())
    assert seen.kernel.cgroups == kind


def test_switches_file_systems_and_emulation_are_read(tmp_path: Path) -> None:
    reader = host(
        tmp_path,
        proc__sys__user__max_user_namespaces="0\n",
        proc__filesystems="nodev\tsysfs\n\text4\nnodev\toverlay\n",
        **{
            "proc__sys__fs__binfmt_misc__qemu-aarch64": "enabled\ninterpreter /usr/bin/q\n",
            "proc__sys__fs__binfmt_misc__qemu-arm": "disabled\n",
            "proc__sys__fs__binfmt_misc__python3.11": "enabled\n",
        },
    )
    kernel = reader.read(Trial()).kernel
    assert kernel.switches == {"user.max_user_namespaces": "0"}
    assert kernel.file_systems == ("sysfs", "ext4", "overlay")
    assert kernel.foreign == ("qemu-aarch64",)


def test_programs_tell_their_versions_on_either_stream(tmp_path: Path) -> None:
    reader = host(tmp_path)
    said = {
        "docker": "Docker version 20.10.24+dfsg1, build 297e128",
        "ssh": "OpenSSH_9.2p1 Debian-2+deb12u7, OpenSSL 3.0.17 1 Jul 2025",
        "pasta": "pasta 2023_03_09.7c7625d",
        "helm": "v3.14.2+gc309b6f",
        "kind": "no number",
    }
    for name, line in said.items():
        program = tmp_path / "programs" / name
        program.write_text(f"#!/bin/sh\necho '{line}' >&{2 if name == 'ssh' else 1}\n")
        program.chmod(0o755)
    plugin = tmp_path / ".docker/cli-plugins/docker-buildx"
    plugin.parent.mkdir(parents=True)
    plugin.write_text("#!/bin/sh\necho github.com/docker/buildx v0.11.2 9872040\n")
    plugin.chmod(0o755)
    assert reader.read(Trial()).programs == {
        "docker": "20.10.24+dfsg1",
        "docker-buildx": "0.11.2",
        "helm": "3.14.2+gc309b6f",
        "kind": "",
        "pasta": "2023_03_09.7c7625d",
        "ssh": "9.2p1",
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"features": {"buildkit": true}}', True),
        ('{"features": {"buildkit": false}}', False),
        ('{"features": []}', None),
        ("{", None),
        ("[]", None),
    ],
)
def test_what_the_daemon_proposes(tmp_path: Path, text: str, value: bool | None) -> None:
    seen = host(tmp_path, etc__docker__daemon_json=text)
    (tmp_path / "etc/docker/daemon_json").rename(tmp_path / "etc/docker/daemon.json")
    found = seen.read(Trial())
    assert found.daemon_buildkit is value
    assert found.docker_buildkit == "0"
    assert found.size > 0
