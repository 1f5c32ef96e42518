"""Certificate faults on real TLS servers (nginx, docker-registry), by the command line.

Each is broken in one way, diagnosed, mended as the finding says, and must then be clean.
"""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fixtures.ca import CertificateAuthority, Issued, Validity, self_signed
from tests.fixtures.checked import Ran, check
from tests.fixtures.programs import docker_registry, free_port, nginx
from tests.fixtures.raw import Raw

pytestmark = pytest.mark.integration

NAME = "registry.example"
API = (
    "location / { default_type application/json; "
    'add_header Docker-Distribution-Api-Version registry/2.0; return 200 "{}"; }'
)


@contextmanager
def served(directory: Path, issued: Issued) -> Iterator[str]:
    """nginx that answers as a registry, with that chain; gives ``registry.example:PORT``."""
    certificate, key = issued.write(directory)
    port = free_port()
    listen = f"listen 127.0.0.1:{port} ssl;"
    block = f"ssl_certificate {certificate}; ssl_certificate_key {key}; {API}"
    # The fixture's own listener speaks http on another port.
    with nginx(directory / "nginx", f"{listen} {block}", port=free_port()):
        yield f"{NAME}:{port}"


def looked(authority: str, *arguments: str) -> Ran:
    return check("--resolve", f"{authority}:127.0.0.1", *arguments, authority)


@pytest.fixture(scope="module")
def root() -> CertificateAuthority:
    return CertificateAuthority("Example Root CA")


@pytest.fixture
def trusted(root: CertificateAuthority, tmp_path: Path) -> str:
    path = tmp_path / "root.pem"
    path.write_bytes(root.pem)
    return str(path)


def test_a_healthy_chain_has_no_errors_and_no_warnings(
    root: CertificateAuthority, trusted: str, tmp_path: Path
) -> None:
    with served(tmp_path, root.intermediate().issue(NAME)) as authority:
        ran = looked(authority, "--ca", trusted)
    assert ran.serious == set()
    assert ran.code == 0
    assert ran.open == set()


def test_a_private_root_breaks_all_and_is_mended_by_its_file(
    root: CertificateAuthority, trusted: str, tmp_path: Path
) -> None:
    with served(tmp_path, root.issue(NAME, send_root=True)) as authority:
        ran = looked(authority)
        finding = ran.findings["x509-unknown-authority-private-root"]
        assert ran.code == 1
        assert finding["confidence"] == "certain"
        assert finding["breaks"] == ["docker", "buildkit", "containerd", "podman", "regdoctor"]
        certs = tmp_path / "host" / "etc/docker/certs.d" / authority
        certs.mkdir(parents=True)
        (certs / "ca.crt").write_bytes(root.pem)
        ran = looked(authority, "--as", "docker", "--host-root", str(tmp_path / "host"))
        assert "docker" not in ran.findings["x509-unknown-authority-private-root"]["breaks"]
        assert ran.serious == set()
        assert looked(authority, "--ca", trusted).serious == set()


