"""Addresses that lead nowhere or to somebody else, each with its own code."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.checked import REPOSITORY, check, run
from tests.fixtures.deaf import deaf
from tests.fixtures.registry import BearerAuth, Registry, Server, TokenService
from tests.fixtures.registry.messages import Answer, Request
from tests.fixtures.resolver import A, resolver
from tests.fixtures.speaker import response, speaking

pytestmark = pytest.mark.integration

NAME = "registry.example"


def own_address() -> str:
    """Of loopback, so that tests side by side have port 443 each."""
    return f"127.{random.randint(20, 250)}.{random.randint(0, 255)}.{random.randint(1, 254)}"


def put(host: Path, path: str, text: str) -> None:
    file = host / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.root
def test_a_name_with_ipv6_alone_on_a_host_without_it() -> None:
    main = "import sys; from regdoctor.cli import main; sys.exit(main())"
    resolve = f"{NAME}:5000:2001:db8::1"
    command = [sys.executable, "-c", main, "check", "--format", "json", "--resolve", resolve]
    done = subprocess.run(
        [
            "unshare",
            "-n",
            "sh",
            "-c",
            'ip link set lo up; exec "$@"',
            "sh",
            *command,
            f"{NAME}:5000",
        ],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    found = [each["code"] for each in json.loads(done.stdout)["findings"]]
    assert found == ["ipv6-unreachable"]
    assert done.returncode == 1


def test_a_mirror_at_which_nobody_answers(tmp_path: Path) -> None:
    with deaf() as port, Server(Registry()) as origin:
        mirror = f"127.0.0.1:{port}"
        put(
            tmp_path,
            "config.toml",
            f'[registry."{origin.authority}"]\nmirrors = ["{mirror}"]\nhttp = true\n'
            f'[registry."{mirror}"]\nhttp = true\n',
        )
        fixed = ("check", "--format", "json", "--timeout", "1")
        ran = run(*fixed, "--config", str(tmp_path / "config.toml"), origin.authority)
    code = "dead-or-poisoned-mirror-deadline-exceeded"
    assert ran.serious == {code}
    assert ran.findings[code]["subject"] == mirror
    assert ran.findings[code]["severity"] == "warning"
    assert ran.open == set()


def test_a_registry_on_localhost_and_a_builder_in_a_container(tmp_path: Path) -> None:
    def built(options: dict[str, str]) -> None:
        instance = {"Driver": "docker-container", "Nodes": [{"DriverOpts": options}]}
        put(tmp_path, "root/.docker/buildx/instances/b", json.dumps(instance))

    given = ("--host-root", str(tmp_path), "--as", "buildkit")
    with Server(Registry()) as server:
        built({})
        ran = check(*given, server.authority)
        assert ran.serious == {"builder-localhost-registry-unreachable"}
        built({"network": "host"})
        assert check(*given, server.authority).serious == set()


@pytest.mark.root
def test_a_portal_in_place_of_a_public_registry() -> None:
    address = own_address()

    def portal(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(response("302 Found", "Location: http://portal.corp.example/login"))

    with speaking(portal, (address, 443)):
        ran = check("--resolve", f"ghcr.io:443:{address}", "ghcr.io")
    assert ran.serious == {"middlebox-answers-plain-http-on-443"}
    facts = [each["fact"] for each in ran.findings[next(iter(ran.serious))]["evidence"]]
    assert "Location: http://portal.corp.example/login" in facts
    assert ran.open == set()


class Application:
    """A web application that is no registry."""

    def answer(self, request: Request) -> Answer:
        return Answer(404, (("Content-Type", "text/html"),), b"<h1>Not Found</h1>")


@pytest.mark.root
def test_another_application_has_port_443(tmp_path: Path) -> None:
    root, address = CertificateAuthority("Example Root CA"), own_address()
    put(tmp_path, "etc/ssl/certs/ca-certificates.crt", root.pem.decode())
    ports = [each for port in (443, 80) for each in ("--resolve", f"{NAME}:{port}:{address}")]
    given = ("--host-root", str(tmp_path), *ports, NAME)
    context = root.issue(NAME).server_context()
    with Server(Application(), tls=context, listen=(address, 443)):
        assert check(*given).serious == {"registry-unexpected-answer"}
        with Server(Registry(), listen=(address, 80)):
            ran = check(*given)
    assert ran.serious == {"port-443-owned-by-another-application"}
    assert ran.open == set()


def test_a_token_server_by_its_address_is_a_note(tmp_path: Path) -> None:
    root = CertificateAuthority("Example Root CA")
    put(tmp_path, "etc/ssl/certs/ca-certificates.crt", root.pem.decode())
    auth = BearerAuth(TokenService())
    tokens = Registry(auth=BearerAuth(auth.tokens))
    with (
        Server(tokens, tls=root.issue("x", ips=["127.0.0.1"]).server_context()) as realm,
        Server(Registry(auth=auth), tls=root.issue(NAME).server_context(), name=NAME) as server,
    ):
        auth.realm = f"{realm.url}/token"
        given = ("--host-root", str(tmp_path), "--resolve", f"{server.authority}:127.0.0.1")
        ran = check(*given, server.authority)
    assert ran.serious == set()
    assert set(ran.findings) == {"token-realm-rejected-private-address"}
    assert ran.code == 0


@pytest.mark.root
def test_resolvers_that_do_not_agree_are_asked_one_by_one(tmp_path: Path) -> None:
    one, other = own_address(), own_address()
    settings = tmp_path / "resolv.conf"
    settings.write_text(f"nameserver {one}\nnameserver {other}\n")
    main = "import sys; from regdoctor.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", main, "check", "--format", "json", f"{NAME}:5000"]
    bound = f'mount --bind {settings} /etc/resolv.conf; exec "$@"'
    with (
        resolver({}, 3, listen=(one, 53)),
        resolver({A: "192.0.2.7"}, listen=(other, 53)),
    ):
        done = subprocess.run(
            ["unshare", "-m", "sh", "-e", "-c", bound, "sh", *command],
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    (finding,) = json.loads(done.stdout)["findings"]
    assert finding["code"] == "dns-lookup-failure"
    facts = [each["fact"] for each in finding["evidence"]]
    assert f"resolver {one} asked by itself: A NXDOMAIN, AAAA NXDOMAIN" in facts
    assert f"resolver {other} asked by itself: A 192.0.2.7, AAAA none" in facts
    assert facts[-1] == "the resolvers do not agree"
