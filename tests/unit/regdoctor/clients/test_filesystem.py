"""What programs see of a host's files."""

from __future__ import annotations

import pytest

from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.keypairs import NO_CERTIFICATE, NO_KEY, NO_PEM_KEY, load_pair
from regdoctor.observations.host import FileSeen, HostFiles
from tests.replay.hostfiles import tree

CERTIFICATE = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN EC PRIVATE KEY-----\n-----END EC PRIVATE KEY-----\n"


def files(*, prepare: str = "", **named: str) -> Filesystem:
    below = {f"/d/{name.replace('_', '.')}": text for name, text in named.items()}
    return Filesystem(tree(below, {}, ("/empty",), prepare).seen("/root"))


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/d/a.txt", ""),
        ("/d//./a.txt", ""),
        ("/d/none", "no such file or directory"),
        ("/d", "is a directory"),
        ("/d/a.txt/b", "not a directory"),
        ("/d/link", "no such file or directory"),
        ("/d/good", ""),
    ],
)
def test_why_a_file_is_not_read(path: str, error: str) -> None:
    seen = files(a_txt="x", prepare="ln -s /nowhere /d/link; ln -s /d/a.txt /d/good")
    assert seen.read(path).error == error


def test_what_is_there() -> None:
    seen = files(
        a_txt="x", prepare="ln -s /nowhere /d/link; rm -r /d/b; touch /d/c; mkdir -p /d/e/f"
    )
    assert seen.names("/d") == ("a.txt", "c", "e", "link")
    assert seen.exists("/d/c")
    assert seen.exists("/empty")
    assert not seen.exists("/d/link")
    assert seen.is_directory("/d/e/f")


def test_a_file_that_may_not_be_read_is_there() -> None:
    seen = Filesystem(HostFiles({"/d/a": FileSeen(error="EACCES")}, {"/d": ("a",)}))
    assert seen.exists("/d/a")
    assert seen.read("/d/a").error == "permission denied"
    assert seen.text("/d/a") is None


def test_a_linked_directory_shows_what_it_links_to() -> None:
    seen = files(a_txt="x", prepare="ln -s /d /e")
    assert seen.names("/e") == ("a.txt",)
    assert seen.text("/e/a.txt") == "x"


@pytest.mark.parametrize(
    ("certificate", "key", "error"),
    [
        (CERTIFICATE, KEY, ""),
        (CERTIFICATE + KEY, CERTIFICATE + KEY, ""),
        (CERTIFICATE, CERTIFICATE, NO_KEY),
        (CERTIFICATE, "x", NO_PEM_KEY),
        ("x", KEY, NO_CERTIFICATE),
    ],
)
def test_a_pair(certificate: str, key: str, error: str) -> None:
    pair, words = load_pair(files(c_pem=certificate, c_key=key), "/d/c.pem", "/d/c.key")
    assert words == error
    assert (pair is None) is bool(error)


def test_a_pair_of_files_that_are_not_there() -> None:
    seen = files(c_pem=CERTIFICATE)
    missing = "open /d/{}: no such file or directory"
    assert load_pair(seen, "/d/c.pem", "/d/c.key") == (None, missing.format("c.key"))
    assert load_pair(seen, "/d/x.pem", "/d/c.key") == (None, missing.format("x.pem"))


def test_a_key_that_only_stands_in_the_listing_counts() -> None:
    """The probe reads no key: of those it knows that they are there."""
    seen = HostFiles({"/d/c.pem": FileSeen(CERTIFICATE.encode())}, {"/d": ("c.key", "c.pem")})
    pair, words = load_pair(Filesystem(seen), "/d/c.pem", "/d/c.key")
    assert words == ""
    assert pair is not None
