"""builder-localhost-registry-unreachable: loopback of a builder in a container is its own."""

from __future__ import annotations

import json

import pytest

from regdoctor.observations.host import AskedClients, HostFiles
from regdoctor.observations.http import Answer, Ping
from regdoctor.observations.network import Role
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.scenes import API, HTTP, answer, found, host_files, registry_seen

CODE = "builder-localhost-registry-unreachable"
LOCAL = "http://localhost:5000"


def built(
    options: dict[str, str], *, endpoint: str = LOCAL, driver: str = "docker-container"
) -> Observations:
    written = endpoint.partition("://")[2]
    ping = answer("GET", "/v2/", 200, API, endpoint=endpoint)
    seen = registry_seen(endpoint, ping=ping, role=Role("registry", (written,), written))
    instance = json.dumps({"Driver": driver, "Nodes": [{"DriverOpts": options}]})
    files = host_files({"/home/me/.docker/buildx/instances/b": instance.encode()})
    seen.add(HOST, HostFiles(files.files, files.directories, "/home/me"))
    seen.add(HOST, AskedClients(("buildkit",)))
    return seen


@pytest.mark.parametrize("endpoint", [LOCAL, "http://127.0.0.1:5000"])
def test_fires_for_a_builder_with_a_network_of_its_own(endpoint: str) -> None:
    codes = found(built({}, endpoint=endpoint))
    assert set(codes) == {CODE}
    assert codes[CODE].severity == "error"
    assert "network=host" in codes[CODE].fixes[0].commands[0]


def test_quiet_for_a_builder_in_the_hosts_network() -> None:
    assert found(built({"network": "host"})) == {}


def test_quiet_for_another_driver_and_another_host() -> None:
    assert found(built({}, driver="docker")) == {}
    assert CODE not in found(built({}, endpoint=HTTP))


def test_quiet_where_nobody_answers_here_either() -> None:
    seen = built({})
    refused = Answer("GET", f"{LOCAL}/v2/", fault="connect", text="connection refused")
    seen.add(LOCAL, Ping(refused))
    assert CODE not in found(seen)
