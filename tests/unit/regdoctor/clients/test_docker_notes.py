"""Traps of ``daemon.json``: told where they are true, for that release, and nowhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.replay.scene import planned

CERTS = "/etc/docker/certs.d"
IMAGE = "reg.example:5000/a/img"
MIRROR = "https://mirror.example:5000"
RELEASES = ["19.03.15", "20.10.24", "23.0.6", "24.0.9", "25.0.6", "27.5.1", "28.5.2", "29.7.2"]


def daemon(**settings: Any) -> dict[str, str]:
    named = {key.replace("_", "-"): value for key, value in settings.items()}
    return {"/etc/docker/daemon.json": json.dumps(named)}


def kinds(
    client: str, version: str, files: dict[str, str], reference: str = "alpine", **more: Any
) -> list[str]:
    store = "graphdriver" if client == "docker-pull" else ""
    notes = planned(client, version, files, reference, **{"store": store, **more}).notes
    return [note.kind for note in notes if note.kind != "verification-off"]


BOTH_DIRECTORIES = {
    f"{CERTS}/{name}/ca.crt": "{{pem:ca-mirror}}" for name in ("docker.io", "mirror.example:5000")
}
HEALTHY: list[tuple[dict[str, str], str]] = [
    ({}, "alpine"),
    ({}, IMAGE),
    (daemon(registry_mirrors=[MIRROR]), "alpine"),
    (daemon(registry_mirrors=[MIRROR]), "mirror.example:5000/a/img"),
    (daemon(insecure_registries=["https://reg.example:5000"]), IMAGE),
    (daemon(insecure_registries=["other.example:5000", "192.168.0.0/16"]), IMAGE),
    ({f"{CERTS}/other.example/ca.crt": "{{pem:ca-reg}}"}, IMAGE),
    ({f"{CERTS}/reg.example:8443/ca.crt": "{{pem:ca-reg}}"}, IMAGE),
]


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize("client", ["docker-pull", "docker-build", "docker-login"])
@pytest.mark.parametrize(("files", "reference"), HEALTHY)
def test_a_healthy_configuration_has_no_notes(
    version: str, client: str, files: dict[str, str], reference: str
) -> None:
    assert kinds(client, version, files, reference) == []


@pytest.mark.parametrize("version", RELEASES[1:])
@pytest.mark.parametrize("client", ["docker-pull", "docker-build"])
def test_one_ca_in_both_directories_is_healthy(version: str, client: str) -> None:
    files = {**daemon(registry_mirrors=[MIRROR]), **BOTH_DIRECTORIES}
    assert kinds(client, version, files) == []


@pytest.mark.parametrize("version", RELEASES)
def test_mirrors_are_for_the_hub_alone(version: str) -> None:
    files = daemon(registry_mirrors=[MIRROR])
    told = ["registry-mirrors-only-apply-to-docker-io"]
    assert kinds("docker-pull", version, files, "ghcr.io/a/img") == told
    assert kinds("docker-build", version, files, "ghcr.io/a/img") == told
    assert kinds("docker-pull", version, files, "localhost:5000/img") == []
    own = {**files, f"{CERTS}/reg.example:5000/ca.crt": "{{pem:ca-reg}}"}
    assert told[0] not in kinds("docker-pull", version, own, IMAGE)
    default = {**files, f"{CERTS}/_default/ca.crt": "{{pem:ca-reg}}"}
    assert told[0] not in kinds("docker-pull", version, default, IMAGE)


@pytest.mark.parametrize(
    ("entry", "reference"),
    [
        ("reg.example", IMAGE),
        ("REG.example:5000", IMAGE),
        ("http://reg.example", IMAGE),
        ("reg.example:80", "reg.example/img"),
        ("reg.example:443", "reg.example/img"),
        ("reg.example", "reg.example:443/img"),
    ],
)
def test_an_entry_that_nearly_is_the_registry(entry: str, reference: str) -> None:
    files = daemon(insecure_registries=[entry])
    told = ["insecure-registries-entry-does-not-match"]
    assert kinds("docker-pull", "28.5.2", files, reference) == told
    both = daemon(insecure_registries=[entry, "10.77.0.0/24"])
    assert kinds("docker-pull", "28.5.2", both, reference) == []


@pytest.mark.parametrize("reference", [IMAGE, "reg.example/img"])
def test_another_port_is_another_registry(reference: str) -> None:
    files = daemon(insecure_registries=["reg.example:8443"])
    files[f"{CERTS}/reg.example:8443/ca.crt"] = "{{pem:ca-reg}}"
    assert kinds("docker-pull", "28.5.2", files, reference) == []


@pytest.mark.parametrize(
    ("version", "entry", "told"),
    [
        ("19.03.15", "reg.example:5000", True),
        ("19.03.15", "https://reg.example:5000", False),
        ("20.10.24", "reg.example:5000", True),
        ("24.0.9", "reg.example:5000", True),
        ("24.0.9", "10.77.0.0/24", True),
        ("24.0.9", "http://reg.example:5000", False),
        ("25.0.6", "reg.example:5000", False),
        ("26.1.5", "10.77.0.0/24", False),
    ],
)
def test_insecure_for_a_pull_and_not_for_a_build(version: str, entry: str, told: bool) -> None:
    files = daemon(insecure_registries=[entry])
    found = kinds("docker-build", version, files, IMAGE)
    assert found == ["buildkit-1809-ignored-insecure-registries"] * told
    assert kinds("docker-pull", version, files, IMAGE) == []


@pytest.mark.parametrize(("version", "told"), [("26.1.5", True), ("28.5.2", False)])
def test_a_network_makes_no_mirror_insecure_from_25_to_27(version: str, told: bool) -> None:
    files = daemon(registry_mirrors=[MIRROR], insecure_registries=["10.77.0.20/32"])
    expected = ["buildkit-1809-ignored-insecure-registries"]
    if not told:
        expected = ["docker-insecure-mirror-unverifies-hub"]
    assert kinds("docker-build", version, files) == expected


def test_nobody_is_told_of_loopback() -> None:
    for version in RELEASES:
        assert kinds("docker-build", version, {}, "localhost:5000/img") == []


@pytest.mark.parametrize(
    ("version", "told"),
    [("19.03.15", True), ("20.10.24", True), ("27.5.1", True), ("28", False)],
)
def test_the_scheme_of_a_mirror_is_dropped_in_builds_before_28(version: str, told: bool) -> None:
    files = daemon(registry_mirrors=["http://mirror.example:5000"])
    assert kinds("docker-build", version, files) == ["docker-build-mirror-scheme-dropped"] * told
    assert kinds("docker-pull", version, files) == []
    listed = daemon(
        registry_mirrors=["http://mirror.example:5000"],
        insecure_registries=["http://mirror.example:5000"],
    )
    assert "docker-build-mirror-scheme-dropped" not in kinds("docker-build", version, listed)


@pytest.mark.parametrize(
    ("version", "where"), [("24.0.9", " /v2/ by"), ("26.1.5", " /v2/proxy/ by"), ("28.5.2", "")]
)
def test_the_path_of_a_mirror_is_another_in_builds_before_28(version: str, where: str) -> None:
    files = daemon(registry_mirrors=[f"{MIRROR}/proxy"])
    notes = planned("docker-build", version, files).notes
    assert [note.kind for note in notes] == ["docker-build-mirror-path-differs"] * bool(where)
    assert all(where in note.sentence for note in notes)


def test_a_path_that_ends_in_v2_is_doubled_by_the_graphdriver_store() -> None:
    files = daemon(registry_mirrors=[f"{MIRROR}/v2"])
    assert kinds("docker-pull", "28.5.2", files) == ["docker-mirror-path-double-v2"]
    assert kinds("docker-build", "28.5.2", files) == []


def test_an_insecure_mirror_takes_the_hub_along_since_28() -> None:
    files = daemon(registry_mirrors=[MIRROR], insecure_registries=["mirror.example:5000"])
    told = ["docker-insecure-mirror-unverifies-hub"]
    assert kinds("docker-build", "28.5.2", files) == told
    assert kinds("docker-pull", "28.5.2", files, store="containerd") == told
    assert kinds("docker-build", "27.5.1", files) == []
    assert kinds("docker-pull", "28.5.2", files) == []


def test_host_tables_take_the_place_of_daemon_json_since_28() -> None:
    files = {
        **daemon(registry_mirrors=[MIRROR], insecure_registries=["reg.example:5000"]),
        f"{CERTS}/docker.io/hosts.toml": '[host."https://mirror2.example"]\n',
        f"{CERTS}/reg.example:5000/hosts.toml": '[host."https://reg.example:5000"]\n',
    }
    told = ["docker29-insecure-or-certsd-looks-configured"]
    assert kinds("docker-build", "28.5.2", files) == told
    assert kinds("docker-build", "29.7.2", files, IMAGE) == told
    assert told[0] not in kinds("docker-build", "27.5.1", files)


def test_19_03_draws_a_mirror() -> None:
    two = daemon(registry_mirrors=[MIRROR, "https://mirror2.example"])
    assert kinds("docker-build", "19.03.15", two) == ["docker1903-build-draws-one-mirror"]
    assert kinds("docker-build", "20.10.24", two) == []


@pytest.mark.parametrize("client", ["docker-pull", "docker-build"])
@pytest.mark.parametrize("key", ["registry-mirror", "insecure-registry", "https-proxy"])
def test_a_flag_as_a_key_is_told_because_dockerd_ignores_it(client: str, key: str) -> None:
    assert kinds(client, "26.1.5", daemon(**{key: [MIRROR]})) == ["setting-ignored"]
