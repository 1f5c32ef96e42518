"""``certs.d`` of the graphdriver store, ``docker login`` and ``docker manifest``."""

from __future__ import annotations

import pytest

from regdoctor.clients.docker_certs import BrokenDirectory, verified_transport
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.plan import Process, Transport
from regdoctor.clients.proxies import Proxies
from regdoctor.clients.version import version
from regdoctor.observations.host import FileSeen, HostFiles

PROCESS = Process((), Proxies(), (1, 22))
DIRECTORY = "/etc/docker/certs.d/reg:5000"
CERTIFICATE = b"-----BEGIN CERTIFICATE-----\n"
KEY = b"-----BEGIN PRIVATE KEY-----\n"


def read(number: str = "28.5.2", **named: bytes | None) -> Transport:
    """``ca_crt=b"..."``; None for a link into nowhere."""
    files = {name.replace("_", "."): content for name, content in named.items()}
    host = HostFiles(
        {
            f"{DIRECTORY}/{name}": FileSeen(error="ENOENT") if text is None else FileSeen(text)
            for name, text in files.items()
        },
        {DIRECTORY: tuple(files)},
    )
    return verified_transport(Filesystem(host), DIRECTORY, PROCESS, version(number))


def refusal(number: str = "28.5.2", **named: bytes | None) -> str:
    with pytest.raises(BrokenDirectory) as caught:
        read(number, **named)
    return str(caught.value)


def test_without_a_directory_the_system_s_pool_is_all() -> None:
    transport = verified_transport(Filesystem(HostFiles()), DIRECTORY, PROCESS, version("28.5.2"))
    assert transport == Transport(PROCESS)


def test_every_crt_counts_and_a_pair_is_shown() -> None:
    transport = read(
        a_crt=CERTIFICATE, b_crt=b"no pem", client_cert=CERTIFICATE, client_key=KEY, ca_pem=b"x"
    )
    assert [file.path for file in transport.extra] == [f"{DIRECTORY}/a.crt", f"{DIRECTORY}/b.crt"]
    assert [pair.key for pair in transport.pairs] == [f"{DIRECTORY}/client.key"]


def test_a_cert_without_its_key_is_the_end() -> None:
    assert refusal(client_cert=CERTIFICATE + KEY).startswith(
        "missing key client.key for client certificate client.cert."
    )


def test_a_key_without_its_cert_is_the_end() -> None:
    assert refusal(client_crt=CERTIFICATE, client_key=KEY) == (
        "Missing client certificate client.cert for key client.key"
    )


def test_the_words_of_29_are_others() -> None:
    assert refusal("29.7.2", client_cert=CERTIFICATE) == (
        "missing key client.key for client certificate client.cert. "
        "CA certificates must use the extension .crt"
    )
    assert refusal("29.7.2", client_key=KEY).startswith("missing client certificate client.cert")


def test_a_pair_that_does_not_load_is_the_end() -> None:
    assert "found a certificate rather than a key" in refusal(c_cert=CERTIFICATE, c_key=CERTIFICATE)


def test_a_link_into_nowhere_is_the_end() -> None:
    assert refusal(a_crt=None) == f"open {DIRECTORY}/a.crt: no such file or directory"


@pytest.mark.parametrize(
    ("seen", "why"),
    [(FileSeen(error="EACCES"), "permission denied"), (FileSeen(b"x"), "not a directory")],
)
def test_a_directory_that_cannot_be_listed_is_the_end(seen: FileSeen, why: str) -> None:
    with pytest.raises(BrokenDirectory, match=why):
        verified_transport(
            Filesystem(HostFiles({DIRECTORY: seen})), DIRECTORY, PROCESS, version("28.5.2")
        )
