"""docker's config.json."""

from __future__ import annotations

import json

import pytest

from regdoctor.clients.credentials import docker_auths, docker_config_path, docker_credential
from regdoctor.clients.filesystem import Filesystem
from tests.replay.hostfiles import tree

PATH = "/root/.docker/config.json"


def found(host: str, auths: object) -> str:
    files = Filesystem(tree({PATH: json.dumps({"auths": auths})}, {}, (), "").seen("/root"))
    credential = docker_credential(docker_auths(files, PATH), host)
    return credential.user if credential else ""


@pytest.mark.parametrize(
    ("key", "host", "user"),
    [
        ("reg.example:5000", "reg.example:5000", "u"),
        ("https://reg.example:5000/v2/", "reg.example:5000", "u"),
        ("reg.example", "reg.example:5000", ""),
        ("https://index.docker.io/v1/", "registry-1.docker.io", "u"),
        ("docker.io", "registry-1.docker.io", ""),
        ("https://index.docker.io/v1/", "mirror.example:5000", ""),
    ],
)
def test_which_key_is_whose(key: str, host: str, user: str) -> None:
    assert found(host, {key: {"auth": "dTpw"}}) == user


def test_user_and_password_apart() -> None:
    assert found("a.example", {"a.example": {"username": "v", "password": "p"}}) == "v"


@pytest.mark.parametrize("entry", [{"auth": "!"}, {"auth": "dQ=="}, {}, "dTpw", {"auth": 5}])
def test_what_is_no_credential_is_none(entry: object) -> None:
    assert found("a.example", {"a.example": entry}) == ""


def test_a_file_that_is_no_json_holds_nothing() -> None:
    files = Filesystem(tree({PATH: "{"}, {}, (), "").seen("/root"))
    assert docker_auths(files, PATH) == {}
    assert docker_auths(files, "/none") == {}


def test_the_secret_does_not_show() -> None:
    files = Filesystem(
        tree({PATH: '{"auths": {"a": {"auth": "dTpodW50ZXIy"}}}'}, {}, (), "").seen("/root")
    )
    assert "hunter2" not in repr(docker_auths(files, PATH))


def test_docker_config_names_a_directory() -> None:
    files = Filesystem(tree({}, {}, (), "").seen("/home/u"))
    assert docker_config_path(files, {"DOCKER_CONFIG": "/dk/"}) == "/dk/config.json"
    assert docker_config_path(files, {}) == "/home/u/.docker/config.json"
