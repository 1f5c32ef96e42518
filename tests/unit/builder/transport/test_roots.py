"""Root pools are Go's, and contexts believe nothing else."""

import ssl
from pathlib import Path

import pytest

from builder.transport import RootPool, Trust, system_roots
from builder.transport.roots import certificates_of
from builder.transport.trust import ssl_context
from tests.fixtures.ca import CertificateAuthority

FIRST = CertificateAuthority("First")
SECOND = CertificateAuthority("Second")
THIRD = CertificateAuthority("Third")


def put(root: Path, name: str, *authorities: CertificateAuthority) -> Path:
    path = root / name.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(authority.pem for authority in authorities))
    return path


def test_only_the_first_readable_bundle_counts(tmp_path: Path) -> None:
    put(tmp_path, "/etc/pki/tls/cacert.pem", FIRST)
    put(tmp_path, "/etc/ssl/cert.pem", SECOND)
    pool = system_roots({}, tmp_path)
    assert pool.certificates == (FIRST.der,)
    assert pool.sources == ("/etc/pki/tls/cacert.pem",)


def test_every_file_of_every_directory_counts_whatever_its_name(tmp_path: Path) -> None:
    put(tmp_path, "/etc/ssl/certs/ca-certificates.crt", FIRST)
    put(tmp_path, "/etc/ssl/certs/anything", SECOND)
    put(tmp_path, "/etc/pki/tls/certs/README.txt", THIRD)
    assert set(system_roots({}, tmp_path).certificates) == {FIRST.der, SECOND.der, THIRD.der}


def test_ssl_cert_file_replaces_the_bundle_and_keeps_the_directories(tmp_path: Path) -> None:
    put(tmp_path, "/etc/pki/tls/cacert.pem", FIRST)
    put(tmp_path, "/etc/ssl/certs/extra.pem", SECOND)
    own = put(tmp_path, "/own.pem", THIRD)
    pool = system_roots({"SSL_CERT_FILE": f"/{own.name}"}, tmp_path)
    assert set(pool.certificates) == {SECOND.der, THIRD.der}


def test_a_missing_ssl_cert_file_still_leaves_the_directories(tmp_path: Path) -> None:
    put(tmp_path, "/etc/ssl/cert.pem", FIRST)
    put(tmp_path, "/etc/ssl/certs/extra.pem", SECOND)
    pool = system_roots({"SSL_CERT_FILE": "/gone.pem"}, tmp_path)
    assert pool.certificates == (SECOND.der,)


def test_ssl_cert_dir_replaces_the_directories_and_keeps_the_bundle(tmp_path: Path) -> None:
    put(tmp_path, "/etc/ssl/cert.pem", FIRST)
    put(tmp_path, "/etc/ssl/certs/extra.pem", SECOND)
    put(tmp_path, "/a/x", THIRD)
    pool = system_roots({"SSL_CERT_DIR": "/b:/a"}, tmp_path)
    assert set(pool.certificates) == {FIRST.der, THIRD.der}


def test_both_variables_leave_nothing_of_the_system(tmp_path: Path) -> None:
    put(tmp_path, "/etc/ssl/certs/ca-certificates.crt", FIRST)
    put(tmp_path, "/own/ca.pem", SECOND)
    env = {"SSL_CERT_FILE": "/own/ca.pem", "SSL_CERT_DIR": "/none"}
    assert system_roots(env, tmp_path).certificates == (SECOND.der,)


def test_links_are_followed_within_the_other_root(tmp_path: Path) -> None:
    put(tmp_path, "/usr/share/ca/first.crt", FIRST)
    directory = tmp_path / "etc/ssl/certs"
    directory.mkdir(parents=True)
    (directory / "first.pem").symlink_to("/usr/share/ca/first.crt")
    (directory / "upward.pem").symlink_to("../../../usr/share/ca/first.crt")
    (directory / "abcd.0").symlink_to("first.pem")
    (directory / "loop").symlink_to("/etc/ssl/certs/loop")
    (tmp_path / "etc/ssl/cert.pem").symlink_to("/own/second.pem")
    put(tmp_path, "/own/second.pem", SECOND)
    pool = system_roots({}, tmp_path)
    assert pool.certificates == (SECOND.der, FIRST.der)
    assert pool.sources == ("/etc/ssl/cert.pem", "/etc/ssl/certs")


def test_certifi_stands_in_only_where_the_host_has_nothing(tmp_path: Path) -> None:
    pool = system_roots({}, tmp_path)
    assert pool.sources == ("certifi",)
    assert len(pool.certificates) > 50


def test_duplicates_and_what_is_no_certificate_are_left_out() -> None:
    headed = FIRST.pem.replace(b"CERTIFICATE-----\n", b"CERTIFICATE-----\nA: b\n\n", 1)
    trusted = FIRST.pem.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE")
    noise = b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"
    assert list(certificates_of(headed + trusted + noise)) == []
    pool = RootPool().with_pem(FIRST.pem + FIRST.pem + noise + SECOND.pem, "x")
    assert pool.certificates == (FIRST.der, SECOND.der)


def test_one_unparsable_certificate_does_not_spoil_the_pool() -> None:
    broken = b"\x30\x03\x02\x01\x00"
    context = ssl_context(Trust(RootPool((broken, FIRST.der, SECOND.der))))
    assert len(context.get_ca_certs()) == 2


def test_a_context_follows_go_in_what_it_accepts() -> None:
    context = ssl_context(Trust(RootPool((FIRST.der,))))
    assert context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN
    assert not context.hostname_checks_common_name
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_file_that_cannot_be_read_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nope"):
        RootPool().with_files([tmp_path / "nope.pem"])
