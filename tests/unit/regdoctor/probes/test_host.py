"""Files of clients are read as they lie, bounded, and never a key."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from regdoctor.probes.host import MOST_BYTES, MOST_FILES, HostReader


def write(root: Path, path: str, content: bytes = b"x") -> None:
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def test_directories_and_files_are_named_as_the_client_sees_them(tmp_path: Path) -> None:
    write(tmp_path, "/etc/docker/certs.d/r.example:5000/ca.crt")
    files = HostReader(tmp_path).read()
    assert files.directories["/etc/docker/certs.d/r.example:5000"] == ("ca.crt",)
    assert files.files["/etc/docker/certs.d/r.example:5000/ca.crt"].content == b"x"


def test_keys_are_listed_and_never_read(tmp_path: Path) -> None:
    write(tmp_path, "/etc/docker/certs.d/r.example/client.key", b"SECRET")
    files = HostReader(tmp_path).read()
    assert files.directories["/etc/docker/certs.d/r.example"] == ("client.key",)
    assert "SECRET" not in repr(files)


def test_files_that_buildkitd_toml_names_are_read(tmp_path: Path) -> None:
    toml = b'[registry."r"]\nca = ["/opt/ca.pem"]\ntlsconfigdir = ["/opt/tls"]\n'
    write(tmp_path, "/etc/buildkit/buildkitd.toml", toml)
    write(tmp_path, "/opt/ca.pem")
    write(tmp_path, "/opt/tls/a.crt")
    files = HostReader(tmp_path).read()
    assert {"/opt/ca.pem", "/opt/tls/a.crt"} <= set(files.files)


def test_a_users_files_are_read_below_the_home_directory(tmp_path: Path) -> None:
    write(tmp_path, "/home/me/.config/containers/registries.conf")
    assert (
        "/home/me/.config/containers/registries.conf"
        in HostReader(tmp_path, "/home/me").read().files
    )


def test_a_huge_file_is_cut(tmp_path: Path) -> None:
    write(tmp_path, "/etc/docker/daemon.json", b"x" * (MOST_BYTES + 1))
    assert len(HostReader(tmp_path).read().files["/etc/docker/daemon.json"].content) == MOST_BYTES


def test_a_host_without_any_client_has_nothing(tmp_path: Path) -> None:
    files = HostReader(tmp_path).read()
    assert files.files == {}
    assert files.directories == {}


@pytest.mark.root
def test_a_directory_that_may_not_be_listed_is_told_from_one_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "/etc/containers/certs.d/r.example/ca.crt")
    (tmp_path / "etc/containers/certs.d").chmod(0o700)
    (tmp_path / "etc/docker/certs.d/r.example").mkdir(parents=True)
    (tmp_path / "etc/docker/certs.d").chmod(0o744)  # names can be listed, and nothing be opened
    tmp_path.chmod(0o711)
    monkeypatch.chdir(tmp_path)
    os.seteuid(54321)
    try:
        files = HostReader(Path()).read()
    finally:
        os.seteuid(0)
    assert files.files["/etc/containers/certs.d"].error == "EACCES"
    assert files.directories["/etc/docker/certs.d"] == ("r.example",)
    assert "/etc/buildkit/certs" not in {*files.files, *files.directories}


def test_no_login_of_a_file_is_kept(tmp_path: Path) -> None:
    config = {
        "auths": {"r.example": {"auth": "c2VjcmV0"}},
        "proxies": {"default": {"httpsProxy": "http://me:hunter2@proxy.example:3128"}},
    }
    write(tmp_path, "/home/me/.docker/config.json", json.dumps(config).encode())
    write(tmp_path, "/etc/docker/daemon.json", b'{"proxies": {"https-proxy": "http://a:b@p:1"}}')
    write(
        tmp_path,
        "/etc/containerd/certs.d/r/hosts.toml",
        b'[host."https://r".header]\nAuthorization = "Basic c2VjcmV0"\n',
    )
    files = HostReader(tmp_path, "/home/me").read()
    shown = repr(files)
    assert all(secret not in shown for secret in ("c2VjcmV0", "hunter2", "a:b"))
    assert "proxy.example:3128" in (files.text("/home/me/.docker/config.json") or "")
    assert "redacted" in (files.text("/etc/containerd/certs.d/r/hosts.toml") or "")


def test_units_are_seen_and_not_read(tmp_path: Path) -> None:
    write(tmp_path, "/usr/lib/systemd/system/docker.service", b"[Unit]")
    write(tmp_path, "/usr/lib/systemd/system/other.service", b"[Unit]")
    files = HostReader(tmp_path).read()
    assert files.directories == {"/usr/lib/systemd/system": ("docker.service",)}
    assert files.files == {}


def test_links_stay_in_the_tree_as_for_a_process_whose_root_it_is(tmp_path: Path) -> None:
    write(tmp_path, "/outside/daemon.json", b'{"registry-mirrors": ["https://outside"]}')
    write(tmp_path, "/outside/certs.d/r.example/ca.crt", b"outside")
    root = tmp_path / "root"
    write(root, "/srv/daemon.json", b"{}")
    (root / "etc/docker").mkdir(parents=True)
    (root / "etc/docker/daemon.json").symlink_to("/srv/daemon.json")
    (root / "etc/containers").symlink_to("../../outside")
    (root / "etc/buildkit").symlink_to(tmp_path / "outside")
    (root / "etc/docker/certs.d").symlink_to("../../../../../../outside/certs.d")
    (root / "etc/subuid").symlink_to("/etc/subgid")
    (root / "etc/subgid").symlink_to("/etc/subuid")
    files = HostReader(root).read()
    assert files.files["/etc/docker/daemon.json"].content == b"{}"
    assert files.files["/etc/subuid"].error == "ELOOP"
    assert "outside" not in repr(files)


def test_a_link_of_a_listed_directory_stays_in_the_tree(tmp_path: Path) -> None:
    write(tmp_path, "/outside/ca.crt", b"outside")
    root = tmp_path / "root"
    write(root, "/etc/docker/certs.d/r.example/own.crt", b"own")
    (root / "etc/docker/certs.d/other.example").symlink_to(tmp_path / "outside")
    (root / "etc/docker/certs.d/r.example/ca.crt").symlink_to(tmp_path / "outside/ca.crt")
    files = HostReader(root).read()
    assert files.files["/etc/docker/certs.d/r.example/own.crt"].content == b"own"
    assert "/etc/docker/certs.d/r.example/ca.crt" not in files.files
    assert "/etc/docker/certs.d/other.example" not in files.directories


def test_a_pipe_in_place_of_a_file_holds_nobody(tmp_path: Path) -> None:
    (tmp_path / "etc/docker").mkdir(parents=True)
    os.mkfifo(tmp_path / "etc/docker/daemon.json")
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    os.mkfifo(tmp_path / "var/lib/dpkg/status")
    files = HostReader(tmp_path).read()
    assert files.files["/etc/docker/daemon.json"].error == "EINVAL"
    assert files.versions == {}


@pytest.mark.parametrize(
    "content",
    [b'{"a": ' + b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b"a." * 100_000 + b"a = 1"],
)
@pytest.mark.parametrize("path", ["/etc/docker/daemon.json", "/etc/containerd/config.toml"])
def test_a_file_that_nests_without_end_is_told_as_one(
    path: str, content: bytes, tmp_path: Path
) -> None:
    write(tmp_path, path, content)
    assert HostReader(tmp_path).read().files[path].error == "EFBIG"


def test_a_tree_without_end_is_read_in_part(tmp_path: Path) -> None:
    for number in range(MOST_FILES // 2 + 100):
        write(tmp_path, f"/etc/docker/certs.d/r{number}.example/ca.crt")
    files = HostReader(tmp_path).read()
    assert len(files.files) + len(files.directories) == MOST_FILES


def test_a_named_file_below_a_directory_with_a_port_in_its_name_is_read(tmp_path: Path) -> None:
    path = "/etc/own/r.example:5000/ca.crt"
    toml = f'[registry."r.example:5000"]\nca = ["{path}"]\n'
    write(tmp_path, "/etc/buildkit/buildkitd.toml", toml.encode())
    write(tmp_path, path, b"the authority")
    assert HostReader(tmp_path).read().files[path].content == b"the authority"


def test_what_buildx_and_docker_desktop_keep_in_the_home_is_read(tmp_path: Path) -> None:
    paths = {
        "/home/me/.docker/certs.d/r.example:5000/ca.crt",
        "/home/me/.docker/daemon.json",
        "/home/me/.docker/desktop/settings-store.json",
        "/home/me/.docker/buildx/current",
        "/bx/buildkitd.default.toml",
    }
    for path in paths:
        write(tmp_path, path)
    write(tmp_path, "/bx/instances/b", b'{"Name": "b", "Nodes": []}')
    files = HostReader(tmp_path, "/home/me", {"BUILDX_CONFIG": "/bx/"}).read()
    assert paths <= set(files.files)
    assert files.directories["/bx/instances"] == ("b",)


def test_a_proxys_password_in_settings_of_docker_desktop_is_not_kept(tmp_path: Path) -> None:
    text = b'{"OverrideProxyHTTPS": "http://me:SECRET@p.example:3128"}'
    write(tmp_path, "/home/me/.docker/desktop/settings-store.json", text)
    files = HostReader(tmp_path, "/home/me").read()
    assert "SECRET" not in repr(files)
    assert "p.example:3128" in repr(files)
