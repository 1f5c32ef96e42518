"""Credentials of docker and podman, with the keys that their clients wrote over the years."""

import asyncio
import base64
import json
import os
from pathlib import Path

import pytest

from builder.registry import Credential, CredentialError, CredentialStore


def encoded(pair: str) -> dict[str, str]:
    return {"auth": base64.b64encode(pair.encode()).decode()}


def docker(tmp_path: Path, document: object) -> CredentialStore:
    text = document if isinstance(document, str) else json.dumps(document)
    (tmp_path / "config.json").write_text(text)
    return CredentialStore({"DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}:{os.defpath}"})


def podman(tmp_path: Path, document: object) -> CredentialStore:
    path = tmp_path / "auth.json"
    path.write_text(json.dumps(document))
    return CredentialStore({"REGISTRY_AUTH_FILE": str(path)}, home=tmp_path / "nobody")


def helper(tmp_path: Path, name: str, script: str) -> None:
    path = tmp_path / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


async def user(store: CredentialStore, host: str, repository: str = "") -> str | None:
    found = await store.lookup(host, repository)
    return found.username if found else None


async def test_auth_is_user_and_password_in_base64(tmp_path: Path) -> None:
    store = docker(tmp_path, {"auths": {"r.example:5000": encoded("me:pass:word")}})
    found = await store.lookup("r.example:5000")
    assert found is not None
    assert (found.username, found.password) == ("me", "pass:word")
    assert await store.lookup("r.example") is None
    assert "config.json r.example:5000" in found.source


async def test_secrets_are_never_shown(tmp_path: Path) -> None:
    entry = {"username": "me", "password": "hunter2", "identitytoken": "idt", "registrytoken": "rt"}
    found = await docker(tmp_path, {"auths": {"r.example": entry}}).lookup("r.example")
    assert found is not None
    assert (found.password, found.identity_token, found.registry_token) == ("hunter2", "idt", "rt")
    for secret in ("hunter2", "idt", "'rt'"):
        assert secret not in repr(found)


@pytest.mark.parametrize("name", ["docker.io", "index.docker.io", "registry-1.docker.io"])
@pytest.mark.parametrize(
    "key", ["https://index.docker.io/v1/", "docker.io", "https://registry-1.docker.io/v2/"]
)
async def test_docker_hub_has_one_credential_under_any_of_its_names(tmp_path, name, key) -> None:
    store = docker(tmp_path, {"auths": {key: encoded("me:x")}})
    assert await user(store, name) == "me"


@pytest.mark.parametrize(
    "key", ["https://r.example", "http://r.example/", "https://r.example/v1/", "r.example/v2/"]
)
async def test_keys_that_old_clients_wrote_as_urls_still_count(tmp_path, key) -> None:
    assert await user(docker(tmp_path, {"auths": {key: encoded("me:x")}}), "r.example") == "me"


async def test_the_exact_key_wins_over_a_url(tmp_path: Path) -> None:
    auths = {"https://r.example/v1/": encoded("old:x"), "r.example": encoded("new:x")}
    assert await user(docker(tmp_path, {"auths": auths}), "r.example") == "new"


async def test_an_empty_entry_is_no_credential(tmp_path: Path) -> None:
    assert await docker(tmp_path, {"auths": {"r.example": {}}}).lookup("r.example") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1: not JSON"),
        ("[]", "not a JSON object"),
        ('{"auths": []}', "auths: not a JSON object"),
        ('{"auths": {"r.example": 1}}', "auths: r.example: not a JSON object"),
        ('{"auths": {"r.example": {"auth": "!"}}}', "auths: r.example: auth is not base64"),
        ('{"auths": {"r.example": {"auth": "bWU="}}}', "is not user:password in base64"),
    ],
)
async def test_a_broken_file_is_one_line_that_names_it(tmp_path, text, words) -> None:
    with pytest.raises(CredentialError) as caught:
        await docker(tmp_path, text).lookup("r.example")
    assert str(caught.value).startswith(str(tmp_path / "config.json"))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_no_file_is_no_credential(tmp_path: Path) -> None:
    assert await CredentialStore({}, home=tmp_path).lookup("r.example") is None


async def test_the_home_directory_is_where_docker_looks_by_default(tmp_path: Path) -> None:
    (tmp_path / ".docker").mkdir()
    path = tmp_path / ".docker" / "config.json"
    path.write_text(json.dumps({"auths": {"r.example": encoded("me:x")}}))
    assert await user(CredentialStore({"HOME": str(tmp_path)}), "r.example") == "me"


