"""Chains read from real servers, and Go's verdict on them set beside OpenSSL's."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.transport.handshake import HandshakeError, HandshakeStage, ServedChain, read_chain
from regdoctor.x509 import Kind, verify
from tests.fixtures.ca import CertificateAuthority, Issued, Validity

pytestmark = pytest.mark.integration

ROOT = CertificateAuthority("Example Root CA")
CA = ROOT.intermediate("Example Issuing CA")
SERVED = CA.issue("r.example")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    pytest.fail("the server does not listen")


@contextlib.contextmanager
def _running(command: list[str], port: int) -> Iterator[int]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_listening(port, process)
        yield port
    finally:
        process.terminate()
        process.communicate(timeout=10)


@contextlib.contextmanager
def _openssl(directory: Path, served: Issued, *options: str) -> Iterator[int]:
    certificate, key = served.write(directory)
    port = _free_port()
    above = directory / "above.pem"
    above.write_bytes(served.chain_pem.removeprefix(served.pem))
    chain = ["-cert_chain", str(above)] if served.sent else []
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-quiet"]
    command += ["-cert", str(certificate), "-key", str(key), *chain, *options]
    with _running(command, port):
        yield port


@contextlib.contextmanager
def _nginx(directory: Path, listen: str, settings: str) -> Iterator[int]:
    port = _free_port()
    configuration = directory / "nginx.conf"
    configuration.write_text(
        f"""
        daemon off; master_process off; pid {directory}/nginx.pid; error_log {directory}/error.log;
        events {{ worker_connections 64; }}
        http {{
          access_log off;
          client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
          fastcgi_temp_path {directory}/fastcgi; uwsgi_temp_path {directory}/uwsgi;
          scgi_temp_path {directory}/scgi;
          {settings.replace("LISTEN", f"listen 127.0.0.1:{port} {listen};")}
        }}
        """,
        encoding="utf-8",
    )
    with _running(["nginx", "-p", str(directory), "-c", str(configuration)], port):
        yield port


def _read(port: int, name: str | None = "r.example") -> ServedChain:
    return asyncio.run(read_chain("127.0.0.1", port, name))


@pytest.mark.parametrize(
    ("options", "version"),
    [
        (["-tls1_2"], "TLSv1.2"),
        (["-tls1_3"], "TLSv1.3"),
        (["-tls1_3", "-groups", "P-521"], "TLSv1.3"),
        (["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"], "TLSv1.3"),
        (["-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256"], "TLSv1.3"),
        (["-tls1_3", "-stateless"], "TLSv1.3"),
        (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA"], "TLSv1.2"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_openssl_shows_its_chain(tmp_path: Path, options: list[str], version: str) -> None:
    with _openssl(tmp_path, SERVED, *options) as port:
        chain = _read(port)
    assert chain.certificates == SERVED.chain
    assert chain.version == version


@pytest.mark.parametrize("option", ["-tls1_2", "-tls1_3"])
def test_openssl_names_the_authorities_it_wants_a_client_of(tmp_path: Path, option: str) -> None:
    authorities = tmp_path / "ca.crt"
    authorities.write_bytes(ROOT.pem)
    with _openssl(tmp_path, SERVED, option, "-Verify", "1", "-CAfile", str(authorities)) as port:
        chain = _read(port)
    assert chain.certificates == SERVED.chain
    assert chain.client_certificate_requested
    assert chain.client_authorities == (ROOT.certificate.subject.public_bytes(),)


def test_an_rsa_key_without_forward_secrecy_is_read_too(tmp_path: Path) -> None:
    served = CA.issue("r.example", key_kind="rsa2048")
    with _openssl(tmp_path, served, "-tls1_2", "-cipher", "AES128-SHA@SECLEVEL=0") as port:
        chain = _read(port)
    assert (chain.certificates, chain.cipher) == (served.chain, "TLS_RSA_WITH_AES_128_CBC_SHA")


def test_nginx_chooses_by_name_and_has_a_default(tmp_path: Path) -> None:
    default = CA.issue("default.example")
    default.write(tmp_path, "default")
    SERVED.write(tmp_path, "named")
    settings = "".join(
        f"server {{ LISTEN server_name {name}; ssl_certificate {tmp_path}/{stem}.crt;"
        f" ssl_certificate_key {tmp_path}/{stem}.key; }}"
        for name, stem in (("default.example", "default"), ("r.example", "named"))
    )
    with _nginx(tmp_path, "ssl", settings) as port:
        named, other, none = _read(port), _read(port, "x.example"), _read(port, None)
    assert named.certificates == SERVED.chain
    assert other.certificates == none.certificates == default.chain


def test_nginx_without_tls_answers_with_http(tmp_path: Path) -> None:
    settings = "server { LISTEN return 200; }"
    with _nginx(tmp_path, "", settings) as port, pytest.raises(HandshakeError) as caught:
        _read(port)
    assert caught.value.stage is HandshakeStage.NOT_TLS
    assert caught.value.first_bytes.startswith(b"HTTP/1.1 400 ")


def test_nginx_that_refuses_the_handshake_sends_an_alert(tmp_path: Path) -> None:
    settings = "server { LISTEN ssl_reject_handshake on; }"
    with _nginx(tmp_path, "ssl", settings) as port, pytest.raises(HandshakeError) as caught:
        _read(port)
    assert caught.value.stage is HandshakeStage.ALERT
    assert str(caught.value.alert) == "unrecognized_name"


@pytest.mark.parametrize(
    ("served", "kind"),
    [
        (SERVED, None),
        (dataclasses.replace(SERVED, sent=()), Kind.UNKNOWN_AUTHORITY),
        (CA.issue("r.example", validity=Validity.expired()), Kind.EXPIRED),
        (CA.issue("r.example", validity=Validity.not_yet()), Kind.NOT_YET_VALID),
        (CA.issue("other.example"), Kind.HOSTNAME),
        (CertificateAuthority("Elsewhere").issue("r.example"), Kind.UNKNOWN_AUTHORITY),
    ],
    ids=["good", "no-intermediate", "expired", "not-yet-valid", "other-name", "other-root"],
)
def test_openssl_agrees_whether_a_served_chain_is_good(
    tmp_path: Path, served: Issued, kind: Kind | None
) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_bytes(ROOT.pem)
    with _openssl(tmp_path, served) as port:
        chain = _read(port)
        client = subprocess.run(
            [
                *("openssl", "s_client", "-connect", f"127.0.0.1:{port}"),
                *("-servername", "r.example", "-verify_hostname", "r.example"),
                *("-CAfile", str(roots), "-verify_return_error"),
            ],
            input=b"",
            capture_output=True,
            timeout=20,
        )
    now = dt.datetime.now(dt.UTC)
    verdict = verify(chain.certificates, [ROOT.pem], "r.example", now)
    assert verdict.kind is kind
    assert verdict.accepted == (b"Verify return code: 0 (ok)" in client.stdout)
