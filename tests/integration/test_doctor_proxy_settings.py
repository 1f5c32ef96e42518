"""Proxies as clients are told to use them: by the wrong scheme, for the wrong host, not at all."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.checked import Ran, check
from tests.fixtures.registry import Registry, Server
from tests.fixtures.speaker import response, speaking
from tests.fixtures.tunnel import Tunnel

pytestmark = pytest.mark.integration

NAME = "registry.example"


@pytest.fixture(scope="module")
def root() -> CertificateAuthority:
    return CertificateAuthority("Example Root CA")


@pytest.fixture(scope="module")
def server(root: CertificateAuthority) -> Iterator[Server]:
    with Server(Registry(), tls=root.issue(NAME).server_context(), name=NAME) as running:
        yield running


@pytest.fixture
def host(root: CertificateAuthority, tmp_path: Path) -> Path:
    """A host with docker, and the root among its own."""
    put(tmp_path, "etc/ssl/certs/ca-certificates.crt", root.pem.decode())
    put(tmp_path, "etc/docker/daemon.json", "{}")
    return tmp_path


def put(host: Path, path: str, text: str) -> None:
    file = host / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def looked(host: Path, target: str, *arguments: str, **environ: str) -> Ran:
    return check("--host-root", str(host), *arguments, target, environ=environ)


@pytest.fixture
def proxy(server: Server) -> Iterator[Tunnel]:
    with Tunnel({server.authority: ("127.0.0.1", server.port)}) as running:
        yield running


def test_a_daemon_that_does_not_know_the_shells_proxy(
    host: Path, server: Server, proxy: Tunnel
) -> None:
    ran = looked(host, server.authority, "--as", "docker", HTTPS_PROXY=proxy.url)
    assert ran.serious == {"daemon-does-not-use-shell-proxy"}
    finding = ran.findings["daemon-does-not-use-shell-proxy"]
    assert finding["breaks"] == ["docker"]
    (change,) = [each for fix in finding["fixes"] for each in fix["files"]]
    assert change["path"] == "/etc/systemd/system/docker.service.d/http-proxy.conf"
    assert proxy.url in change["diff"]
    # With what the fix writes, all is well.
    text = "".join(line[1:] for line in change["diff"].splitlines(keepends=True))
    put(host, change["path"].lstrip("/"), text)
    ran = looked(host, server.authority, "--as", "docker", HTTPS_PROXY=proxy.url)
    assert ran.serious == set()


def test_quiet_where_the_way_without_a_proxy_is_open(
    host: Path, server: Server, proxy: Tunnel
) -> None:
    resolve = ("--resolve", f"{server.authority}:127.0.0.1")
    ran = looked(host, server.authority, "--as", "docker", *resolve, HTTPS_PROXY=proxy.url)
    assert ran.serious == set()


def test_a_builder_that_was_made_without_the_proxy(
    host: Path, server: Server, proxy: Tunnel
) -> None:
    def builder(options: dict[str, str]) -> None:
        node = {"Name": "b0", "Endpoint": "unix:///var/run/docker.sock", "DriverOpts": options}
        instance = {"Name": "b", "Driver": "docker-container", "Nodes": [node]}
        put(host, "root/.docker/buildx/instances/b", json.dumps(instance))

    builder({})
    ran = looked(host, server.authority, "--as", "buildkit", HTTPS_PROXY=proxy.url)
    assert ran.serious == {"buildx-container-builder-no-proxy"}
    builder({"env.https_proxy": proxy.url})
    ran = looked(host, server.authority, "--as", "buildkit", HTTPS_PROXY=proxy.url)
    assert ran.serious == set()


def clear_only(client: socket.socket) -> None:
    """A proxy as most are: what is no HTTP gets 400."""
    first = client.recv(4096)
    good = first.startswith(b"CONNECT ")
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n" if good else response("400 Bad Request"))


def test_a_proxy_in_the_clear_that_is_spoken_to_in_tls(host: Path, server: Server) -> None:
    with speaking(clear_only) as port:
        ran = looked(host, server.authority, HTTPS_PROXY=f"https://127.0.0.1:{port}")
    code = "proxyconnect-tls-record-https-proxy-scheme"
    assert ran.serious == {code}
    assert ran.findings[code]["breaks"] == ["podman", "regdoctor"]
    assert ran.open == set()


def test_a_proxy_in_tls_that_is_spoken_to_in_the_clear(
    host: Path, server: Server, root: CertificateAuthority
) -> None:
    context = root.issue("proxy.example").server_context()
    with Server(Registry(), tls=context) as proxy:
        ran = looked(host, server.authority, HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}")
    assert ran.serious == {"proxy-port-speaks-tls"}
    assert ran.open == set()


def test_an_entry_of_no_proxy_that_go_does_not_match(host: Path, server: Server) -> None:
    page = b"<html><head><title>Access denied</title></head></html>"
    with speaking(response("403 Forbidden", "Content-Type: text/html", body=page)) as port:
        proxies = {"HTTPS_PROXY": f"http://127.0.0.1:{port}", "NO_PROXY": f".{NAME}"}
        ran = looked(host, server.authority, **proxies)
        assert ran.serious == {"no-proxy-mistakes"}
        assert "begins with a dot" in ran.findings["no-proxy-mistakes"]["title"]
        good = {**proxies, "NO_PROXY": NAME}
        resolve = ("--resolve", f"{server.authority}:127.0.0.1")
        assert looked(host, server.authority, *resolve, **good).serious == set()


def test_a_daemons_proxy_that_refuses_is_told_and_its_login_is_not(
    host: Path, server: Server, tmp_path: Path
) -> None:
    saved = tmp_path / "seen.json"
    resolve = ("--resolve", f"{server.authority}:127.0.0.1", "--save", str(saved))
    with speaking(response("403 Forbidden")) as port:
        url = f"http://user:hunter2@127.0.0.1:{port}"
        put(host, "etc/docker/daemon.json", json.dumps({"proxies": {"https-proxy": url}}))
        ran = looked(host, server.authority, "-v", "--as", "docker", *resolve)
    assert ran.serious == {"tcp-connect-failure"}
    assert "/etc/docker/daemon.json" in ran.findings["tcp-connect-failure"]["title"]
    assert "hunter2" not in ran.out + ran.err + saved.read_text()


def test_a_daemon_with_a_proxy_of_its_own_does_not_break_where_the_shell_does(
    host: Path, server: Server, proxy: Tunnel
) -> None:
    put(host, "etc/docker/daemon.json", json.dumps({"proxies": {"https-proxy": proxy.url}}))
    ran = looked(host, server.authority)
    assert ran.serious == {"dns-lookup-failure"}
    breaks = ran.findings["dns-lookup-failure"]["breaks"]
    assert "docker" not in breaks
    assert "regdoctor" in breaks
