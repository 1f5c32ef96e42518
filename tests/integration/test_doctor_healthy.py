"""What is healthy is quiet, for every client that is rightly configured, live and replayed."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from regdoctor.cli import main
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.hosttree import Configured
from tests.fixtures.programs import DISTRIBUTION_3, docker_registry
from tests.fixtures.registry import (
    BasicAuth,
    BearerAuth,
    Mirror,
    Registry,
    Server,
    Store,
    TokenService,
    Upstream,
    faults,
)
from tests.fixtures.tunnel import Tunnel

pytestmark = pytest.mark.integration

NAME, AUTH, STORAGE, CACHE = (
    f"{name}.corp.example" for name in ("registry", "auth", "storage", "mirror")
)
LOCAL = "registry.local"
"""A name of the local network, at which crane and kaniko speak HTTP without being told."""
USER, PASSWORD = "builder", "hunter2-of-the-healthy"
CLIENTS = (
    *("docker", "docker-build", "buildkit", "containerd", "podman", "skopeo", "buildah"),
    *("crane", "regdoctor", "all"),
)


@dataclass(frozen=True)
class Setup:
    """A registry that runs, and the host and command line that are right for it."""

    authority: str
    root: Path
    arguments: tuple[str, ...] = ()
    environ: dict[str, str] = field(default_factory=dict)
    stdin: str = ""
    servers: tuple[Server, ...] = ()
    image: str = "team/app:1.0"
    private: bool = False


class Made:
    """Makes the set-ups; everything started ends with ``stack``."""

    def __init__(self, directory: Path, stack: contextlib.ExitStack) -> None:
        self.directory, self.stack = directory, stack
        self.ca = CertificateAuthority("Example Corporate Root")
        self.issuing = self.ca.intermediate()
        self.pem = directory / "root.pem"
        self.pem.write_bytes(self.ca.pem)
        self.store = Store()
        self.store.add_image("team/app", "1.0")
        self.store.add_image("library/busybox", "1.36")

    def pair(self, name: str, address: str = "127.0.0.1") -> tuple[Path, Path]:
        return self.issuing.issue(name, ips=[address]).write(self.directory / name)

    def server(
        self,
        registry: Registry,
        name: str,
        *,
        tls: Any = True,
        listen: tuple[str, int] = ("127.0.0.1", 0),
    ) -> Server:
        pair = self.pair(name, listen[0]) if tls is True else tls
        return self.stack.enter_context(
            Server(registry, tls=pair or None, name=name, listen=listen)
        )

    def setup(
        self, about: Configured, *more: str, servers: tuple[Server, ...] = (), **rest: Any
    ) -> Setup:
        root = self.directory / "host"
        about.write(root)
        arguments = [*more, "--host-root", str(root)]
        for each in servers:
            arguments += ["--resolve", f"{each.authority}:127.0.0.1"]
        settings = self.directory / "own.toml"
        if about.plain:
            settings.write_text(f'[registry."{about.authority}"]\nhttp = true\n')
            arguments += ["--config", str(settings)]
        if about.ca:
            arguments += ["--ca", str(self.pem)]
        private = bool(about.ca)
        return Setup(
            about.authority, root, tuple(arguments), servers=servers, private=private, **rest
        )


def plain(made: Made) -> Setup:
    server = made.server(Registry(made.store), LOCAL, tls=False)
    return made.setup(Configured(server.authority, plain=True), servers=(server,))


def private_ca(made: Made) -> Setup:
    server = made.server(Registry(made.store), NAME)
    return made.setup(Configured(server.authority, ca=made.ca.pem), servers=(server,))


def mutual(made: Made) -> Setup:
    issued = made.ca.issue("builder", usages=(ExtendedKeyUsageOID.CLIENT_AUTH,))
    cert, key = issued.write(made.directory, "client")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*made.pair(NAME))
    context.load_verify_locations(made.pem)
    context.verify_mode = ssl.CERT_REQUIRED
    server = made.server(Registry(made.store), NAME, tls=context)
    pair = (issued.pem, issued.key_pem)
    about = Configured(server.authority, ca=made.ca.pem, pair=pair)
    return made.setup(about, "--cert", str(cert), "--key", str(key), servers=(server,))


def login(made: Made, about: Configured, *servers: Server) -> Setup:
    return made.setup(about, "-u", USER, "--password-stdin", servers=servers, stdin=f"{PASSWORD}\n")


def tokens(made: Made) -> Setup:
    auth = BearerAuth(TokenService({USER: PASSWORD}, anonymous=False))
    other = made.server(Registry(auth=BearerAuth(auth.tokens)), AUTH)
    auth.realm = f"{other.url}/token"
    server = made.server(Registry(made.store, auth=auth), NAME)
    logins = {server.authority: (USER, PASSWORD)}
    about = Configured(server.authority, ca=made.ca.pem, kin=(other.authority,), logins=logins)
    return login(made, about, server, other)


def anonymous_tokens(made: Made) -> Setup:
    auth = BearerAuth(TokenService())
    other = made.server(Registry(auth=BearerAuth(auth.tokens)), AUTH)
    auth.realm = f"{other.url}/token"
    server = made.server(Registry(made.store, auth=auth), NAME)
    about = Configured(server.authority, ca=made.ca.pem, kin=(other.authority,))
    return made.setup(about, servers=(server, other))


def basic(made: Made) -> Setup:
    server = made.server(Registry(made.store, auth=BasicAuth({USER: PASSWORD})), NAME)
    logins = {server.authority: (USER, PASSWORD)}
    return login(made, Configured(server.authority, ca=made.ca.pem, logins=logins), server)


def mirror(made: Made) -> Setup:
    origin = made.server(Registry(made.store), NAME)
    upstream = Upstream(f"https://127.0.0.1:{origin.port}", ca=made.pem)
    cache = made.server(Mirror(upstream, Store()), CACHE)
    own = made.directory / "own.toml"
    own.write_text(f'[registry."{origin.authority}"]\nmirrors = ["{cache.authority}"]\n')
    about = Configured(origin.authority, ca=made.ca.pem, mirror=cache.url)
    return made.setup(about, "--config", str(own), servers=(origin, cache))


def hub_mirror(made: Made) -> Setup:
    """Docker Hub in small, and the mirror of it that dockerd and every other client is given."""
    number = os.getpid()
    address = f"127.66.{number >> 8 & 255}.{number & 255}"
    registry = Registry(made.store)
    hub = made.server(registry, "registry-1.docker.io", listen=(address, 443))
    upstream = Upstream(f"https://{address}:443", ca=made.pem)
    cache = made.server(Mirror(upstream, Store()), CACHE)
    own = made.directory / "own.toml"
    own.write_text(f'[registry."docker.io"]\nmirrors = ["{cache.authority}"]\n')
    about = Configured("docker.io", ca=made.ca.pem, mirror=cache.url, kin=(hub.name,))
    there = ("--resolve", f"{hub.name}:443:{address}", "--config", str(own))
    image = "library/busybox:1.36"
    return made.setup(about, *there, servers=(cache,), image=image)


def proxied(made: Made) -> Setup:
    server = made.server(Registry(made.store), NAME)
    routes = {server.authority: ("127.0.0.1", server.port)}
    tunnel = made.stack.enter_context(Tunnel(routes))
    root = made.directory / "host"
    Configured(server.authority, ca=made.ca.pem).write(root)
    for unit in ("docker", "containerd", "buildkit"):
        path = root / f"etc/systemd/system/{unit}.service.d/proxy.conf"
        path.parent.mkdir(parents=True)
        path.write_text(f'[Service]\nEnvironment="HTTPS_PROXY={tunnel.url}"\n')
    arguments = ("--host-root", str(root), "--ca", str(made.pem))
    return Setup(server.authority, root, arguments, {"HTTPS_PROXY": tunnel.url}, private=True)


def redirected(made: Made) -> Setup:
    storage = made.server(Registry(made.store), STORAGE)
    away = faults.redirect(faults.on("GET", "/blobs/"), storage.url)
    server = made.server(Registry(made.store, tamper=(away,)), NAME)
    about = Configured(server.authority, ca=made.ca.pem, kin=(storage.authority,))
    return made.setup(about, servers=(server, storage))


def distribution(made: Made) -> Setup:
    return real(made, "docker-registry")


def distribution_3(made: Made) -> Setup:
    return real(made, *DISTRIBUTION_3)


def real(made: Made, *program: str) -> Setup:
    directory = made.directory / "distribution"
    registry = made.stack.enter_context(
        docker_registry(directory, tls=made.pair(NAME), program=program)
    )
    upload(made, registry.port)
    authority = f"{NAME}:{registry.port}"
    about = Configured(authority, ca=made.ca.pem)
    return made.setup(about, "--resolve", f"{authority}:127.0.0.1")


SETUPS: tuple[Any, ...] = (
    *(plain, private_ca, mutual, tokens, anonymous_tokens, basic, mirror, proxied, redirected),
    distribution,
    pytest.param(distribution_3, marks=pytest.mark.slow),
    pytest.param(hub_mirror, marks=pytest.mark.root),
)


def upload(made: Made, port: int) -> None:
    """Puts ``team/app:1.0`` into a registry of 127.0.0.1 that our fixtures do not fill."""
    context = ssl.create_default_context(cafile=str(made.pem))
    connection = made.stack.enter_context(
        contextlib.closing(http.client.HTTPSConnection("127.0.0.1", port, context=context))
    )

    def said(method: str, path: str, body: bytes, **headers: str) -> http.client.HTTPResponse:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, fields)
        answer = connection.getresponse()
        answer.read()
        assert answer.status in (201, 202), answer.status
        return answer

    kept = made.store.manifest("team/app", "1.0")
    assert kept is not None
    document = json.loads(kept.data)
    for part in (document["config"], *document["layers"]):
        data = made.store.blob("team/app", part["digest"])
        assert data is not None
        where = said("POST", "/v2/team/app/blobs/uploads/", b"").headers["Location"]
        path = where[where.index("/v2/") :]
        said("PUT", f"{path}&digest={part['digest']}", data)
    said("PUT", "/v2/team/app/manifests/1.0", kept.data, Content_Type=kept.media_type)


@pytest.fixture(scope="module", params=SETUPS, ids=lambda made: made.__name__)
def setup(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Setup]:
    with contextlib.ExitStack() as stack:
        yield request.param(Made(tmp_path_factory.mktemp("healthy"), stack))


@dataclass(frozen=True)
class Said:
    code: int
    report: dict[str, Any]

    @property
    def loud(self) -> list[str]:
        """Errors, warnings and open questions."""
        findings = self.report["findings"]
        serious = [f"{f['code']}: {f['title']}" for f in findings if f["severity"] != "info"]
        return serious + [f"{q['code']}: {q['text']}" for q in self.report["open"]]

    @property
    def verdict(self) -> dict[str, Any]:
        """The report without when it was made."""
        report = {**self.report, "started": ""}
        return {**report, "summary": {**report["summary"], "seconds": 0}}


class Stdin:
    def __init__(self, text: str) -> None:
        self.text = text

    def readline(self) -> str:
        return self.text


def said(
    setup: Setup, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch, *arguments: str
) -> Said:
    """``regdoctor check`` in this process, with a home and an environment of its own."""
    environ = {"PATH": os.environ["PATH"], "HOME": "/root", **setup.environ}
    with patch.context() as inner:
        for name in tuple(os.environ):
            if "PROXY" in name.upper() or name in ("DOCKER_CONFIG", "SSL_CERT_FILE"):
                inner.delenv(name)
        for name, value in environ.items():
            inner.setenv(name, value)
        inner.setattr(sys, "argv", ["regdoctor", "check", "--format", "json", *arguments])
        inner.setattr(sys, "stdin", Stdin(setup.stdin))
        code = main()
    out = capsys.readouterr()
    assert out.err == ""
    return Said(code, json.loads(out.out))


def nobody(*_: Any, **__: Any) -> Any:
    raise AssertionError("a replay wants no network")


@pytest.mark.parametrize("kind", ["registry", "image", "build"])
@pytest.mark.parametrize("client", CLIENTS)
def test_a_healthy_setup_is_quiet(
    client: str,
    kind: str,
    setup: Setup,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = f"{setup.authority}/{setup.image}"
    (tmp_path / "Dockerfile").write_text(f"FROM {image}\nCOPY Dockerfile /\n")
    target = {"registry": setup.authority, "image": image, "build": str(tmp_path)}[kind]
    kept = tmp_path / "seen.json"
    looked = (*setup.arguments, "--as", client, "--save", str(kept), target)
    live = said(setup, capsys, monkeypatch, *looked)
    assert live.loud == []
    assert live.code == 0
    assert not any(method not in ("GET", "HEAD", "POST") for method in methods(setup))
    assert all("/token" in path for path in posted(setup))
    monkeypatch.setattr(socket.socket, "connect", nobody)
    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    replayed = said(setup, capsys, monkeypatch, "--replay", str(kept))
    assert replayed.verdict == live.verdict
    assert replayed.code == live.code
    text = kept.read_text()
    assert not any(secret in text for secret in (PASSWORD, "Authorization", "PRIVATE KEY"))


def test_of_a_private_authority_kaniko_knows_nothing_by_the_files_of_the_host(
    setup: Setup, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = (*setup.arguments, "--as", "kaniko", f"{setup.authority}/{setup.image}")
    live = said(setup, capsys, monkeypatch, *looked)
    assert bool(live.loud) is setup.private
    assert live.code == int(setup.private)
    assert all(each.startswith("x509-") for each in live.loud)


def methods(setup: Setup) -> set[str]:
    return {each.method for server in setup.servers for each in server.seen}


def posted(setup: Setup) -> list[str]:
    return [each.target for server in setup.servers for each in server.requests("POST")]
