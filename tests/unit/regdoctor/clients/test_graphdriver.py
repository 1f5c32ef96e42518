"""docker pull with graphdrivers: endpoints, trust, and what leads to the next endpoint."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.replay.scene import HUB, MIRROR, REGISTRY, contacted, planned, served

CERTS = "/etc/docker/certs.d"
CA = {f"{CERTS}/reg.example:5000/ca.crt": "{{pem:ca-reg}}"}
IMAGE = "reg.example:5000/a/img"
UPSTREAM = "https://registry-1.docker.io/v2/library/alpine yes"
VERSIONS = ["20.10.24", "24.0.9", "27.5.1", "29.7.2"]


def daemon(**settings: Any) -> dict[str, str]:
    named = {key.replace("_", "-"): value for key, value in settings.items()}
    return {"/etc/docker/daemon.json": json.dumps(named)}


def pulled(
    version: str, files: dict[str, str], reference: str = "alpine", **more: Any
) -> list[str]:
    return contacted("docker-pull", version, files, reference, store="graphdriver", **more)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_mirror_then_the_hub(version: str) -> None:
    urls = ["https://mirror.example:5000", "http://mirror2.example"]
    servers = [
        HUB,
        served("mirror.example:5000", "mirror-pub", status=404),
        served("mirror2.example:80", status=500),
    ]
    assert pulled(version, daemon(registry_mirrors=urls), servers=servers) == [
        "https://mirror.example:5000/v2/library/alpine yes",
        "http://mirror2.example/v2/library/alpine",
        UPSTREAM,
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_index_docker_io_is_the_hub(version: str) -> None:
    files = daemon(registry_mirrors=["https://mirror.example:5000"])
    assert pulled(version, files, "index.docker.io/library/alpine") == [
        "https://mirror.example:5000/v2/library/alpine yes"
    ]


def test_a_mirror_without_a_port_has_its_directory_without_a_port() -> None:
    files = daemon(registry_mirrors=["https://mirror.example"])
    servers = [HUB, served("mirror.example:443", "mirror")]
    exact = {f"{CERTS}/mirror.example/ca.crt": "{{pem:ca-mirror}}"}
    ported = {f"{CERTS}/mirror.example:443/ca.crt": "{{pem:ca-mirror}}"}
    url = "https://mirror.example"
    assert pulled("26.1.5", {**files, **exact}, servers=servers) == [f"{url}/v2/library/alpine yes"]
    assert pulled("26.1.5", {**files, **ported}, servers=servers) == [f"{url} no", UPSTREAM]


def test_the_broken_directory_of_a_mirror_is_the_end_of_the_pull() -> None:
    files = {
        **daemon(registry_mirrors=["http://mirror.example:5000"]),
        f"{CERTS}/mirror.example:5000/client.key": "{{pem:client-a.key}}",
    }
    plan = planned("docker-pull", "26.1.5", files, store="graphdriver")
    assert plan.refuses == "Missing client certificate client.cert for key client.key"
    assert pulled("26.1.5", files) == []


@pytest.mark.parametrize("proxy", ["", "http://proxy.example:3128"])
def test_addresses_of_mirrors_are_asked_for_before_anybody_is(proxy: str) -> None:
    urls = ["http://mirror.example:5000", "https://gone.example:5000"]
    lines = pulled(
        "20.10.24",
        daemon(registry_mirrors=urls),
        env={"HTTP_PROXY": proxy},
        servers=[served("mirror.example:5000", status=404), HUB, served("proxy.example:3128")],
    )
    assert lines[:2] == ["dns gone.example", "http://mirror.example:5000/v2/library/alpine"]


def test_the_address_of_a_mirror_that_is_named_as_insecure_is_not_asked_for() -> None:
    urls = ["http://mirror.example:5000", "https://gone.example:5000"]
    files = daemon(registry_mirrors=urls, insecure_registries=["gone.example:5000"])
    lines = pulled("20.10.24", files, servers=[served("mirror.example:5000")])
    assert lines == ["http://mirror.example:5000/v2/library/alpine"]


@pytest.mark.parametrize(
    ("mirrors", "lines"),
    [
        (["https://gone.example:5000", "https://mirror.example:5000"], ["dns gone.example"]),
        (["https://mirror.example:5000", "https://gone.example:5000"], []),
    ],
)
def test_a_broken_directory_ends_the_asking_for_addresses(
    mirrors: list[str], lines: list[str]
) -> None:
    broken = {f"{CERTS}/mirror.example:5000/client.key": "{{pem:client-a.key}}"}
    assert pulled("20.10.24", {**daemon(registry_mirrors=mirrors), **broken}) == lines


def test_the_address_of_a_registry_behind_a_proxy_is_asked_for() -> None:
    lines = pulled(
        "20.10.24",
        {},
        "gone.example:5000/img",
        env={"HTTPS_PROXY": "http://proxy.example:3128"},
        servers=[served("proxy.example:3128")],
    )
    assert lines[0] == "dns gone.example"


@pytest.mark.parametrize(("version", "plain"), [("20.10.24", True), ("28.5.2", False)])
def test_basic_without_a_credential_leads_to_http_in_old_releases(
    version: str, plain: bool
) -> None:
    servers = [served("localhost:5000", "loop", auth="basic")]
    assert pulled(version, {}, "localhost:5000/img", servers=servers) == [
        "https://localhost:5000 yes",
        *["http://localhost:5000"] * plain,
    ]


def test_names_of_a_directory_are_letter_for_letter() -> None:
    wrong = {f"{CERTS}/REG.example:5000/ca.crt": "{{pem:ca-reg}}"}
    assert pulled("28.5.2", wrong, IMAGE) == ["https://reg.example:5000 no"]
    assert pulled("28.5.2", CA, IMAGE) == ["https://reg.example:5000/v2/a/img yes"]


@pytest.mark.parametrize(
    ("entry", "reference"),
    [
        ("10.77.0.30/32", "reg.example:5000/a/img"),
        ("http://reg.example:5000", "reg.example:5000/a/img"),
        ("10.77.0.30:5000", "10.77.0.30:5000/a/img"),
    ],
)
def test_insecure_is_https_without_verification_then_http(entry: str, reference: str) -> None:
    files = daemon(insecure_registries=[entry])
    host = reference.partition("/")[0]
    assert pulled("24.0.9", files, reference) == [f"https://{host}/v2/a/img yes"]
    assert pulled("24.0.9", files, reference, servers=[served("reg.example:5000")]) == [
        f"https://{host} no",
        f"http://{host}/v2/a/img",
    ]


def test_an_https_endpoint_that_answered_keeps_http_away() -> None:
    servers = [served("reg.example:5000", "reg", manifest=404)]
    files = daemon(insecure_registries=["reg.example:5000"])
    assert pulled("24.0.9", files, IMAGE, servers=servers) == [
        "https://reg.example:5000/v2/a/img yes"
    ]


def test_a_name_that_resolves_to_loopback_is_insecure() -> None:
    servers = [served("localhost:5000")]
    names = {"loop.example": "127.0.0.1"}
    assert pulled("28.5.2", {}, "loop.example:5000/img", servers=servers, hosts=names) == [
        "https://loop.example:5000 no",
        "http://loop.example:5000/v2/img",
    ]


def test_a_registry_on_loopback_by_ipv6_is_insecure() -> None:
    (endpoint,) = planned(
        "docker-pull", "28.5.2", {}, "[::1]:5000/img", store="graphdriver"
    ).endpoints
    assert [each.scheme for each in endpoint.attempts] == ["https", "http"]
    assert not endpoint.transport.verify


def test_the_credential_of_the_hub_is_offered_to_every_mirror() -> None:
    auth = json.dumps({"auths": {"https://index.docker.io/v1/": {"auth": "aHViOmh1Yg=="}}})
    files = {
        **daemon(registry_mirrors=["https://mirror.example:5000"]),
        "/root/.docker/config.json": auth,
    }
    plan = planned("docker-pull", "28.5.2", files, store="graphdriver")
    assert [each.credential and each.credential.user for each in plan.endpoints] == ["hub", "hub"]


def test_tokens_come_by_get_with_the_registry_s_own_client() -> None:
    realm = {"bearer": "https://auth.example/token"}
    servers = [
        served("reg.example:5000", "reg", auth=realm),
        served("auth.example:443", "auth", token={"nopost": True}),
    ]
    both = {**CA, f"{CERTS}/reg.example:5000/auth.crt": "{{pem:ca-auth}}"}
    other = {**CA, f"{CERTS}/auth.example/ca.crt": "{{pem:ca-auth}}"}
    assert pulled("28.5.2", both, IMAGE, servers=servers) == [
        "https://reg.example:5000/v2/a/img yes",
        "https://auth.example yes",
    ]
    assert pulled("28.5.2", other, IMAGE, servers=servers) == [
        "https://reg.example:5000 yes",
        "https://auth.example no",
    ]


@pytest.mark.parametrize("version", ["19.03.15", "20.10.24"])
def test_a_head_without_a_length_is_the_end_since_there_are_heads(version: str) -> None:
    servers = [HUB, {**MIRROR, "head": "nolength"}]
    found = pulled(
        version, daemon(registry_mirrors=["https://mirror.example:5000"]), servers=servers
    )
    first = "https://mirror.example:5000/v2/library/alpine yes"
    assert found == ([first] if version == "19.03.15" else [first, UPSTREAM])


@pytest.mark.parametrize("answer", ["404", "401", "403", "500", "405", "nodigest"])
def test_any_other_head_is_made_good_by_a_get(answer: str) -> None:
    servers = [HUB, {**MIRROR, "head": answer}]
    files = daemon(registry_mirrors=["https://mirror.example:5000"])
    assert pulled("26.1.5", files, servers=servers) == [
        "https://mirror.example:5000/v2/library/alpine yes"
    ]


def test_proxies_of_the_file_win_over_the_environment() -> None:
    files = {
        **CA,
        **daemon(proxies={"https-proxy": "http://proxy.example:3128", "no-proxy": "ghcr.io"}),
    }
    servers = [REGISTRY, served("proxy.example:3128"), served("ghcr.io:443", "ghcr")]
    environment = {"https_proxy": "http://mirror.example:1", "NO_PROXY": "reg.example"}
    assert pulled("23.0.6", files, IMAGE, servers=servers, env=environment) == [
        "http://10.77.0.50:3128 CONNECT reg.example:5000",
        "https://reg.example:5000/v2/a/img yes",
    ]
    assert pulled("23.0.6", files, "ghcr.io/a/img", servers=servers, env=environment) == [
        "https://ghcr.io/v2/a/img yes"
    ]


@pytest.mark.parametrize("version", ["20.10.5", "20.10.24"])
def test_http_proxy_is_for_https_as_well_in_builds_with_an_old_go(version: str) -> None:
    servers = [REGISTRY, served("proxy.example:3128")]
    environment = {"HTTP_PROXY": "http://proxy.example:3128"}
    found = pulled(version, CA, IMAGE, servers=servers, env=environment)
    direct = ["https://reg.example:5000/v2/a/img yes"]
    proxy = ["http://10.77.0.50:3128 CONNECT reg.example:5000"]
    assert found == (proxy + direct if version == "20.10.5" else direct)
