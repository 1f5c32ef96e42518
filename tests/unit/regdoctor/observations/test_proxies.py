"""Proxy settings as they stand in the files of daemons and builders."""

from __future__ import annotations

import json

from regdoctor.observations.host import HostFiles
from regdoctor.observations.proxies import ProxySetting, daemon_settings
from tests.fixtures.scenes import host_files

DROP_IN = "/etc/systemd/system/docker.service.d/http-proxy.conf"
PROXY = "http://proxy.example:3128"


def settings(contents: dict[str, str], home: str = "") -> dict[str, ProxySetting]:
    files = host_files({path: text.encode() for path, text in contents.items()})
    files = HostFiles(files.files, files.directories, home)
    return {each.client: each for each in daemon_settings(files)}


def test_a_drop_in_of_the_unit() -> None:
    text = '[Service]\nEnvironment="HTTPS_PROXY=http://me:p%%40ss@proxy.example:3128" X=1\n'
    found = settings({DROP_IN: text + 'Environment="NO_PROXY=a.example,b.example"\n'})["docker"]
    assert (found.https, found.no_proxy, found.login) == (PROXY, "a.example,b.example", True)
    assert found.source == DROP_IN


def test_daemon_json_wins_over_the_unit() -> None:
    proxies = json.dumps({"proxies": {"https-proxy": "http://other.example:8080"}})
    drop_in = f"[Service]\nEnvironment=HTTPS_PROXY={PROXY} NO_PROXY=a.example\n"
    found = settings({DROP_IN: drop_in, "/etc/docker/daemon.json": proxies})["docker"]
    assert found.https == "http://other.example:8080"
    assert found.no_proxy == "a.example"
    assert found.source == "/etc/docker/daemon.json"


def test_a_later_empty_line_takes_all_away() -> None:
    more = "/etc/systemd/system/docker.service.d/zz.conf"
    first = f"[Service]\nEnvironment=HTTPS_PROXY={PROXY}\n"
    assert settings({DROP_IN: first, more: "[Service]\nEnvironment=\n"})["docker"].https == ""


def test_a_daemon_that_is_not_installed_has_no_setting() -> None:
    assert settings({"/etc/containers/registries.conf": ""}) == {}
    assert set(settings({"/etc/docker/daemon.json": "not json"})) == {"docker"}


def test_builders_in_containers_by_their_options() -> None:
    def instance(driver: str, options: object) -> str:
        return json.dumps({"Driver": driver, "Nodes": [{"DriverOpts": options}, 7]})

    directory = "/home/me/.docker/buildx/instances"
    found = settings(
        {
            f"{directory}/b": instance("docker-container", {"env.https_proxy": PROXY}),
            f"{directory}/k": instance("kubernetes", {}),
            f"{directory}/odd": "[]",
        },
        home="/home/me",
    )
    assert found["buildkit"].https == PROXY
    assert found["buildkit"].source == "the builder b"


def test_places_that_dockerd_does_not_read_are_named() -> None:
    contents = {
        "/etc/docker/daemon.json": "{}",
        "/etc/default/docker": f"# a comment\nexport HTTPS_PROXY={PROXY}\n",
        "/home/me/.docker/config.json": json.dumps({"proxies": {"default": {"httpsProxy": PROXY}}}),
    }
    found = settings(contents, home="/home/me")["docker"]
    assert found.https == ""
    assert [each.partition(" ")[0] for each in found.unread] == list(contents)[1:]
    quiet = {"/etc/docker/daemon.json": "{}", "/etc/default/docker": "# HTTPS_PROXY=\n"}
    assert settings(quiet)["docker"].unread == ()


def test_a_buildkitd_of_its_own() -> None:
    drop_in = DROP_IN.replace("docker.service", "buildkit.service")
    found = settings({drop_in: f"[Service]\nEnvironment=HTTPS_PROXY={PROXY}\n"})["buildkit"]
    assert (found.https, found.kind) == (PROXY, "daemon")
