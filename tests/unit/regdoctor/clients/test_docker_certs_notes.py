"""Traps of ``certs.d``."""

from __future__ import annotations

import json

import pytest

from tests.replay.scene import planned

CERTS = "/etc/docker/certs.d"
IMAGE = "reg.example:5000/a/img"
OWN = f"{CERTS}/reg.example:5000"
REG = "{{pem:ca-reg}}"
CLIENT = "{{pem:client-a}}"
KEY = "{{pem:client-a.key}}"
EXTENSION = "docker-certsd-cert-vs-crt-extension"
NAME = "docker-certsd-directory-name-port"
MIRRORED = {"/etc/docker/daemon.json": '{"registry-mirrors": ["https://mirror.example:5000"]}'}
INSECURE = {"/etc/docker/daemon.json": '{"insecure-registries": ["reg.example:5000"]}'}


def notes(
    client: str, version: str, files: dict[str, str], reference: str = IMAGE, store: str = ""
) -> list[tuple[str, str]]:
    chosen = store or ("graphdriver" if client == "docker-pull" else "")
    found = planned(client, version, files, reference, store=chosen).notes
    return [(note.kind, note.subject) for note in found if note.kind != "verification-off"]


@pytest.mark.parametrize("version", ["20.10.24", "26.1.5", "28.5.2"])
@pytest.mark.parametrize("client", ["docker-pull", "docker-build"])
def test_a_ca_and_a_pair_are_healthy(version: str, client: str) -> None:
    files = {f"{OWN}/ca.crt": REG, f"{OWN}/client.cert": CLIENT, f"{OWN}/client.key": KEY}
    assert notes(client, version, files) == []


@pytest.mark.parametrize("version", ["20.10.24", "26.1.5", "28.5.2"])
@pytest.mark.parametrize("client", ["docker-pull", "docker-build"])
@pytest.mark.parametrize("name", ["ca.pem", "ca.cer", "client.key", "ca.cert"])
def test_a_file_whose_extension_says_something_else(version: str, client: str, name: str) -> None:
    files = {f"{OWN}/{name}": KEY if name.endswith("key") else REG}
    assert notes(client, version, files) == [(EXTENSION, f"{OWN}/{name}")]


def test_a_client_certificate_that_is_taken_for_a_ca() -> None:
    files = {f"{OWN}/client.crt": CLIENT, f"{OWN}/client.key": KEY}
    assert notes("docker-pull", "28.5.2", files) == [(EXTENSION, f"{OWN}/client.crt")]
    assert notes("docker-build", "26.1.5", files) == [(EXTENSION, f"{OWN}/client.crt")]
    assert notes("docker-build", "28.5.2", files) == [(EXTENSION, f"{OWN}/client.key")]


def test_a_crt_without_pem_is_told_where_it_is_passed_over() -> None:
    files = {f"{OWN}/ca.crt": "der"}
    assert notes("docker-pull", "28.5.2", files) == [(EXTENSION, f"{OWN}/ca.crt")]
    assert notes("docker-build", "26.1.5", files) == [(EXTENSION, f"{OWN}/ca.crt")]
    assert planned("docker-build", "28.5.2", files, IMAGE).refuses


def test_a_cert_that_holds_its_key_is_fine_since_28_in_builds() -> None:
    files = {f"{OWN}/client.cert": CLIENT + "\n" + KEY}
    assert notes("docker-build", "28.5.2", files) == []
    assert notes("docker-pull", "28.5.2", files) == [(EXTENSION, f"{OWN}/client.cert")]


@pytest.mark.parametrize("version", ["20.10.24", "26.1.5", "28.5.2"])
@pytest.mark.parametrize("client", ["docker-pull", "docker-build"])
@pytest.mark.parametrize("name", ["reg.example", "REG.example:5000"])
def test_a_directory_that_nearly_is_the_registry(version: str, client: str, name: str) -> None:
    files = {f"{CERTS}/{name}/ca.crt": REG}
    assert notes(client, version, files) == [(NAME, name)]
    assert notes(client, version, {**files, f"{OWN}/ca.crt": REG}) == []


