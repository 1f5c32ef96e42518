"""Builds and the containerd store: which hosts an engine asks, generation by generation."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.replay.scene import HUB, MIRROR, REGISTRY, contacted, planned, served

CERTS = "/etc/docker/certs.d"
IMAGE = "reg.example:5000/a/img"
UPSTREAM = "https://registry-1.docker.io/v2/library/alpine yes"
MIRRORED = "https://mirror.example:5000/v2/library/alpine?ns=docker.io yes"
PLAIN = served("reg.example:5000")
REG_CA = "{{pem:ca-reg}}"


def daemon(**settings: Any) -> dict[str, str]:
    named = {key.replace("_", "-"): value for key, value in settings.items()}
    return {"/etc/docker/daemon.json": json.dumps(named)}


def built(version: str, files: dict[str, str], reference: str = "alpine", **more: Any) -> list[str]:
    return contacted("docker-build", version, files, reference, **more)


# -- 19.03 ----------------------------------------------------------------------------------------


def test_19_03_asks_one_mirror_and_nobody_after_it() -> None:
    files = daemon(registry_mirrors=["http://mirror.example:5000"])
    servers = [HUB, {**MIRROR, "manifest": 404}]
    assert built("19.03.15", files, servers=servers) == [
        "https://mirror.example:5000/v2/library/alpine yes"
    ]
    assert built("19.03.15", {}, servers=servers) == [UPSTREAM]


def test_19_03_does_not_read_certificates_in_a_build() -> None:
    files = {f"{CERTS}/reg.example:5000/ca.crt": REG_CA}
    assert built("19.03.15", files, IMAGE) == ["https://reg.example:5000 no"]
    assert contacted("docker-pull", "19.03.15", files, IMAGE) == [
        "https://reg.example:5000/v2/a/img yes"
    ]


def test_19_03_takes_an_entry_with_an_address_as_it_is_and_one_with_a_name_for_none() -> None:
    files = daemon(insecure_registries=["10.77.0.30:5000", "reg.example:5000"])
    assert built("19.03.15", files, "10.77.0.30:5000/a/img", servers=[PLAIN]) == [
        "http://10.77.0.30:5000/v2/a/img"
    ]
    assert built("19.03.15", files, IMAGE, servers=[PLAIN]) == ["https://reg.example:5000 no"]


@pytest.mark.parametrize("entry", ["http://reg.example:5000", "https://reg.example:5000"])
def test_19_03_speaks_plain_http_to_whatever_is_insecure(entry: str) -> None:
    files = daemon(insecure_registries=[entry])
    assert built("19.03.15", files, IMAGE, servers=[PLAIN]) == ["http://reg.example:5000/v2/a/img"]


# -- 20.10 to 24 ----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["20.10.24", "23.0.6", "24.0.9"])
def test_an_entry_with_a_name_has_no_effect_before_25(version: str) -> None:
    files = daemon(insecure_registries=["reg.example:5000", "10.77.0.0/24"])
    assert built(version, files, IMAGE) == ["https://reg.example:5000 no"]


@pytest.mark.parametrize(
    ("version", "found"),
    [("23.0.6", ["https://10.77.0.30:5000 no"]), ("24.0.1", ["http://10.77.0.30:5000/v2/a/img"])],
)
def test_an_entry_with_an_address_is_plain_http_in_24(version: str, found: list[str]) -> None:
    files = daemon(insecure_registries=["10.77.0.30:5000"])
    assert built(version, files, "10.77.0.30:5000/a/img", servers=[PLAIN]) == found


def test_an_entry_with_an_ipv6_address_is_plain_http_in_24() -> None:
    files = daemon(insecure_registries=["[fd00::1]:5000"])
    plan = planned("docker-build", "24.0.9", files, "[fd00::1]:5000/img")
    assert [each.url for each in plan.endpoints] == ["http://[fd00::1]:5000/v2"]


def test_https_in_an_entry_turns_verification_off_and_http_turns_tls_off() -> None:
    files = daemon(insecure_registries=["https://reg.example:5000"])
    assert built("20.10.24", files, IMAGE) == ["https://reg.example:5000/v2/a/img yes"]
    files = daemon(insecure_registries=["reg.example:5000", "http://reg.example:5000"])
    assert built("20.10.24", files, IMAGE, servers=[PLAIN]) == ["http://reg.example:5000/v2/a/img"]


def test_an_entry_for_the_hub_drops_the_mirrors_before_25() -> None:
    files = daemon(
        registry_mirrors=["https://mirror.example:5000"], insecure_registries=["https://docker.io"]
    )
    assert built("24.0.9", files) == [UPSTREAM]
    assert built("25.0.6", files) == [MIRRORED]


@pytest.mark.parametrize("version", ["20.10.24", "26.1.5"])
def test_a_mirror_s_directory_is_its_own_before_28(version: str) -> None:
    files = {
        **daemon(registry_mirrors=["https://mirror.example:5000"]),
        f"{CERTS}/mirror.example:5000/ca.crt": "{{pem:ca-mirror}}",
    }
    assert built(version, files, servers=[HUB, served("mirror.example:5000", "mirror")]) == [
        MIRRORED
    ]


@pytest.mark.parametrize("version", ["20.10.24", "26.1.5"])
def test_an_unreadable_file_of_a_mirror_is_the_end_of_the_build(version: str) -> None:
    files = {
        **daemon(registry_mirrors=["https://mirror.example:5000"]),
        f"{CERTS}/mirror.example:5000/client.cert": "{{pem:client-a}}",
    }
    plan = planned("docker-build", version, files)
    assert plan.refuses.startswith(
        f"failed to load keypair for {CERTS}/mirror.example:5000/client.cert"
    )


@pytest.mark.parametrize("version", ["20.10.24", "26.1.5"])
def test_a_mirror_on_loopback_is_plain_http_before_28(version: str) -> None:
    files = daemon(registry_mirrors=["https://localhost:5000"])
    assert built(version, files, servers=[HUB, served("localhost:5000")]) == [
        "http://localhost:5000/v2/library/alpine?ns=docker.io"
    ]


# -- 25 to 27 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "reference"),
    [
        ("reg.example:5000", IMAGE),
        ("http://reg.example:5000", IMAGE),
        ("10.77.0.0/24", IMAGE),
        ("10.77.0.30:5000", "10.77.0.30:5000/a/img"),
    ],
)
@pytest.mark.parametrize("version", ["25.0.1", "27.5.1", "28.0.0"])
def test_insecure_is_https_then_http_since_25(version: str, entry: str, reference: str) -> None:
    files = daemon(insecure_registries=[entry])
    host = reference.partition("/")[0]
    assert built(version, files, reference) == [f"https://{host}/v2/a/img yes"]
    assert built(version, files, reference, servers=[PLAIN]) == [
        f"https://{host} no",
        f"http://{host}/v2/a/img",
    ]


@pytest.mark.parametrize(
    ("version", "path"),
    [("24.0.9", "/v2/library/alpine"), ("25.0.6", "/v2/proxy/library/alpine")],
)
def test_the_path_of_a_mirror_stands_behind_v2_from_25_to_27(version: str, path: str) -> None:
    files = daemon(registry_mirrors=["https://mirror.example:5000/proxy/"])
    assert built(version, files) == [f"https://mirror.example:5000{path}?ns=docker.io yes"]


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("proxy", "/proxy/v2"),
        ("proxy/v2", "/proxy/v2"),
        ("v2/", "/v2"),
        ("v2/proxy", "/v2/proxy/v2"),
    ],
)
def test_the_path_of_a_mirror_stands_before_v2_since_28(written: str, path: str) -> None:
    files = daemon(registry_mirrors=[f"https://mirror.example:5000/{written}"])
    assert built("28.5.2", files) == [
        f"https://mirror.example:5000{path}/library/alpine?ns=docker.io yes"
    ]


def test_a_name_on_loopback_is_insecure_from_25_to_27() -> None:
    names = {"loop.example": "127.0.0.1"}
    servers = [served("localhost:5000")]
    broken = ["https://loop.example:5000 no"]
    for version, found in (
        ("24.0.9", broken),
        ("27.5.1", [*broken, "http://loop.example:5000/v2/img"]),
        ("28.5.2", broken),
    ):
        assert built(version, {}, "loop.example:5000/img", servers=servers, hosts=names) == found


def test_a_name_on_loopback_is_insecure_since_28_where_anything_is_configured() -> None:
    files = daemon(insecure_registries=["other.example"])
    names = {"loop.example": "127.0.0.1"}
    servers = [served("localhost:5000")]
    assert built("28.5.2", files, "loop.example:5000/img", servers=servers, hosts=names) == [
        "https://loop.example:5000 no",
        "http://loop.example:5000/v2/img",
    ]


# -- 28 and later ---------------------------------------------------------------------------------


@pytest.mark.parametrize("directory", ["reg.example_5000_", "reg.example:5000", "_default"])
def test_certs_d_is_one_of_containerd_since_28(directory: str) -> None:
    files = {f"{CERTS}/{directory}/ca.crt": REG_CA}
    assert built("28.5.2", files, IMAGE) == ["https://reg.example:5000/v2/a/img yes"]
    (found,) = built("27.5.1", files, IMAGE)
    assert found.endswith("yes") == (directory == "reg.example:5000")


def test_hosts_toml_takes_the_place_of_daemon_json() -> None:
    files = {
        **daemon(registry_mirrors=["https://mirror2.example"]),
        f"{CERTS}/docker.io/hosts.toml": '[host."https://mirror.example:5000"]\n',
    }
    assert built("29.7.2", files) == [MIRRORED]
    assert "mirror2.example" in [
        each.host for each in planned("docker-build", "27.5.1", files).endpoints
    ]


def test_a_hosts_toml_without_tables_leaves_daemon_json_its_mirrors() -> None:
    files = {
        **daemon(registry_mirrors=["https://mirror.example:5000"]),
        f"{CERTS}/docker.io/hosts.toml": 'ca = "/x/ca.pem"\n',
        "/x/ca.pem": "{{pem:ca-mirror}}",
    }
    assert built("28.5.2", files, servers=[HUB, served("mirror.example:5000", "mirror")]) == [
        MIRRORED
    ]


def test_a_hosts_toml_that_does_not_parse_leaves_certificates_and_mirrors() -> None:
    files = {
        **daemon(registry_mirrors=["https://mirror.example:5000"]),
        f"{CERTS}/docker.io/hosts.toml": "[host\n",
        f"{CERTS}/docker.io/ca.crt": "{{pem:ca-mirror}}",
    }
    servers = [HUB, served("mirror.example:5000", "mirror")]
    assert built("28.5.2", files, servers=servers) == [MIRRORED]


def test_the_capability_referrers_is_known_since_29() -> None:
    text = '[host."https://mirror.example:5000"]\ncapabilities = ["pull", "resolve", "referrers"]\n'
    files = {f"{CERTS}/docker.io/hosts.toml": text}
    assert built("28.5.2", files) == [UPSTREAM]
    assert built("29.7.2", files) == [MIRRORED]


def test_one_insecure_mirror_turns_verification_off_for_all_since_28() -> None:
    files = daemon(
        registry_mirrors=["https://mirror.example:5000", "https://mirror2.example"],
        insecure_registries=["mirror2.example"],
    )
    endpoints = planned("docker-build", "28.5.2", files).endpoints
    assert [each.transport.verify for each in endpoints] == [False] * 3
    assert [len(each.attempts) for each in endpoints] == [2, 2, 2]
    endpoints = planned("docker-build", "27.5.1", files).endpoints
    assert [each.transport.verify for each in endpoints] == [True, False, True]


def test_a_plain_mirror_stays_plain_where_another_is_insecure() -> None:
    files = daemon(
        registry_mirrors=["http://mirror.example:5000"],
        insecure_registries=["mirror.example:5000"],
    )
    mirror, _ = planned("docker-build", "28.5.2", files).endpoints
    assert [each.scheme for each in mirror.attempts] == ["http"]


def test_an_insecure_registry_without_a_port_is_asked_at_80_since_28() -> None:
    files = daemon(insecure_registries=["reg.example"])
    servers = [served("reg.example:80")]
    assert built("28.5.2", files, "reg.example/a/img", servers=servers) == [
        "http://reg.example/v2/a/img"
    ]
    assert built("27.5.1", files, "reg.example/a/img", servers=servers) == []


def test_a_client_pair_is_shown_to_an_insecure_registry_too() -> None:
    files = {
        **daemon(insecure_registries=["reg.example:5000"]),
        f"{CERTS}/reg.example:5000/client.cert": "{{pem:client-a}}",
        f"{CERTS}/reg.example:5000/client.key": "{{pem:client-a.key}}",
    }
    servers = [{**REGISTRY, "client_ca": "ca-client", "client_required": True}]
    for version in ("26.1.5", "28.5.2"):
        assert built(version, files, IMAGE, servers=servers) == [
            "https://reg.example:5000/v2/a/img yes"
        ]


def test_a_directory_that_cannot_be_used_is_the_end_of_the_build() -> None:
    files = {f"{CERTS}/reg.example:5000/a.crt": "no pem"}
    plan = planned("docker-build", "28.5.2", files, IMAGE)
    assert plan.refuses == f'unable to load CA cert "{CERTS}/reg.example:5000/a.crt"'
