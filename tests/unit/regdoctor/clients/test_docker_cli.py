"""``docker login`` and ``docker manifest``."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.replay.scene import HUB, REGISTRY, contacted, planned, served

CERTS = "/etc/docker/certs.d"
IMAGE = "reg.example:5000/a/img"
SERVER = "reg.example:5000"
CA = {f"{CERTS}/{SERVER}/ca.crt": "{{pem:ca-reg}}"}
INSECURE = {"/etc/docker/daemon.json": json.dumps({"insecure-registries": [SERVER]})}
PLAIN = served(SERVER)


def logged_in(files: dict[str, str], server: str, *servers: Any, version: str = "28.5.2") -> Any:
    command = f"docker login -u u -p p {server}"
    return contacted("docker-login", version, files, server, servers, command=command)


def inspected(files: dict[str, str], *servers: Any, options: str = "", **more: Any) -> list[str]:
    command = f"docker manifest inspect {options} {IMAGE}"
    return contacted("docker-cli", "28.5.2", files, IMAGE, servers, command=command, **more)


@pytest.mark.parametrize("written", [SERVER, f"https://{SERVER}", f"http://{SERVER}/v2/"])
def test_login_goes_to_the_server_that_is_named(written: str) -> None:
    assert logged_in(CA, written, {**REGISTRY, "auth": "basic", "users": ["u:p"]}) == [
        f"https://{SERVER} yes"
    ]


@pytest.mark.parametrize("server", ["", "docker.io", "https://index.docker.io/v1/"])
def test_login_at_the_hub_is_never_at_a_mirror(server: str) -> None:
    files = {
        "/etc/docker/daemon.json": '{"registry-mirrors": ["https://mirror.example:5000"]}',
        f"{CERTS}/docker.io/ca.crt": "{{pem:ca-hub}}",
    }
    assert logged_in(files, server, HUB) == ["https://registry-1.docker.io yes"]
    private = served("registry-1.docker.io:443", "hub-priv")
    assert logged_in(files, server, private) == ["https://registry-1.docker.io no"]


def test_login_at_an_insecure_registry_is_https_then_http() -> None:
    assert logged_in(INSECURE, SERVER, PLAIN) == [f"https://{SERVER} no", f"http://{SERVER}"]
    refusing = {**REGISTRY, "auth": "basic", "users": ["other:p"]}
    assert logged_in(INSECURE, SERVER, refusing) == [f"https://{SERVER} yes"]
    missing = {**REGISTRY, "status": 404}
    assert logged_in(INSECURE, SERVER, missing) == [f"https://{SERVER} yes", f"http://{SERVER}"]


def test_login_does_not_read_hosts_toml() -> None:
    files = {f"{CERTS}/{SERVER}/hosts.toml": f'[host."https://{SERVER}"]\nskip_verify = true\n'}
    assert logged_in(files, SERVER, REGISTRY) == [f"https://{SERVER} no"]


def test_login_without_a_user_takes_the_one_that_is_stored() -> None:
    files = {"/root/.docker/config.json": json.dumps({"auths": {SERVER: {"auth": "dTpw"}}})}
    plan = planned("docker-login", "28.5.2", files, SERVER, command=f"docker login {SERVER}")
    assert [each.credential and each.credential.user for each in plan.endpoints] == ["u"]


def test_login_fails_with_the_daemon_and_with_a_broken_directory() -> None:
    wrong = {"/etc/docker/daemon.json": "{"}
    assert planned("docker-login", "28.5.2", wrong, SERVER).refuses.startswith(
        "unable to configure"
    )
    broken = {f"{CERTS}/{SERVER}/client.key": "{{pem:client-a.key}}"}
    assert planned("docker-login", "28.5.2", broken, SERVER).refuses.startswith("Missing client")


def test_manifest_reads_certs_d_itself() -> None:
    assert inspected(CA, REGISTRY) == [f"https://{SERVER}/v2/a/img yes"]


def test_manifest_does_not_know_the_daemon_s_file() -> None:
    assert inspected(INSECURE, REGISTRY) == [f"https://{SERVER} no"]
    notes = planned("docker-cli", "28.5.2", INSECURE, IMAGE).notes
    assert [note.kind for note in notes] == ["docker-manifest-cli-ignores-daemon-insecure"]
    assert planned("docker-cli", "28.5.2", {"/etc/docker/daemon.json": "{"}, IMAGE).notes == ()


def test_manifest_has_the_option_insecure() -> None:
    assert inspected(INSECURE, REGISTRY, options="--insecure") == [f"https://{SERVER}/v2/a/img yes"]
    assert inspected({}, PLAIN, options="--insecure") == [
        f"https://{SERVER} no",
        f"http://{SERVER}/v2/a/img",
    ]
    command = f"docker manifest inspect --insecure {IMAGE}"
    notes = planned("docker-cli", "28.5.2", INSECURE, IMAGE, command=command).notes
    assert [note.kind for note in notes] == ["verification-off"]


def test_manifest_falls_back_from_tls_alone() -> None:
    assert inspected({}, options="--insecure") == []
    (found,) = inspected({}, {**REGISTRY, "manifest": 404}, options="--insecure")
    assert found == f"https://{SERVER}/v2/a/img yes"


def test_manifest_pings_loopback_by_http_and_asks_nothing_there() -> None:
    command = "docker manifest inspect localhost:5000/img"
    servers = [served("localhost:5000")]
    assert contacted(
        "docker-cli", "28.5.2", {}, "localhost:5000/img", servers, command=command
    ) == ["https://localhost:5000 no", "http://localhost:5000"]


def test_manifest_has_the_command_s_environment() -> None:
    files = {"/x/b.pem": "{{pem:ca-reg}}"}
    trusting = {"SSL_CERT_FILE": "/x/b.pem"}
    assert inspected(files, REGISTRY, client_env=trusting) == [f"https://{SERVER}/v2/a/img yes"]
    assert inspected(files, REGISTRY, env=trusting) == [f"https://{SERVER} no"]


def test_manifest_fails_with_a_broken_directory() -> None:
    broken = {f"{CERTS}/{SERVER}/client.cert": "{{pem:client-a}}"}
    assert planned("docker-cli", "28.5.2", broken, IMAGE).refuses.startswith("missing key")
