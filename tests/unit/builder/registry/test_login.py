"""Credentials kept and forgotten in docker's form."""

import json
import os
import stat
from pathlib import Path

import pytest

from builder.registry import Credential, CredentialError, CredentialStore
from builder.registry.login import forget, keep

ME = Credential("me", "s3cret")


def env(tmp_path: Path) -> dict[str, str]:
    return {"DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}:{os.defpath}"}


async def test_what_is_kept_is_found_again_and_forgotten(tmp_path: Path) -> None:
    environ = env(tmp_path / "docker")
    path = tmp_path / "docker" / "config.json"
    assert await keep("r.example:5000", ME, environ) == str(path)
    found = await CredentialStore(environ).lookup("r.example:5000")
    assert found is not None
    assert (found.username, found.password) == ("me", "s3cret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert await forget("r.example:5000", environ) is True
    assert await CredentialStore(environ).lookup("r.example:5000") is None
    assert await forget("r.example:5000", environ) is False


async def test_docker_hub_is_kept_under_its_old_key(tmp_path: Path) -> None:
    await keep("docker.io", Credential(identity_token="idt"), env(tmp_path))
    document = json.loads((tmp_path / "config.json").read_text())
    assert document == {"auths": {"https://index.docker.io/v1/": {"identitytoken": "idt"}}}


async def test_what_else_stands_in_the_file_stays_and_a_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    real.write_text('{"HttpHeaders": {"A": "b"}, "auths": {"other.example": {"auth": "eDp5"}}}')
    (tmp_path / "config.json").symlink_to(real)
    await keep("r.example", ME, env(tmp_path))
    document = json.loads(real.read_text())
    assert document["HttpHeaders"] == {"A": "b"}
    assert set(document["auths"]) == {"other.example", "r.example"}
    assert (tmp_path / "config.json").is_symlink()


async def test_a_configured_helper_keeps_the_secret_and_the_file_does_not(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"credsStore": "fake"}')
    helper = tmp_path / "docker-credential-fake"
    helper.write_text(f'#!/bin/sh\n(echo "$1"; cat; echo) >> {tmp_path}/told\n')
    helper.chmod(0o755)
    assert await keep("r.example", ME, env(tmp_path)) == "docker-credential-fake"
    assert "s3cret" not in (tmp_path / "config.json").read_text()
    action, entry = (tmp_path / "told").read_text().splitlines()
    assert action == "store"
    assert json.loads(entry) == {"ServerURL": "r.example", "Username": "me", "Secret": "s3cret"}
    assert await forget("r.example", env(tmp_path))
    assert (tmp_path / "told").read_text().splitlines()[-2:] == ["erase", "r.example"]


async def test_a_broken_file_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{broken")
    with pytest.raises(CredentialError, match="not JSON"):
        await keep("r.example", ME, env(tmp_path))
    assert (tmp_path / "config.json").read_text() == "{broken"


async def test_without_a_home_there_is_no_place(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="no place for credentials"):
        await keep("r.example", ME, {})


async def test_a_helper_that_refuses_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"credHelpers": {"r.example": "fake"}}')
    helper = tmp_path / "docker-credential-fake"
    helper.write_text("#!/bin/sh\ncat >/dev/null\necho locked\nexit 1\n")
    helper.chmod(0o755)
    with pytest.raises(CredentialError, match="docker-credential-fake: locked"):
        await keep("r.example", ME, env(tmp_path))
