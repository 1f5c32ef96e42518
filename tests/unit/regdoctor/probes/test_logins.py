"""Login files are read as they lie, without their secrets, and no helper is run."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from regdoctor.observations.auth import ContainerdLogins, LoginFile, Logins
from regdoctor.probes.logins import LoginReader, parsed
from tests.fixtures.checked import REPOSITORY

SECRET = "hunter2"


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def read(root: Path, environ: Mapping[str, str] | None = None) -> Logins:
    return LoginReader(root, "/home/me", environ or {"PATH": "/bin"}).read()


def write(root: Path, path: str, content: str, mode: int = 0o644) -> None:
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    file.chmod(mode)


def docker(document: object) -> LoginFile:
    return parsed("config.json", "docker", json.dumps(document).encode())


def test_files_are_looked_for_in_the_order_of_their_clients(tmp_path: Path) -> None:
    paths = [file.path for file in read(tmp_path, {"XDG_RUNTIME_DIR": "/run/user/7"}).files]
    assert paths == [
        "/home/me/.docker/config.json",
        "/run/user/7/containers/auth.json",
        "/home/me/.config/containers/auth.json",
    ]
    named = read(tmp_path, {"DOCKER_CONFIG": "/cfg/", "REGISTRY_AUTH_FILE": "/a.json"})
    assert [file.path for file in named.files] == ["/cfg/config.json", "/a.json"]
    assert named.auth_file == "/a.json"
    without = read(tmp_path).files[1]
    assert (without.path, without.state) == (f"/run/containers/{os.getuid()}/auth.json", "missing")


def test_an_entry_is_known_by_its_kind_and_its_user() -> None:
    file = docker(
        {
            "auths": {
                "a": {"auth": coded(f"me:{SECRET}")},
                "b": {"username": "me", "password": SECRET},
                "c": {"identitytoken": SECRET},
                "d": {"registrytoken": SECRET},
                "e": {},
                "f": {"auth": "?"},
                "g": {"auth": coded("me")},
                "h": 1,
            },
            "credHelpers": {"i": "gone"},
            "credsStore": "desktop",
        }
    )
    kinds = {entry.key: entry.kind for entry in file.entries}
    assert kinds == {
        "a": "password",
        "b": "password",
        "c": "identity",
        "d": "token",
        "e": "empty",
        "f": "broken",
        "g": "broken",
        "h": "broken",
    }
    assert {entry.user for entry in file.entries if entry.kind == "password"} == {"me"}
    assert (file.store, file.helpers) == ("desktop", (("i", "gone"),))
    assert SECRET not in repr(file)


@pytest.mark.parametrize(
    ("password", "oddity"),
    [
        ("x\n", "ends with a line break"),
        (" x", "begins or ends with a blank"),
        ("'x'", "stands in quotes"),
        ("${TOKEN}", "is the name of a variable that nobody filled in"),
        ("pässword", "has letters outside ASCII"),
    ],
)
def test_what_looks_mistyped_is_said_without_showing_it(password: str, oddity: str) -> None:
    (entry,) = docker({"auths": {"a": {"auth": coded(f"me:{password}")}}}).entries
    assert entry.oddities == (oddity,)
    (right,) = docker({"auths": {"a": {"auth": coded("me:p$ss:w'rd!")}}}).entries
    assert right.oddities == ()


def test_a_password_of_ecr_tells_its_end() -> None:
    ecr = coded(json.dumps({"payload": SECRET, "expiration": 1_700_000_000}))
    (entry,) = docker({"auths": {"a": {"auth": coded(f"AWS:{ecr}")}}}).entries
    assert entry.expires == 1_700_000_000
    (other,) = docker({"auths": {"a": {"auth": coded(f"AWS:{SECRET}")}}}).entries
    assert other.expires == 0


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        ("{", "line 1: "),
        ("[]", "not a JSON object"),
        ('{"auths": []}', "auths is not a JSON object"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_a_file_that_is_no_json_is_said_to_be_so(content: str, detail: str) -> None:
    file = parsed("config.json", "docker", content.encode())
    assert file.state == "malformed"
    assert file.detail.startswith(detail)


def test_an_empty_file_and_a_directory_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path, "/home/me/.docker/config.json", " \n")
    assert read(tmp_path).files[0].state == "read"
    (tmp_path / "home/me/.docker/config.json").unlink()
    (tmp_path / "home/me/.docker/config.json").mkdir()
    assert read(tmp_path).files[0].state == "directory"


def test_a_file_that_this_user_may_not_read_is_unreadable() -> None:
    """As another user, who may not even enter the directory; root may read everything."""
    code = (
        "import os, pathlib, sys, tempfile\n"
        "from regdoctor.probes.logins import LoginReader\n"
        "root = pathlib.Path(tempfile.mkdtemp())\n"
        "(root / 'closed').mkdir(mode=0o700)\n"
        "(root / 'closed/auth.json').write_text('{}')\n"
        "root.chmod(0o755)\n"
        "(root / 'closed').chmod(0o000)\n"
        "if os.geteuid() == 0: os.seteuid(65534)\n"
        "seen = LoginReader(root, '', {'REGISTRY_AUTH_FILE': '/closed/auth.json'}).read()\n"
        "print(seen.files[0].state, seen.files[0].detail)\n"
        "os.seteuid(os.getuid())\n"
        "(root / 'closed').chmod(0o700); (root / 'closed/auth.json').unlink()\n"
        "(root / 'closed').rmdir(); root.rmdir()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["unreadable", "EACCES"], done.stderr


def test_helpers_are_looked_for_in_path_and_never_run(tmp_path: Path) -> None:
    config = json.dumps({"credsStore": "there", "credHelpers": {"a": "gone", "b": "no/name"}})
    write(tmp_path, "/home/me/.docker/config.json", config)
    ran = tmp_path / "ran"
    write(tmp_path, "/bin/docker-credential-there", f"#!/bin/sh\ntouch {ran}\n", 0o755)
    write(tmp_path, "/bin/docker-credential-gone", "not executable")
    assert read(tmp_path).missing == ("docker-credential-gone", "docker-credential-no/name")
    assert not ran.exists()


def test_the_store_that_docker_picks_by_itself(tmp_path: Path) -> None:
    write(tmp_path, "/bin/docker-credential-secretservice", "", 0o755)
    assert read(tmp_path).default_store == "secretservice"
    write(tmp_path, "/bin/pass", "", 0o755)
    assert read(tmp_path).default_store == ""  # pass comes first, and has no helper here
    write(tmp_path, "/bin/docker-credential-pass", "", 0o755)
    assert read(tmp_path).default_store == "pass"
    write(tmp_path, "/home/me/.docker/config.json", '{"auths": {"a": {}}}')
    assert read(tmp_path).default_store == ""


def test_a_bus_and_a_container_are_known_by_their_marks(tmp_path: Path) -> None:
    assert not read(tmp_path).bus
    assert read(tmp_path, {"DBUS_SESSION_BUS_ADDRESS": "unix:x"}).bus
    assert not read(tmp_path).container
    write(tmp_path, "/run/.containerenv", "")
    assert read(tmp_path).container


@pytest.mark.parametrize(
    "plugin", ["cri", '"io.containerd.grpc.v1.cri"', '"io.containerd.cri.v1.images"']
)
def test_hosts_of_containerds_settings_and_nothing_that_logs_in(
    plugin: str, tmp_path: Path
) -> None:
    section = f"plugins.{plugin}.registry"
    write(
        tmp_path,
        "/etc/containerd/config.toml",
        f'[{section}.mirrors."a.example"]\nendpoint = ["https://m.example"]\n'
        f'[{section}.configs."a.example".auth]\nusername = "me"\npassword = "{SECRET}"\n'
        f'[{section}.configs."b.example".tls]\ninsecure_skip_verify = true\n',
    )
    seen = read(tmp_path)
    path = "/etc/containerd/config.toml"
    mirrors = (("a.example", "https://m.example"),)
    assert seen.containerd == ContainerdLogins(path, mirrors, ("a.example",))
    assert SECRET not in repr(seen)


def test_the_user_behind_sudo_is_nobody_of_another_host(tmp_path: Path) -> None:
    environ = {"SUDO_USER": "nobody", "PATH": ""}
    assert read(tmp_path, environ).invoker == ""
    here = LoginReader(Path("/"), "/root", environ).read()
    assert here.invoker == ("nobody" if os.geteuid() == 0 else "")
