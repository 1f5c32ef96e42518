"""Faults above TLS, by the command line, against the registries that tests can break."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fixtures.checked import check, run
from tests.fixtures.programs import docker_registry, free_port
from tests.fixtures.registry import (
    BasicAuth,
    BearerAuth,
    Nexus,
    Registry,
    Server,
    Store,
    TokenService,
    faults,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def store() -> Store:
    made = Store()
    made.add_image("team/app", "1.0")
    return made


def image(server: Server) -> str:
    return f"{server.authority}/team/app:1.0"


def test_a_healthy_registry_is_clean_and_asked_little(store: Store) -> None:
    with Server(Registry(store)) as server:
        ran = check(image(server))
        asked = [(seen.method, seen.path) for seen in server.seen]
    assert ran.report["findings"] == []
    assert ran.report["open"] == []
    assert ran.code == 0
    assert asked.count(("HEAD", "/v2/team/app/manifests/1.0")) == 1
    assert ("GET", "/v2/team/app/manifests/1.0") not in asked


def test_a_healthy_registry_with_tokens_is_clean(store: Store) -> None:
    with Server(Registry(store, auth=BearerAuth(TokenService()))) as server:
        ran = check(image(server))
    assert ran.report["findings"] == []
    assert ran.code == 0


@pytest.mark.parametrize("version", ["3.13.0-01", "3.14.0-04"])
def test_an_old_nexus_is_a_warning_and_exits_clean(version: str, store: Store) -> None:
    with Server(Nexus(Registry(store), version)) as server:
        ran = check(image(server))
        assert ran.serious == {"nexus-lt-3.15-head-404"}
        assert ran.findings["nexus-lt-3.15-head-404"]["severity"] == "warning"
        assert ran.code == 0
        assert check("--fail-on", "warning", image(server)).code == 1
        assert check("--as", "buildkit", image(server)).code == 1


def test_an_old_nexus_is_suspected_without_an_image_in_hand(store: Store) -> None:
    with Server(Nexus(Registry(store))) as server:
        ran = check(server.authority)
        assert ran.findings["nexus-lt-3.15-head-404"]["confidence"] == "likely"
        assert ran.open == {"nexus-lt-3.15-head-404"}
    with Server(Nexus(Registry(store), "3.15.0-01")) as server:
        assert check(server.authority).report["findings"] == []


def test_a_newer_nexus_is_clean(store: Store) -> None:
    with Server(Nexus(Registry(store), "3.15.0-01")) as server:
        assert check(image(server)).report["findings"] == []


def test_head_refused_by_somebody_else_is_not_called_nexus(store: Store) -> None:
    tamper = faults.status(faults.on("HEAD", "/manifests/"), 404)
    with Server(Registry(store, tamper=(tamper,))) as server:
        assert check(image(server)).serious == {"head-manifest-refused"}


def test_an_image_that_is_not_there(store: Store) -> None:
    with Server(Registry(store)) as server:
        ran = check(f"{server.authority}/team/app:2.0")
    assert ran.serious == {"image-not-found"}
    assert ran.code == 1


def test_an_old_nexus_without_the_image_is_only_not_found(store: Store) -> None:
    with Server(Nexus(Registry(store))) as server:
        assert check(f"{server.authority}/team/app:2.0").serious == {"image-not-found"}


def test_a_token_server_that_cannot_be_reached(store: Store) -> None:
    realm = f"http://127.0.0.1:{free_port()}/token"
    with Server(Registry(store, auth=BearerAuth(TokenService(), realm=realm))) as server:
        assert check(image(server)).serious == {"token-realm-wrong-port-or-host"}


def test_a_private_image_and_a_wrong_password(store: Store) -> None:
    auth = BearerAuth(TokenService({"user": "right"}, anonymous=False))
    with Server(Registry(store, auth=auth)) as server:
        ran = check(image(server))
        assert ran.serious == {"pull-access-denied-or-not-found"}
        assert ran.open == {"pull-access-denied-or-not-found"}
        login = ("-u", "user", "--password-stdin", image(server))
        assert check(*login, stdin="wrong\n").serious == {"credentials-rejected"}
        right = check(*login, stdin="right\n")
        assert right.report["findings"] == []
        assert right.code == 0


def test_a_login_is_tried_without_any_image(store: Store, tmp_path: Path) -> None:
    login = ("-u", "user", "--password-stdin")
    for auth in (
        BasicAuth({"user": "right"}),
        BearerAuth(TokenService({"user": "right"}, anonymous=False)),
    ):
        with Server(Registry(store, auth=auth)) as server:
            wrong = check(*login, server.authority, stdin="wrong\n")
            assert wrong.serious == {"credentials-rejected"}
            assert check(*login, server.authority, stdin="right\n").serious == set()
    with docker_registry(tmp_path / "registry", htpasswd={"user": "right"}) as registry:
        assert check(*login, registry.authority, stdin="wrong\n").code == 1
        assert check(*login, registry.authority, stdin="right\n").code == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("not json", "docker-config-json-malformed-or-directory"),
        ('{"credsStore": "is-not-installed"}', "credential-helper-not-in-path"),
        ('{"credsStore": "no/name"}', "credential-helper-not-in-path"),
    ],
)
def test_credentials_that_cannot_be_read_are_never_left_unsaid(
    content: str, code: str, store: Store, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(content)
    environ = {"DOCKER_CONFIG": str(tmp_path)}
    with Server(Registry(store, auth=BearerAuth(TokenService()))) as server:
        ran = check(image(server), environ=environ)
    assert ran.serious == {code}
    assert ran.code == 1


def test_no_secret_reaches_the_report_the_saved_file_or_the_trace(
    store: Store, tmp_path: Path
) -> None:
    auth = BearerAuth(TokenService({"user": "hunter2"}, anonymous=False))
    with Server(Registry(store, auth=auth)) as server:
        login = ("-v", "-u", "user", "--password-stdin", "--save", str(tmp_path / "seen.json"))
        ran = check(*login, image(server), stdin="hunter2\n")
        tokens = list(auth.tokens.grants)
    everything = ran.out + ran.err + (tmp_path / "seen.json").read_text()
    assert ran.code == 0
    assert "hunter2" not in everything
    assert "dXNlcjpodW50ZXIy" not in everything  # user:hunter2 in base64
    assert tokens
    assert not any(token in everything for token in tokens)
    assert "Bearer REDACTED" in ran.err


def test_a_mirror_that_wants_a_login_by_whose_configuration(store: Store, tmp_path: Path) -> None:
    with Server(Registry(store, auth=BasicAuth({"user": "password"}))) as server:
        settings = tmp_path / "config.toml"
        settings.write_text(
            f'[registry."docker.io"]\nmirrors = ["{server.authority}"]\nupstream = false\n'
        )
        ran = check("--config", str(settings), "team/app:1.0")
        assert ran.serious == {"registry-mirror-needs-auth"}
        assert ran.findings["registry-mirror-needs-auth"]["breaks"] == ["regdoctor"]
        daemon = tmp_path / "host/etc/docker/daemon.json"
        daemon.parent.mkdir(parents=True)
        daemon.write_text(json.dumps({"registry-mirrors": [server.url]}))
        ran = check("--as", "docker", "--host-root", str(tmp_path / "host"), "team/app:1.0")
        assert ran.findings["registry-mirror-needs-auth"]["breaks"] == ["docker"]


def test_a_real_mirror_that_is_open_is_clean(tmp_path: Path) -> None:
    store = Store()
    store.add_image("team/app", "1.0", docker=True)
    with (
        Server(Registry(store)) as origin,
        docker_registry(tmp_path / "mirror", upstream=origin.url) as mirror,
    ):
        settings = tmp_path / "config.toml"
        settings.write_text(
            f'[registry."docker.io"]\nmirrors = ["{mirror.authority}"]\nupstream = false\n'
        )
        ran = check("--config", str(settings), "team/app:1.0")
    assert ran.serious == set()
    assert ran.code == 0


def test_names_and_ports_that_lead_nowhere() -> None:
    ran = check("registry.invalid:5000")
    assert ran.serious == {"dns-lookup-failure"}
    assert ran.code == 1
    assert check(f"127.0.0.1:{free_port()}").serious == {"tcp-connect-failure"}


@pytest.mark.parametrize(
    ("tamper", "code"),
    [
        (faults.captive_portal, "registry-unexpected-answer"),
        (faults.status(faults.on("", "/v2/"), 503), "registry-unexpected-answer"),
        (faults.silent(faults.on()), "registry-unexpected-answer"),
        (faults.status(faults.on("", "/manifests/"), 429), "manifest-unexpected-answer"),
    ],
)
def test_answers_that_are_no_registrys_are_never_left_unsaid(
    tamper: faults.Tamper, code: str, store: Store
) -> None:
    with Server(Registry(store, tamper=(tamper,))) as server:
        ran = check(image(server))
    assert code in ran.serious
    assert ran.code == 1


def test_every_reference_of_a_dockerfile_is_looked_at(store: Store, tmp_path: Path) -> None:
    with Server(Registry(store)) as server:
        (tmp_path / "Dockerfile").write_text(
            f"ARG TAG=1.0\nFROM {server.authority}/team/app:$TAG AS base\n"
            f"FROM base\nCOPY --from={server.authority}/team/missing:1 / /\n"
        )
        ran = check(str(tmp_path))
    assert ran.report["targets"][0]["kind"] == "build"
    subjects = [finding["subject"] for finding in ran.report["findings"]]
    assert subjects == [f"{server.authority}/team/missing:1"]


def test_what_was_saved_is_judged_again_without_a_network(store: Store, tmp_path: Path) -> None:
    saved = tmp_path / "seen.json"
    with Server(Nexus(Registry(store))) as server:
        live = check("--save", str(saved), image(server))
    again = check("--replay", str(saved))
    assert again.report["findings"] == live.report["findings"]
    assert again.report["targets"] == live.report["targets"]


def test_escapes_from_a_server_do_not_reach_the_terminal(store: Store) -> None:
    tamper = faults.with_header(faults.on("HEAD", "/manifests/"), "Server", "evil\x1b]0;owned\x07")
    broken = faults.status(faults.on("HEAD", "/manifests/"), 404)
    with Server(Registry(store, tamper=(broken, tamper))) as server:
        ran = run("check", "-v", image(server))
    assert "\x1b" not in ran.out + ran.err
    assert "\x07" not in ran.out + ran.err
