"""What ``--save`` kept of a faulty registry is judged by ``--replay`` to the same report."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.ca import CertificateAuthority, Issued, Validity, self_signed
from tests.fixtures.checked import check
from tests.fixtures.registry import Nexus, Registry, Server, Store, faults
from tests.fixtures.registry.registry import Tamper
from tests.fixtures.speaker import speaking

pytestmark = pytest.mark.integration

NAME = "registry.example"
ROOT = CertificateAuthority("Example Root CA")
ISSUING = ROOT.intermediate("Example Issuing CA")
MANIFESTS, BLOBS = faults.on("GET", "/manifests/"), faults.on("GET", "/blobs/")
Port = AbstractContextManager[int]


@contextlib.contextmanager
def registry(*tamper: Tamper, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    store = Store()
    store.add_image("team/app", "1.0", docker=True)
    with Server(Registry(store, tamper=tamper), tls=tls) as server:
        yield server.port


@contextlib.contextmanager
def nexus() -> Iterator[int]:
    store = Store()
    store.add_image("team/app", "1.0", docker=True)
    with Server(Nexus(Registry(store)), tls=ISSUING.issue(NAME).server_context()) as server:
        yield server.port


def good(*tamper: Tamper) -> Port:
    return registry(*tamper, tls=ISSUING.issue(NAME).server_context())


def bad(issued: Issued) -> Port:
    return registry(tls=issued.server_context())


def old() -> Port:
    issued = ISSUING.issue(NAME, key_kind="rsa2048")
    context = issued.server_context(maximum=ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("ECDHE-RSA-AES256-SHA384")
    return registry(tls=context)


SCENES = {
    "x509-expired-certificate": lambda: bad(ISSUING.issue(NAME, validity=Validity.expired())),
    "x509-clock-skew-not-yet-valid": lambda: bad(
        ISSUING.issue(NAME, validity=Validity.not_yet(days=2))
    ),
    "x509-hostname-mismatch": lambda: bad(ISSUING.issue("other.example")),
    "x509-missing-intermediate": lambda: bad(replace(ISSUING.issue(NAME), sent=())),
    "x509-self-signed-leaf": lambda: bad(self_signed(NAME)),
    "x509-unknown-authority-private-root": lambda: bad(
        CertificateAuthority("Foreign Root CA").issue(NAME, send_root=True)
    ),
    "tls-version-or-cipher-mismatch": old,
    "http-response-to-https-client": lambda: registry(),
    "nexus-lt-3.15-head-404": nexus,
    "image-not-found": lambda: good(faults.status(faults.on("", "/manifests/"), 404)),
    "head-manifest-refused": lambda: good(faults.status(faults.MANIFEST_HEADS, 403)),
    "manifest-unexpected-answer": lambda: good(faults.status(faults.on("", "/manifests/"), 500)),
    "blob-unexpected-answer": lambda: good(faults.status(BLOBS, 500)),
    "failed-size-validation": lambda: good(faults.body(BLOBS, b"something else")),
    "blob-redirect-backend-unreachable": lambda: good(faults.redirect(BLOBS, "http://127.0.0.1:9")),
    "registry-unexpected-answer": lambda: good(faults.status(faults.on("", "/v2/"), 500)),
    "tls-first-record-not-handshake-direct": lambda: speaking(
        lambda client: client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    ),
}


def told(document: dict[str, Any]) -> dict[str, Any]:
    """The report without what tells when it was made, and how long that took."""
    counted = {name: n for name, n in document["summary"].items() if name != "seconds"}
    return {**document, "started": "", "summary": counted}


@pytest.mark.parametrize("code", SCENES)
def test_a_replay_says_what_was_said_live(code: str, tmp_path: Path) -> None:
    root, saved = tmp_path / "root.pem", tmp_path / "seen.json"
    root.write_bytes(ROOT.pem)
    with SCENES[code]() as port:
        where = f"{NAME}:{port}"
        live = check(
            *("--as", "all", "--ca", str(root), "--save", str(saved)),
            *("--resolve", f"{where}:127.0.0.1", f"{where}/team/app:1.0"),
        )
    again = check("--replay", str(saved))
    assert code in live.findings
    assert told(again.report) == told(live.report)
    assert again.code == live.code
