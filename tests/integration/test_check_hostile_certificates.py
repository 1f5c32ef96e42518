"""Servers whose certificates are made to break who reads them: one finding, soon, in little."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.checked import Ran, measured
from tests.fixtures.shown import showing
from tests.fixtures.speaker import speaking

pytestmark = pytest.mark.integration

NAME = "registry.example"
SECONDS, MEMORY = 12.0, 200
"""What a check may cost with --timeout 2, on a machine that is busy; and in MiB."""
ROOT = CertificateAuthority("Example Root CA")
ISSUING = ROOT.intermediate("Example Issuing CA")
LEAF = ISSUING.issue(NAME).der
REJECTED, BROKEN = "x509-chain-rejected", "tls-handshake-failure"
# The object identifiers of a subject key identifier and of alternative names.
SKI, SAN = bytes.fromhex("0603551d0e"), bytes.fromhex("0603551d11")


def looked(directory: Path, certificates: list[bytes]) -> Ran:
    root = directory / "root.pem"
    root.write_bytes(ROOT.pem)
    with speaking(showing(certificates)) as port:
        ran = measured(
            *("check", "--format", "json", "--timeout", "2", "--ca", str(root)),
            *("--resolve", f"{NAME}:{port}:127.0.0.1", f"{NAME}:{port}/team/app:1.0"),
        )
    assert ran.code == 1, ran.err
    assert "Traceback" not in ran.err
    assert ran.seconds < SECONDS
    assert ran.memory < MEMORY
    return ran


@pytest.mark.parametrize(
    ("certificates", "code", "told"),
    [
        ([b""], REJECTED, "malformed certificate"),
        ([os.urandom(900)], REJECTED, "malformed certificate"),
        ([LEAF[:-20], ISSUING.der], REJECTED, "malformed certificate"),
        ([LEAF + b"xx", ISSUING.der], REJECTED, "trailing data"),
        ([b"\x30\x80" * 4000], REJECTED, "malformed certificate"),
        ([b"\x30\x84\x7f\xff\xff\xff" + bytes(100)], REJECTED, "malformed certificate"),
        ([LEAF.replace(SKI, SAN), ISSUING.der], REJECTED, "duplicate extension"),
        ([LEAF, *[ISSUING.der] * 6000], BROKEN, "does not keep to the protocol"),
    ],
    ids=["nothing", "noise", "cut", "trailing", "deep", "long", "twice", "thousands"],
)
def test_what_cannot_be_read_is_one_finding(
    certificates: list[bytes], code: str, told: str, tmp_path: Path
) -> None:
    ran = looked(tmp_path, certificates)
    assert ran.serious == {code}
    assert told in ran.findings[code]["title"]


def test_namesakes_without_end(tmp_path: Path) -> None:
    namesakes = [CertificateAuthority("Example Issuing CA").der for _ in range(150)]
    ran = looked(tmp_path, [LEAF, *namesakes])
    assert "attempts limit reached" in ran.findings[REJECTED]["title"]


def test_an_octet_of_zero_does_not_end_a_name(tmp_path: Path) -> None:
    leaf = ISSUING.issue(f"{NAME}\0.evil.example")
    ran = looked(tmp_path, [leaf.der, ISSUING.der])
    assert "x509-hostname-mismatch" in ran.findings


def test_very_many_names_are_counted(tmp_path: Path) -> None:
    leaf = ISSUING.issue(*(f"h{number}.example" for number in range(4000)))
    ran = looked(tmp_path, [leaf.der, ISSUING.der])
    assert len(ran.findings["x509-hostname-mismatch"]["title"]) < 500