def test_the_directory_for_every_host_is_for_builds_since_28() -> None:
    files = {f"{CERTS}/_default/ca.crt": REG}
    assert notes("docker-build", "28.5.2", files) == []
    for client, version in (("docker-build", "27.5.1"), ("docker-pull", "28.5.2")):
        assert notes(client, version, files) == [(NAME, "_default")]
        assert notes(client, version, {**files, f"{OWN}/ca.crt": REG}) == []


def test_a_ca_that_the_system_trusts_is_missed_nowhere() -> None:
    held = {"/etc/ssl/certs/corporate.pem": "{{pem:ca-reg+ca-mirror}}"}
    near = {f"{CERTS}/reg.example/ca.crt": REG}
    assert notes("docker-pull", "28.5.2", {**held, **near}) == []
    mirror = {**MIRRORED, f"{CERTS}/mirror.example:5000/ca.crt": "{{pem:ca-mirror}}"}
    assert notes("docker-build", "28.5.2", {**held, **mirror}, "alpine") == []
    hub = {**MIRRORED, f"{CERTS}/docker.io/ca.crt": "{{pem:ca-mirror}}"}
    assert notes("docker-pull", "28.5.2", {**held, **hub}, "alpine") == []


def test_a_plain_mirror_wants_no_directory() -> None:
    plain = {"/etc/docker/daemon.json": '{"registry-mirrors": ["http://mirror.example:5000"]}'}
    files = {**plain, f"{CERTS}/docker.io/ca.crt": "{{pem:ca-mirror}}"}
    assert notes("docker-pull", "28.5.2", files, "alpine") == []


def test_443_is_a_name_of_its_own() -> None:
    files = {f"{CERTS}/reg.example:443/ca.crt": REG}
    assert notes("docker-pull", "28.5.2", files, "reg.example/img") == [(NAME, "reg.example:443")]
    assert notes("docker-pull", "28.5.2", files, "reg.example:443/img") == []
    assert notes("docker-pull", "28.5.2", files) == []


def test_the_form_with_underscores_is_for_builds_since_28() -> None:
    name = "reg.example_5000_"
    files = {f"{CERTS}/{name}/ca.crt": REG}
    assert notes("docker-build", "28.5.2", files) == []
    assert notes("docker-build", "27.5.1", files) == [(NAME, name)]
    assert notes("docker-pull", "28.5.2", files) == [(NAME, name)]


def test_an_empty_directory_is_nobody_s_mistake() -> None:
    assert notes("docker-pull", "28.5.2", {f"{CERTS}/reg.example/README": "x"}) == []


@pytest.mark.parametrize("name", ["registry-1.docker.io", "index.docker.io", "docker.io"])
def test_which_directory_is_for_the_hub(name: str) -> None:
    files = {f"{CERTS}/{name}/ca.crt": "{{pem:ca-hub}}"}
    told = [(NAME, name)]
    assert notes("docker-pull", "28.5.2", files, "alpine") == told
    for version in ("26.1.5", "28.5.2"):
        expected = [] if name == "docker.io" else told
        assert notes("docker-build", version, files, "alpine") == expected


def test_an_insecure_registry_s_directory_is_passed_over_by_the_graphdriver_store() -> None:
    files = {**INSECURE, f"{OWN}/client.cert": CLIENT, f"{OWN}/client.key": KEY}
    told = [("insecure-registry-certificates-ignored", "reg.example:5000")]
    assert notes("docker-pull", "28.5.2", files) == told
    assert notes("docker-build", "28.5.2", files) == []


def test_a_hosts_toml_is_for_builds_since_28() -> None:
    for name in ("_default", "reg.example:5000", "reg.example_5000_"):
        path = f"{CERTS}/{name}/hosts.toml"
        files = {path: '[host."https://mirror.example:5000"]\n'}
        told = ("docker-hosts-toml-not-read", path)
        assert told in notes("docker-pull", "28.5.2", files)
        assert told in notes("docker-build", "27.5.1", files)
        assert notes("docker-build", "28.5.2", files) == []


def test_a_mirror_wants_its_own_directory_before_28() -> None:
    files = {**MIRRORED, f"{CERTS}/docker.io/ca.crt": "{{pem:ca-mirror}}"}
    told = [(NAME, "mirror.example:5000")]
    assert notes("docker-pull", "28.5.2", files, "alpine") == told
    assert notes("docker-build", "27.5.1", files, "alpine") == told
    assert notes("docker-build", "28.5.2", files, "alpine") == []


