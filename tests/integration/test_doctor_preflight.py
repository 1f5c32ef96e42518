"""What a preflight says of registries that are coped with, and of those that are not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.checked import Ran, run
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

pytestmark = [pytest.mark.integration, pytest.mark.root]


@pytest.fixture
def store() -> Store:
    made = Store()
    made.add_image("team/app", "1.0")
    return made


@pytest.fixture
def good(store: Store) -> Iterator[Server]:
    with Server(Registry(store)) as server:
        yield server


def preflight(directory: Path, server: Server, *mirrors: str) -> Ran:
    """``build --preflight=only`` of an image of ``server``, behind ``mirrors``."""
    context = directory / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(f"FROM {server.authority}/team/app:1.0\n")
    config = directory / "config.toml"
    config.write_text(f'[registry."{server.authority}"]\nmirrors = {json.dumps(list(mirrors))}\n')
    flags = ("--root", str(directory / "root"), "--preflight", "only", "--config", str(config))
    return run("build", *flags, str(context))


def test_a_dead_mirror_is_a_warning_about_us(good: Server, tmp_path: Path) -> None:
    ran = preflight(tmp_path, good, f"127.0.0.1:{free_port()}")
    said = ran.out + ran.err
    assert "WARNING tcp-connect-failure" in said
    assert "Breaks  regdoctor\n" in said
    assert ran.code == 0


def test_a_mirror_with_a_portal_before_it_is_a_warning(
    good: Server, store: Store, tmp_path: Path
) -> None:
    with Server(Registry(store, tamper=(faults.captive_portal,))) as portal:
        ran = preflight(tmp_path, good, portal.authority)
    said = ran.out + ran.err
    assert "WARNING" in said
    assert "ERROR" not in said
    assert "with a web page" in said
    assert ran.code == 0


def test_a_mirror_that_wants_a_login_is_named(good: Server, store: Store, tmp_path: Path) -> None:
    with Server(Registry(store, auth=BasicAuth({"user": "password"}))) as mirror:
        ran = preflight(tmp_path, good, mirror.authority)
    said = ran.out + ran.err
    assert "WARNING registry-mirror-needs-auth" in said
    assert "config.toml" in said
    assert ran.code == 0


def test_a_token_server_that_fails_stops_the_build(store: Store, tmp_path: Path) -> None:
    tamper = faults.status(faults.on("", "/token"), 500)
    auth = BearerAuth(TokenService())
    with Server(Registry(store, auth=auth, tamper=(tamper,))) as server:
        ran = preflight(tmp_path, server)
    assert "ERROR registry-unexpected-answer" in ran.out + ran.err
    assert ran.code == 1