async def test_podmans_longest_path_wins(tmp_path: Path) -> None:
    store = podman(
        tmp_path,
        {
            "auths": {
                "r.example": encoded("host:x"),
                "r.example/a": encoded("a:x"),
                "r.example/a/b": encoded("ab:x"),
            }
        },
    )
    assert await user(store, "r.example", "a/b") == "ab"
    assert await user(store, "r.example", "a/c") == "a"
    assert await user(store, "r.example", "other") == "host"
    assert await user(store, "other.example", "a/b") is None


async def test_podmans_path_is_not_for_the_rest_of_the_registry(tmp_path: Path) -> None:
    store = podman(tmp_path, {"auths": {"r.example/a": encoded("a:x")}})
    assert await user(store, "r.example", "b") is None


async def test_podman_knows_docker_hub_by_its_name(tmp_path: Path) -> None:
    store = podman(tmp_path, {"auths": {"docker.io/library": encoded("lib:x")}})
    assert await user(store, "registry-1.docker.io", "library/alpine") == "lib"
    assert await user(store, "registry-1.docker.io", "me/alpine") is None


async def test_podmans_files_are_found_in_runtime_and_configuration_directory(tmp_path) -> None:
    for place, name in (("run", "first"), ("conf", "second")):
        path = tmp_path / place / "containers" / "auth.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"auths": {f"{place}.example": encoded(f"{name}:x")}}))
    env = {"XDG_RUNTIME_DIR": str(tmp_path / "run"), "XDG_CONFIG_HOME": str(tmp_path / "conf")}
    store = CredentialStore(env)
    assert await user(store, "run.example") == "first"
    assert await user(store, "conf.example") == "second"


async def test_a_helper_is_asked_once_for_all_callers(tmp_path: Path) -> None:
    helper(
        tmp_path,
        "fake",
        f'read server; echo "$server" >> {tmp_path}/asked\n'
        'echo "{\\"ServerURL\\":\\"x\\",\\"Username\\":\\"me\\",\\"Secret\\":\\"s\\"}"',
    )
    store = docker(tmp_path, {"credsStore": "fake"})
    found = await asyncio.gather(*(store.lookup("r.example") for _ in range(5)))
    assert {credential.password for credential in found if credential} == {"s"}
    assert (tmp_path / "asked").read_text().split() == ["r.example"]
    await store.lookup("docker.io")
    assert (tmp_path / "asked").read_text().split()[-1] == "https://index.docker.io/v1/"


async def test_a_hosts_own_helper_wins_and_its_token_is_an_identity_token(tmp_path: Path) -> None:
    helper(tmp_path, "store", "exit 7")
    helper(tmp_path, "own", 'echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"idt\\"}"')
    store = docker(tmp_path, {"credsStore": "store", "credHelpers": {"r.example": "own"}})
    found = await store.lookup("r.example")
    assert found is not None
    assert (found.username, found.identity_token) == ("", "idt")


async def test_a_helper_that_has_nothing_leaves_the_file_to_answer(tmp_path: Path) -> None:
    helper(tmp_path, "fake", "echo credentials not found in native keychain; exit 1")
    document = {"credsStore": "fake", "auths": {"r.example": encoded("file:x")}}
    assert await user(docker(tmp_path, document), "r.example") == "file"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo the keychain is locked >&2; exit 1", "docker-credential-fake: the keychain is lock"),
        ("echo nonsense", "docker-credential-fake: printed no credential"),
    ],
)
async def test_a_helper_that_fails_is_named(tmp_path, script, words) -> None:
    helper(tmp_path, "fake", script)
    with pytest.raises(CredentialError, match=words):
        await docker(tmp_path, {"credsStore": "fake"}).lookup("r.example")


async def test_a_missing_helper_and_one_with_a_path_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="docker-credential-none: No such file"):
        await docker(tmp_path, {"credsStore": "none"}).lookup("r.example")
    with pytest.raises(CredentialError, match="not a name of a credential helper"):
        await docker(tmp_path, {"credsStore": "../../bin/sh"}).lookup("r.example")


async def test_a_given_credential_wins_over_every_file(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("broken")
    store = CredentialStore(
        {"DOCKER_CONFIG": str(tmp_path)}, given={"r.example": Credential("cli", "x")}
    )
    assert await user(store, "r.example") == "cli"