@pytest.mark.parametrize("name", ["ca.crt", "client.cert"])
def test_a_mirror_has_the_directory_of_the_hub_since_28(name: str) -> None:
    directory = f"{CERTS}/mirror.example:5000"
    files = {**MIRRORED, f"{directory}/{name}": CLIENT + "\n" + KEY}
    told = [("docker-mirror-uses-origin-certsd-not-mirror-certsd", "mirror.example:5000")]
    assert notes("docker-build", "28.5.2", files, "alpine") == told
    assert notes("docker-pull", "28.5.2", files, "alpine", store="containerd") == told
    same = {**files, f"{CERTS}/docker.io/{name}": CLIENT + "\n" + KEY}
    assert notes("docker-build", "28.5.2", same, "alpine") == []
    default = {**files, f"{CERTS}/_default/{name}": CLIENT + "\n" + KEY}
    assert notes("docker-build", "28.5.2", default, "alpine") == []
    tables = {**files, f"{CERTS}/docker.io/hosts.toml": '[host."https://mirror.example:5000"]\n'}
    kinds = [kind for kind, _ in notes("docker-build", "28.5.2", tables, "alpine")]
    assert kinds == ["docker29-insecure-or-certsd-looks-configured"]


def test_the_ca_of_an_insecure_mirror_is_not_missed() -> None:
    settings = {
        "registry-mirrors": ["https://mirror.example:5000"],
        "insecure-registries": ["mirror.example:5000"],
    }
    files = {
        "/etc/docker/daemon.json": json.dumps(settings),
        f"{CERTS}/mirror.example:5000/ca.crt": "{{pem:ca-mirror}}",
    }
    kinds = [kind for kind, _ in notes("docker-build", "28.5.2", files, "alpine")]
    assert kinds == ["docker-insecure-mirror-unverifies-hub"]


def test_certificates_beside_a_hosts_toml_are_not_used() -> None:
    path = f"{OWN}/ca.crt"
    files = {f"{OWN}/hosts.toml": 'server = "https://reg.example:5000"\n', path: REG}
    told = [("docker29-insecure-or-certsd-looks-configured", "ca.crt")]
    assert notes("docker-build", "28.5.2", files) == told
    named = {**files, f"{OWN}/hosts.toml": 'server = "https://reg.example:5000"\nca = "ca.crt"\n'}
    assert notes("docker-build", "28.5.2", named) == []


def test_a_hosts_toml_that_does_not_parse_is_told_and_its_certificates_count() -> None:
    files = {f"{OWN}/hosts.toml": "[host\n", f"{OWN}/ca.crt": REG}
    assert notes("docker-build", "28.5.2", files) == [
        ("hosts-toml-does-not-parse", f"{OWN}/hosts.toml")
    ]


def test_19_03_builds_read_no_directory() -> None:
    files = {f"{OWN}/ca.crt": REG}
    told = [("docker1903-build-ignores-certsd", "reg.example:5000")]
    assert notes("docker-build", "19.03.15", files) == told
    assert notes("docker-pull", "19.03.15", files) == []


@pytest.mark.parametrize("name", ["reg.example:5000", "reg.example_5000_", "_default"])
@pytest.mark.parametrize("client", ["docker-pull", "docker-build"])
def test_containerd_s_directory_is_not_docker_s(client: str, name: str) -> None:
    files = {f"/etc/containerd/certs.d/{name}/hosts.toml": 'server = "https://x"\n'}
    told = [("dockerd-does-not-read-containerd-certsd", "reg.example:5000")]
    assert notes(client, "28.5.2", files) == told
    assert notes(client, "28.5.2", {**files, f"{OWN}/ca.crt": REG}) == []
    assert notes(client, "28.5.2", {**files, **INSECURE}) == []
    hub = {"/etc/containerd/certs.d/docker.io/hosts.toml": 'server = "https://x"\n'}
    assert notes(client, "28.5.2", {**hub, **MIRRORED}, "alpine") == []
