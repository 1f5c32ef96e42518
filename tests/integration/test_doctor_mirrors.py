"""Mirrors that fail, by whose configuration, and what is behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.fixtures.checked import check
from tests.fixtures.programs import free_port
from tests.fixtures.registry import (
    BasicAuth,
    BearerAuth,
    Registry,
    Server,
    Store,
    TokenService,
    faults,
)

pytestmark = pytest.mark.integration

HUB = ("--resolve", "registry-1.docker.io:443:127.0.0.1")
"""Docker Hub is not there: port 443 of loopback takes no connection."""


@pytest.fixture
def store() -> Store:
    made = Store()
    made.add_image("team/app", "1.0")
    made.add_image("library/busybox", "1.36")
    return made


@pytest.fixture
def good(store: Store) -> Iterator[Server]:
    with Server(Registry(store)) as server:
        yield server


def settings(directory: Path, domain: str, *mirrors: str, upstream: bool = True) -> str:
    path = directory / "config.toml"
    last = "" if upstream else "upstream = false\n"
    path.write_text(f'[registry."{domain}"]\nmirrors = {json.dumps(list(mirrors))}\n{last}')
    return str(path)


def host(directory: Path, files: Mapping[str, str]) -> tuple[str, str]:
    for name, content in files.items():
        path = directory / "host" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return "--host-root", str(directory / "host")


def test_a_dead_mirror_before_one_that_serves_is_a_warning(good: Server, tmp_path: Path) -> None:
    dead = f"127.0.0.1:{free_port()}"
    config = settings(tmp_path, "docker.io", dead, good.authority, upstream=False)
    ran = check("--config", config, "busybox:1.36")
    assert ran.findings["tcp-connect-failure"]["severity"] == "warning"
    assert ran.code == 0


def test_a_mirror_that_gives_pages_is_passed_over_and_told_of_once(
    good: Server, store: Store, tmp_path: Path
) -> None:
    image = f"{good.authority}/team/app:1.0"
    with Server(Registry(store, tamper=(faults.captive_portal,))) as portal:
        ran = check("--config", settings(tmp_path, good.authority, portal.authority), image)
        assert ran.serious == {"registry-unexpected-answer"}
        assert ran.findings["registry-unexpected-answer"]["severity"] == "warning"
        assert ran.code == 0
        config = settings(tmp_path, good.authority, portal.authority, upstream=False)
        ran = check("--config", config, image)
        assert ran.serious == {"registry-unexpected-answer"}
        assert ran.code == 1


def test_a_mirror_of_ours_alone_breaks_nobody_else(good: Server, tmp_path: Path) -> None:
    port = good.authority.rpartition(":")[2]
    mirror = f"mirror.example:{port}"
    config = settings(tmp_path, "docker.io", mirror, upstream=False)
    ran = check("--config", config, "--resolve", f"{mirror}:127.0.0.1", "busybox:1.36")
    assert ran.findings["http-response-to-https-client"]["breaks"] == ["regdoctor"]
    ran = check("--config", settings(tmp_path, "docker.io", good.authority, upstream=False), "x:1")
    assert ran.findings["image-not-found"]["breaks"] == ["regdoctor"]


def test_a_wrong_login_at_a_mirror_is_a_warning_where_the_origin_serves(
    good: Server, store: Store, tmp_path: Path
) -> None:
    users = {"user": "right"}
    auth = BearerAuth(TokenService(users, anonymous=False))
    with Server(Registry(store, auth=auth)) as mirror:
        login = tmp_path / "config.json"
        login.write_text(json.dumps({"auths": {mirror.authority: {"auth": "dXNlcjp3cm9uZw=="}}}))
        config = settings(tmp_path, good.authority, mirror.authority)
        environ = {"DOCKER_CONFIG": str(tmp_path)}
        ran = check("--config", config, f"{good.authority}/team/app:1.0", environ=environ)
    assert ran.findings["credentials-rejected"]["severity"] == "warning"
    assert ran.code == 0


def test_a_mirror_of_other_clients_that_is_the_target_itself_must_be_there(tmp_path: Path) -> None:
    dead = f"127.0.0.1:{free_port()}"
    daemon = json.dumps({"registry-mirrors": [f"http://{dead}"]})
    ran = check(*host(tmp_path, {"etc/docker/daemon.json": daemon}), dead)
    assert ran.serious == {"tcp-connect-failure"}
    assert ran.code == 1


def test_a_mirror_of_docker_that_is_the_target_itself_may_want_a_login(
    store: Store, tmp_path: Path
) -> None:
    with Server(Registry(store, auth=BasicAuth({"user": "password"}))) as server:
        daemon = json.dumps({"registry-mirrors": [server.url]})
        ran = check(*host(tmp_path, {"etc/docker/daemon.json": daemon}), server.authority)
    finding = ran.findings["registry-mirror-needs-auth"]
    assert (finding["severity"], finding["breaks"]) == ("info", ["docker"])
    assert ran.code == 0


def test_an_insecure_mirror_of_podman_may_speak_http(good: Server, tmp_path: Path) -> None:
    registries = (
        '[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n'
        f'[[registry.mirror]]\nlocation = "{good.authority}"\ninsecure = true\n'
    )
    files = host(tmp_path, {"etc/containers/registries.conf": registries})
    ran = check(*files, *HUB, "--as", "podman", "busybox:1.36")
    assert ran.serious == set()
    assert ran.code == 0


def test_an_insecure_mirror_of_podman_that_wants_a_login_breaks_podman(
    store: Store, tmp_path: Path
) -> None:
    with Server(Registry(store, auth=BasicAuth({"user": "password"}))) as mirror:
        registries = (
            '[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n'
            f'[[registry.mirror]]\nlocation = "{mirror.authority}"\ninsecure = true\n'
        )
        files = host(tmp_path, {"etc/containers/registries.conf": registries})
        ran = check(*files, *HUB, "--as", "podman", "busybox:1.36")
    finding = ran.findings["registry-mirror-needs-auth"]
    assert (finding["severity"], finding["breaks"]) == ("error", ["podman"])


def test_an_origin_that_no_one_needs_leaves_no_questions(good: Server, tmp_path: Path) -> None:
    daemon = json.dumps({"registry-mirrors": [good.url]})
    files = host(tmp_path, {"etc/docker/daemon.json": daemon})
    ran = check(*files, *HUB, "--as", "docker", "busybox:1.36")
    assert ran.findings["tcp-connect-failure"]["severity"] == "info"
    assert ran.open == set()
