"""The pool that a Go program finds by itself."""

from __future__ import annotations

import pytest

from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.roots import system_roots
from tests.replay.hostfiles import tree

DEBIAN = "/etc/ssl/certs/ca-certificates.crt"
FEDORA = "/etc/pki/tls/certs/ca-bundle.crt"
SUSE = "/etc/ssl/ca-bundle.pem"


def pool(environment: dict[str, str], *paths: str, prepare: str = "") -> list[str]:
    files = tree({path: path for path in paths}, {}, (), prepare).seen("/root")
    return [each.path for each in system_roots(Filesystem(files), environment)]


def test_the_first_bundle_and_every_file_of_the_directories() -> None:
    assert pool({}, SUSE, FEDORA, "/etc/ssl/certs/any.name") == [FEDORA, "/etc/ssl/certs/any.name"]
    assert pool({}, DEBIAN, FEDORA, SUSE) == [DEBIAN, FEDORA]


@pytest.mark.parametrize("named", ["/x/b.pem", "/x/none.pem"])
def test_cert_file_takes_the_place_of_the_bundle_but_not_of_the_directories(named: str) -> None:
    found = pool({"SSL_CERT_FILE": named}, DEBIAN, SUSE, "/x/b.pem")
    assert SUSE not in found
    assert DEBIAN in found
    assert ("/x/b.pem" in found) is (named == "/x/b.pem")


def test_cert_dir_takes_the_place_of_the_directories_but_not_of_the_bundle() -> None:
    environment = {"SSL_CERT_DIR": "/x/d:/x/e"}
    assert pool(environment, DEBIAN, "/x/d/1", "/x/e/2", "/etc/ssl/certs/a") == [
        DEBIAN,
        "/x/d/1",
        "/x/e/2",
    ]


def test_both_leave_nothing_of_the_system() -> None:
    environment = {"SSL_CERT_FILE": "/x/b.pem", "SSL_CERT_DIR": "/x/d"}
    assert pool(environment, DEBIAN, "/x/b.pem", "/x/d/1") == ["/x/b.pem", "/x/d/1"]


def test_a_bundle_that_is_a_link_into_nowhere_is_passed_over() -> None:
    assert pool({}, SUSE, prepare=f"ln -s /nowhere {DEBIAN}") == [SUSE]


def test_what_update_ca_certificates_reads_is_no_pool() -> None:
    assert pool({}, "/usr/local/share/ca-certificates/ca.crt") == []
