"""Builds with the mirrors and the trust of a client that is configured on the host."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fixtures.builds import Builds, serve_base
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.registry import Registry, Server, Store

pytestmark = [pytest.mark.integration, pytest.mark.root]


def on_a_host_with(directory: Path, base: str, files: dict[str, str]) -> Builds:
    """Builds on a host whose /etc has ``files`` on top of this one's."""
    for path, text in files.items():
        target = directory / "etc" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    mount = 'mount -t overlay -o "lowerdir=$0:/etc" etc /etc && exec "$@"'
    prefix = ("unshare", "--mount", "sh", "-c", mount, str(directory / "etc"))
    return Builds(directory, base, prefix=prefix)


def test_dockers_mirror_and_its_certificates_are_used(tmp_path: Path) -> None:
    ca = CertificateAuthority("Corp")
    store = Store()
    loading, _ = serve_base(tmp_path, Registry(store))
    tls = ca.issue("mirror.example").server_context()
    with loading, Server(Registry(store), tls=tls) as mirror:
        name = f"mirror.example:{mirror.port}"
        files = {
            "docker/daemon.json": json.dumps({"registry-mirrors": [f"https://{name}"]}),
            f"docker/certs.d/{name}/ca.crt": ca.pem.decode(),
        }
        builds = on_a_host_with(tmp_path, "docker.io/base/busybox:1", files)
        context = builds.context("FROM BASE\nRUN echo built\n")
        resolve = ("--resolve", f"{name}:127.0.0.1")
        ended = builds.run("--as", "docker", *resolve, context)
        assert ended.code == 0, ended.text
        assert any("/manifests/1" in seen.target for seen in mirror.seen)


def test_an_insecure_registry_of_docker_is_one_of_the_build_and_of_no_other(
    tmp_path: Path,
) -> None:
    store = Store()
    loading, _ = serve_base(tmp_path, Registry(store))
    tls = CertificateAuthority("Nobody's").issue("registry.example").server_context()
    with loading, Server(Registry(store), tls=tls) as server:
        name = f"registry.example:{server.port}"
        daemon = json.dumps({"insecure-registries": [name]})
        files = {"docker/daemon.json": daemon}
        builds = on_a_host_with(tmp_path, f"{name}/base/busybox:1", files)
        context = builds.context("FROM BASE\nRUN echo built\n")
        resolve = ("--resolve", f"{name}:127.0.0.1")
        ended = builds.run("--as", "docker", *resolve, context)
        assert ended.code == 0, ended.text
        refused = builds.run("--as", "containerd", "--pull", *resolve, context)
        assert refused.code == 1
        assert "certificate signed by unknown authority" in refused.stderr
