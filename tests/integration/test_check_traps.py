"""Traps in the files of a host, found against real servers; with the fix they are quiet."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.checked import Ran, check
from tests.fixtures.programs import free_port
from tests.fixtures.registry import Registry, Server, Store

pytestmark = pytest.mark.integration

ORIGIN = "registry.example"
MIRROR = "mirror.example"
CONFIG = (
    b'version = 3\n[plugins."io.containerd.cri.v1.images".registry]\n'
    b'config_path = "/etc/containerd/certs.d"\n'
)


@pytest.fixture(scope="module")
def root() -> CertificateAuthority:
    return CertificateAuthority("Example Root CA")


@pytest.fixture(scope="module")
def mirror(root: CertificateAuthority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One that has the image."""
    store = Store()
    store.add_image("team/app", "1")
    pair = root.issue(MIRROR).write(tmp_path_factory.mktemp("served"))
    with Server(Registry(store), tls=pair) as server:
        yield f"{MIRROR}:{server.authority.rpartition(':')[2]}"


@pytest.fixture
def origin() -> str:
    """One to which no connection comes about."""
    return f"{ORIGIN}:{free_port()}"


def written(host: Path, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        file = host / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def judged(host: Path, client: str, origin: str, mirror: str) -> Ran:
    resolved = ("--resolve", f"{origin}:127.0.0.1", "--resolve", f"{mirror}:127.0.0.1")
    asked = ("--as", client, "--host-root", str(host), *resolved)
    return check(*asked, f"{origin}/team/app:1")


def test_a_hosts_toml_that_was_dropped_is_why_an_origin_that_nobody_reaches_is_asked(
    root: CertificateAuthority, origin: str, mirror: str, tmp_path: Path
) -> None:
    directory = f"/etc/containerd/certs.d/{origin}"
    right = f'[host."https://{mirror}"]\nca = "{directory}/ca.crt"\n'.encode()
    files = {
        "/etc/containerd/config.toml": CONFIG,
        f"{directory}/hosts.toml": right.replace(b'"]', b'"'),
        f"{directory}/ca.crt": root.pem,
    }
    written(tmp_path, files)
    ran = judged(tmp_path, "containerd", origin, mirror)
    finding = ran.findings["containerd-hosts-toml-wrong-structure"]
    assert (finding["severity"], finding["breaks"]) == ("error", ["containerd"])
    (fix,) = finding["fixes"]
    assert f"correct {directory}/hosts.toml" in fix["title"]
    written(tmp_path, {f"{directory}/hosts.toml": right})
    ran = judged(tmp_path, "containerd", origin, mirror)
    assert (ran.code, ran.serious) == (0, set())


def test_settings_for_a_part_of_a_registry_are_judged_by_the_image_that_is_asked_for(
    root: CertificateAuthority, origin: str, mirror: str, tmp_path: Path
) -> None:
    conf = (
        f'[[registry]]\nprefix = "{origin}/team"\nlocation = "{origin}/team"\n'
        f'[[registry.mirror]]\nlocation = "{mirror}/team"\n'
    )
    files = {"/etc/containers/registries.conf": conf.encode()}
    written(tmp_path, {**files, f"/etc/containers/certs.d/{mirror}/ca.pem": root.pem})
    ran = judged(tmp_path, "podman", origin, mirror)
    finding = ran.findings["docker-certsd-cert-vs-crt-extension"]
    assert finding["severity"] == "error"
    (fix,) = finding["fixes"]
    (command,) = fix["commands"]
    move, source, target = shlex.split(command)
    assert move == "mv"
    (tmp_path / source.lstrip("/")).rename(tmp_path / target.lstrip("/"))
    ran = judged(tmp_path, "podman", origin, mirror)
    assert (ran.code, ran.serious) == (0, set())
