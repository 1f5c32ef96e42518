"""Whatever is served, configured or asked for, there is a verdict and never a traceback."""

from __future__ import annotations

import dataclasses
import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from regdoctor.x509 import Kind, Mismatch, verify
from regdoctor.x509.draw import draw
from regdoctor.x509.pem import begin_marks, blocks
from tests.fixtures.ca import CertificateAuthority, Issued
from tests.unit.regdoctor.x509.vectors import chain, vectors

NOW = dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC)
ENTRIES = st.one_of(
    st.sampled_from([each for case in vectors() for each in chain(case)]),
    st.binary(max_size=60),
)
FILES = st.one_of(
    st.sampled_from([each.encode() for case in vectors() for each in case["roots"] or ()]),
    st.binary(max_size=80),
)
RELEASES = st.sampled_from(["1.19.8", "1.22.10", "1.24.3", "1.25.2", "1.25.5", "1.26.0", "1.27.3"])


@given(
    st.lists(ENTRIES, max_size=4),
    st.lists(FILES, max_size=3),
    st.one_of(st.text(max_size=30), st.just("registry.example.com")),
    RELEASES,
    st.booleans(),
)
def test_every_chain_has_a_verdict(
    sent: list[bytes], roots: list[bytes], name: str, go: str, tls13: bool
) -> None:
    verdict = verify(sent, roots, name, NOW, go, tls13=tls13)
    assert verdict.accepted == (verdict.kind is None) == (verdict.text == "")
    assert draw(verdict, NOW) is not None
    for place in (verdict.about, verdict.culprit, verdict.hint_cert):
        assert place is None or str(place)


@given(
    st.lists(
        st.sampled_from(
            ["-----BEGIN ", "-----END ", "CERTIFICATE", "-----", "\n", "\r", " ", "AAAA", ":", "="]
        )
    )
)
def test_any_mixture_of_pem_marks_is_read(parts: list[str]) -> None:
    data = "".join(parts).encode()
    found = list(blocks(data))
    assert len(found) <= len(begin_marks(data)) + data.count(b"-----BEGIN ")


@pytest.mark.parametrize(
    ("fault", "kind", "mismatch"),
    [
        ("none", None, None),
        ("root-sent", None, None),
        ("missing-intermediate", Kind.UNKNOWN_AUTHORITY, None),
        ("self-signed", Kind.UNKNOWN_AUTHORITY, None),
        ("expired", Kind.EXPIRED, None),
        ("not-yet-valid", Kind.NOT_YET_VALID, None),
        ("expired-intermediate", Kind.EXPIRED, None),
        ("wrong-name", Kind.HOSTNAME, Mismatch.OTHER_NAME),
        ("common-name-only", Kind.HOSTNAME, Mismatch.LEGACY_COMMON_NAME),
        ("sha1", Kind.UNKNOWN_AUTHORITY, None),
        ("sha1-intermediate", Kind.UNKNOWN_AUTHORITY, None),
        ("client-usage", Kind.KEY_USAGE, None),
    ],
)
def test_the_demonstration_s_faults_are_what_they_say(
    tmp_path: Path, fault: str, kind: Kind | None, mismatch: Mismatch | None
) -> None:
    _demonstrate(tmp_path, "--name", "registry.example", "--ip", "127.0.0.1", "--fault", fault)
    sent = tuple(map(_der, x509.load_pem_x509_certificates((tmp_path / "server.crt").read_bytes())))
    verdict = verify(sent, [(tmp_path / "ca.crt").read_bytes()], "registry.example", _now())
    assert (verdict.kind, verdict.mismatch) == (kind, mismatch), verdict.text


def test_the_demonstration_without_an_address_lacks_ip_sans(tmp_path: Path) -> None:
    _demonstrate(tmp_path, "--name", "registry.example", "--fault", "no-ip")
    sent = tuple(map(_der, x509.load_pem_x509_certificates((tmp_path / "server.crt").read_bytes())))
    verdict = verify(sent, [(tmp_path / "ca.crt").read_bytes()], "127.0.0.1", _now())
    assert verdict.mismatch is Mismatch.NO_IP_SANS


def test_the_key_that_is_written_belongs_to_the_certificate(tmp_path: Path) -> None:
    served: Issued = CertificateAuthority().issue("r.example")
    certificate, key = served.write(tmp_path)
    assert key.stat().st_mode & 0o777 == 0o600
    dataclasses.replace(served, sent=()).server_context()
    assert certificate.read_bytes() == served.chain_pem


def _demonstrate(directory: Path, *options: str) -> None:
    command = [sys.executable, "-m", "tests.fixtures.ca", "--out", str(directory), *options]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[4])


def _der(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
