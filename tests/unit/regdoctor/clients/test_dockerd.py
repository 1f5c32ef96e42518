"""dockerd's programs: which store pulls, whose credential goes where, and who fetches tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regdoctor.clients.dockerd import go_of
from regdoctor.clients.version import version as parsed
from tests.replay.scene import HUB, contacted, planned, served

CERTS = "/etc/docker/certs.d"
IMAGE = "reg.example:5000/a/img"
CA = {f"{CERTS}/reg.example:5000/ca.crt": "{{pem:ca-reg}}"}
DIRECT = "https://registry-1.docker.io/v2/library/alpine yes"


def daemon(**settings: Any) -> dict[str, str]:
    named = {key.replace("_", "-"): value for key, value in settings.items()}
    return {"/etc/docker/daemon.json": json.dumps(named)}


MIRRORED = daemon(registry_mirrors=["https://mirror.example:5000"])


def auths(*keys: str, home: str = "/root/.docker") -> dict[str, str]:
    """The password ``p`` of user ``u`` under every key."""
    held = {key: {"auth": "dTpw"} for key in keys}
    return {f"{home}/config.json": json.dumps({"auths": held})}


def bearer(leaf: str, **token: Any) -> list[dict[str, Any]]:
    realm = {"bearer": "https://auth.example/token", "service": "s"}
    return [
        served("reg.example:5000", "reg", auth=realm),
        served("auth.example:443", leaf, token=token),
    ]


@pytest.mark.parametrize(
    ("version", "settings", "store", "containerd"),
    [
        ("20.10.24", {"features": {"containerd-snapshotter": True}}, "", False),
        ("24.0.9", {"features": {"containerd-snapshotter": True}}, "", True),
        ("28.5.2", {}, "", False),
        ("29.7.2", {}, "", True),
        ("29.7.2", {"storage-driver": "overlay2"}, "", False),
        ("29.7.2", {"features": {"containerd-snapshotter": False}}, "", False),
        ("29.7.2", {}, "graphdriver", False),
        ("28.5.2", {}, "containerd", True),
    ],
)
def test_the_image_store_decides_how_a_pull_goes(
    version: str, settings: dict[str, Any], store: str, containerd: bool
) -> None:
    files = daemon(registry_mirrors=["https://mirror.example:5000"], **settings)
    (found,) = contacted("docker-pull", version, files, store=store)
    assert ("?ns=docker.io" in found) == containerd


def test_the_classic_builder_pulls_as_the_store_does() -> None:
    files = daemon(insecure_registries=["reg.example:5000"])
    servers = [served("reg.example:5000", "reg", head="404")]
    found = contacted("docker-classic", "20.10.24", files, IMAGE, servers=servers)
    assert found == ["https://reg.example:5000/v2/a/img yes"]


def test_the_containerd_store_gives_a_mirror_no_credential() -> None:
    files = {**MIRRORED, **auths("https://index.docker.io/v1/", "mirror.example:5000")}
    plan = planned("docker-pull", "28.5.2", files, store="containerd")
    assert [each.credential is not None for each in plan.endpoints] == [False, True]


def test_a_build_gives_every_host_the_credential_of_its_own_name() -> None:
    files = {**MIRRORED, **auths("https://index.docker.io/v1/", "mirror.example:5000")}
    plan = planned("docker-build", "28.5.2", files)
    assert [each.credential and each.credential.key for each in plan.endpoints] == [
        "mirror.example:5000",
        "https://index.docker.io/v1/",
    ]


@pytest.mark.parametrize("environment", [{"DOCKER_CONFIG": "/home/c/.docker"}, {"HOME": "/home/c"}])
def test_the_credential_is_the_command_s(environment: dict[str, str]) -> None:
    files = auths("reg.example:5000", home="/home/c/.docker")
    for client in ("docker-pull", "docker-build"):
        plan = planned(client, "26.1.5", files, IMAGE, client_env=environment)
        assert plan.endpoints[0].credential is not None
        # The daemon has a directory of this kind as well, which is not asked.
        plan = planned(client, "26.1.5", files, IMAGE, env={"DOCKER_CONFIG": "/home/c/.docker"})
        assert plan.endpoints[0].credential is None


def test_the_directory_of_settings_may_be_an_option() -> None:
    files = auths("reg.example:5000", home="/conf")
    command = f"docker --config /conf pull {IMAGE}"
    plan = planned("docker-pull", "26.1.5", files, IMAGE, command=command)
    assert plan.endpoints[0].credential is not None


def test_the_command_fetches_the_tokens_of_a_build() -> None:
    files = {**CA, "/x/a.pem": "{{pem:ca-auth}}"}
    servers = bearer("auth")
    trusting = {"SSL_CERT_FILE": "/x/a.pem"}
    fetched = contacted("docker-build", "28.5.2", files, IMAGE, servers, client_env=trusting)
    assert fetched[-1] == "https://auth.example yes"
    fetched = contacted("docker-build", "28.5.2", files, IMAGE, servers, env=trusting)
    assert fetched[-1] == "https://auth.example no"


def test_the_daemon_fetches_them_where_the_command_is_told_so() -> None:
    files = {**CA, f"{CERTS}/reg.example:5000/auth.crt": "{{pem:ca-auth}}"}
    told = {"BUILDKIT_NO_CLIENT_TOKEN": "1"}
    found = contacted("docker-build", "28.5.2", files, IMAGE, bearer("auth"), client_env=told)
    assert found[-1] == "https://auth.example yes"
    found = contacted("docker-build", "28.5.2", files, IMAGE, bearer("auth"), env=told)
    assert found[-1] == "https://auth.example no"


@pytest.mark.parametrize(
    ("version", "trusted"), [("26.1.5", "no"), ("28.5.2", "no"), ("29", "yes")]
)
def test_tokens_of_the_containerd_store_have_the_registry_s_settings_since_29(
    version: str, trusted: str
) -> None:
    files = {**CA, f"{CERTS}/reg.example:5000/auth.crt": "{{pem:ca-auth}}"}
    found = contacted("docker-pull", version, files, IMAGE, bearer("auth"), store="containerd")
    assert found[-1] == f"https://auth.example {trusted}"


@pytest.mark.parametrize("nopost", [False, True])
@pytest.mark.parametrize("version", ["20.10.24", "26.1.5"])
def test_a_realm_without_post_serves_every_build(version: str, nopost: bool) -> None:
    files = {**CA, **auths("reg.example:5000")}
    servers = bearer("auth-pub", nopost=nopost)
    assert contacted("docker-build", version, files, IMAGE, servers) == [
        "https://reg.example:5000/v2/a/img yes",
        "https://auth.example yes",
    ]


def test_what_is_set_before_the_command_is_not_the_daemon_s() -> None:
    files = {**CA, "/x/a.pem": "{{pem:ca-auth}}"}
    command = "SSL_CERT_FILE=/x/a.pem docker build ."
    found = contacted("docker-build", "28.5.2", files, IMAGE, bearer("auth"), command=command)
    assert found[-1] == "https://auth.example yes"


@pytest.mark.parametrize("client", ["docker-pull", "docker-build", "docker-classic"])
def test_a_daemon_that_does_not_start_contacts_nobody(client: str) -> None:
    files = daemon(registry_mirrors=["mirror.example:5000"])
    assert contacted(client, "28.5.2", files) == []
    files = daemon(insecure_registries=["reg.example:5000/"])
    assert "invalid host" in planned(client, "28.5.2", files).refuses


def test_releases_that_were_not_executed_say_so() -> None:
    told = {
        version: planned("docker-pull", version).executed for version in ("19.03", "27.5", "29")
    }
    assert told == {"19.03": False, "27.5": False, "29": True}


def test_what_an_engine_is_built_with() -> None:
    assert [go_of(parsed(each)) for each in ("19.03.15", "20.10.5", "20.10.8", "23.0.6")] == [
        (1, 12),
        (1, 15),
        (1, 19),
        (1, 22),
    ]


def test_an_insecure_registry_is_told_as_a_danger() -> None:
    files = daemon(insecure_registries=["reg.example:5000"])
    kinds = [note.kind for note in planned("docker-pull", "28.5.2", files, IMAGE).notes]
    assert kinds == ["verification-off"]
    assert contacted("docker-pull", "28.5.2", {}, servers=[HUB]) == [DIRECT]


ENTRIES = st.sampled_from(
    [
        "",
        "reg.example:5000",
        "http://",
        "https://[::1]:5000/x",
        "https://[",
        "10.0.0.1:5000",
        "10.0.0.0/33",
        "fe80::/10",
        "://",
        "https://m/?q#f",
        "-",
    ]
)
ANYTHING = st.one_of(st.none(), st.booleans(), st.integers(), ENTRIES, st.lists(ENTRIES))
NAMES = ["registry-mirrors", "insecure-registries", "proxies", "features", "storage-driver"]


@given(
    configured=st.dictionaries(st.sampled_from(NAMES), ANYTHING),
    reference=st.sampled_from(["alpine", IMAGE, "localhost:5000/img", "[::1]:5000/img"]),
)
@settings(max_examples=60, deadline=None)
def test_whatever_stands_in_daemon_json_a_plan_comes_out(
    configured: dict[str, Any], reference: str
) -> None:
    files = {"/etc/docker/daemon.json": json.dumps(configured)}
    for version in ("19.03.15", "20.10.24", "24.0.9", "26.1.5", "29.7.2"):
        for client in ("docker-pull", "docker-build"):
            plan = planned(client, version, files, reference)
            assert plan.refuses or plan.endpoints