@contextmanager
def issuer_at(der: bytes) -> Iterator[str]:
    """A plain web server with one certificate, where CA-Issuers addresses point."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(der)))
            self.end_headers()
            self.wfile.write(der)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/issuer.der"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_missing_intermediate_is_proven_by_fetching_it(
    root: CertificateAuthority, trusted: str, tmp_path: Path
) -> None:
    intermediate = root.intermediate()
    with issuer_at(intermediate.der) as url:
        whole = _issued_with_aia(intermediate, url)
        with served(tmp_path, replace(whole, sent=())) as authority:
            ran = looked(authority, "--ca", trusted)
    finding = ran.findings["x509-missing-intermediate"]
    assert finding["confidence"] == "certain"
    assert ran.serious == {"x509-missing-intermediate"}
    assert ran.open == set()


def _issued_with_aia(intermediate: CertificateAuthority, url: str) -> Issued:
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    access = x509.AccessDescription(
        AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(url)
    )
    extension = (x509.AuthorityInformationAccess([access]), False)
    return intermediate.issue(NAME, extensions=[extension])


def test_without_the_intermediate_anywhere_both_causes_are_named(
    root: CertificateAuthority, trusted: str, tmp_path: Path
) -> None:
    leaf = replace(root.intermediate().issue(NAME), sent=())
    with served(tmp_path, leaf) as authority:
        ran = looked(authority, "--ca", trusted)
    assert ran.findings["x509-missing-intermediate"]["confidence"] == "likely"
    assert "x509-unknown-authority-private-root" in ran.open


@pytest.mark.parametrize(
    ("code", "knobs"),
    [
        ("x509-expired-certificate", {"validity": Validity.expired()}),
        ("x509-clock-skew-not-yet-valid", {"validity": Validity.not_yet()}),
        ("x509-legacy-common-name", {"san": False}),
    ],
)
def test_a_fault_of_the_leaf_is_named(
    code: str, knobs: dict[str, object], root: CertificateAuthority, trusted: str, tmp_path: Path
) -> None:
    leaf = root.intermediate().issue(NAME, **knobs)  # type: ignore[arg-type]
    with served(tmp_path, leaf) as authority:
        ran = looked(authority, "--ca", trusted)
    assert ran.serious == {code}
    assert ran.findings[code]["confidence"] == "certain"
    assert ran.code == 1


def test_another_name_and_a_self_signed_leaf(
    root: CertificateAuthority, trusted: str, tmp_path: Path
) -> None:
    with served(tmp_path / "a", root.issue("other.example")) as authority:
        ran = looked(authority, "--ca", trusted)
        assert ran.serious == {"x509-hostname-mismatch"}
        facts = [each["fact"] for each in ran.findings["x509-hostname-mismatch"]["evidence"]]
        assert any("names no host gets the same certificate" in fact for fact in facts)
    with served(tmp_path / "b", self_signed(NAME)) as authority:
        assert looked(authority).serious == {"x509-self-signed-leaf"}


def test_a_real_registry_addressed_by_ip_needs_an_ip_among_its_names(
    root: CertificateAuthority, trusted: str, tmp_path: Path
) -> None:
    pair = root.issue(NAME).write(tmp_path / "bad")
    with docker_registry(tmp_path / "one", tls=pair) as registry:
        ran = check("--ca", trusted, registry.authority)
        # dockerd and containerd do not verify loopback; BuildKit speaks http to it.
        assert ran.findings["x509-no-ip-sans"]["breaks"] == ["podman", "regdoctor"]
        assert ran.serious == {"x509-no-ip-sans"}
    pair = root.issue(NAME, ips=["127.0.0.1"]).write(tmp_path / "good")
    with docker_registry(tmp_path / "two", tls=pair) as registry:
        ran = check("--ca", trusted, registry.authority)
        assert ran.serious == set()
        assert ran.code == 0


def test_a_real_registry_in_the_clear(tmp_path: Path) -> None:
    with docker_registry(tmp_path / "registry") as registry:
        authority = f"{NAME}:{registry.port}"
        ran = looked(authority)
        assert ran.serious == {"http-response-to-https-client"}
        settings = tmp_path / "config.toml"
        settings.write_text(f'[registry."{authority}"]\nhttp = true\n')
        assert looked(authority, "--config", str(settings)).serious == set()


def test_a_tls_port_spoken_to_in_the_clear(root: CertificateAuthority, tmp_path: Path) -> None:
    pair = root.issue(NAME, ips=["127.0.0.1"]).write(tmp_path)
    with docker_registry(tmp_path / "registry", tls=pair) as registry:
        ran = check(f"http://{registry.authority}")
    assert ran.serious == {"https-port-spoken-http"}


def test_a_chain_is_read_through_a_proxy(
    root: CertificateAuthority, trusted: str, tmp_path: Path
) -> None:
    from tests.fixtures.tunnel import Tunnel

    with (
        served(tmp_path, root.issue(NAME, validity=Validity.expired())) as authority,
        Tunnel({authority: ("127.0.0.1", int(authority.rpartition(":")[2]))}) as proxy,
    ):
        environ = {"HTTPS_PROXY": proxy.url}
        ran = check("--ca", trusted, authority, environ=environ)
        assert ran.serious == {"x509-expired-certificate"}
        assert proxy.targets


def test_a_server_that_wants_a_client_certificate(
    root: CertificateAuthority, trusted: str, tmp_path: Path
) -> None:
    from tests.fixtures.registry import Registry, Server

    pair = root.client().write(tmp_path, "client")
    context = root.issue(NAME).server_context(client_ca=root.pem)
    with Server(Registry(), tls=context, name=NAME) as server:
        assert looked(server.authority, "--ca", trusted).serious == {
            "mtls-client-certificate-required"
        }
        shown = ("--cert", str(pair[0]), "--key", str(pair[1]))
        assert looked(server.authority, "--ca", trusted, *shown).serious == set()


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "tls-first-record-not-handshake-direct"),
        (b"", "https-eof-plain-port-or-lb-close"),
        (bytes.fromhex("15030100020246"), "tls-version-or-cipher-mismatch"),
        (bytes.fromhex("15030300020270"), "tls-unrecognized-name"),
        (bytes.fromhex("15030300020250"), "tls-handshake-failure"),
    ],
)
def test_handshakes_that_do_not_come_about(reply: bytes, code: str) -> None:
    with Raw(reply) as server:
        ran = looked(f"{NAME}:{server.port}")
    assert ran.serious == {code}
    assert ran.code == 1


@pytest.mark.parametrize(
    ("code", "knobs"),
    [
        ("x509-unknown-authority-private-root", {"ips": ["127.0.0.1"], "send_root": True}),
        ("x509-expired-certificate", {"ips": ["127.0.0.1"], "validity": Validity.expired()}),
        ("x509-no-ip-sans", {}),
        ("x509-legacy-common-name", {"common_name": "127.0.0.1", "san": False}),
    ],
)
def test_skopeo_prints_the_words_that_were_predicted_for_podman(
    code: str, knobs: dict[str, object], root: CertificateAuthority, tmp_path: Path
) -> None:
    import re
    import subprocess

    pair = root.issue(NAME, **knobs).write(tmp_path)  # type: ignore[arg-type]
    with docker_registry(tmp_path / "registry", tls=pair) as registry:
        finding = check("--as", "podman", registry.authority).findings[code]
        done = subprocess.run(
            ["skopeo", "inspect", f"docker://{registry.authority}/team/app:1.0"],
            capture_output=True,
            text=True,
            check=False,
        )
    assert "podman" in finding["breaks"]
    assert done.returncode != 0
    predicted = next(
        each["data"]["error"]
        for each in finding["evidence"]
        if "podman" in each["data"].get("clients", ())
    ).partition("x509: ")[2]
    # Both print the time at which they looked, each in the zone of its own clock.
    said, expected = (re.sub(r"current time \S+", "", text) for text in (done.stderr, predicted))
    assert expected in said.replace('\\"', '"')
