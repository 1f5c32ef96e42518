"""Blobs: damaged, cut, and kept by a storage that the registry redirects to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from tests.fixtures.ca import CertificateAuthority, Validity
from tests.fixtures.checked import Ran, check
from tests.fixtures.registry import BearerAuth, Registry, Server, Store, TokenService, faults
from tests.fixtures.registry.registry import Tamper

pytestmark = pytest.mark.integration


@pytest.fixture
def store() -> Store:
    made = Store()
    made.add_image("team/app", "1.0")
    return made


def checked(store: Store, *tamper: Tamper) -> Ran:
    with Server(Registry(store, tamper=tamper)) as server:
        return check(f"{server.authority}/team/app:1.0")


def same_length(store: Store) -> Iterator[bytes]:
    """Other bytes than those of the config, as many; others each time."""
    (size,) = {len(data) for data in store._blobs.values() if data.startswith(b"{")} - {0}
    for number in range(1000):
        yield f"{number:0{size}}".encode()


def test_bytes_that_are_wrong_each_time_lie_in_a_cache(store: Store) -> None:
    config = next(same_length(store))
    ran = checked(store, faults.body(faults.BLOB_GETS, config))
    assert ran.serious == {"unexpected-commit-digest"}
    assert "the same each of 3 times" in ran.findings["unexpected-commit-digest"]["title"]
    assert ran.code == 1


def test_bytes_that_vary_change_on_the_way(store: Store) -> None:
    bodies = same_length(store)

    def varying(request: faults.Request, answer: faults.Answer) -> faults.Answer:
        return faults.body(faults.BLOB_GETS, next(bodies))(request, answer)

    ran = checked(store, varying)
    assert ran.serious == {"unexpected-commit-digest"}
    assert "others each time" in ran.findings["unexpected-commit-digest"]["title"]


def test_a_blob_of_another_length(store: Store) -> None:
    assert checked(store, faults.body(faults.BLOB_GETS, b"short")).serious == {
        "failed-size-validation"
    }


def test_a_download_that_always_breaks_off_at_the_same_byte(store: Store) -> None:
    ran = checked(store, faults.cut(faults.BLOB_GETS, 20, times=1 << 20))
    assert ran.serious == {"unexpected-eof-mid-download"}
    title = ran.findings["unexpected-eof-mid-download"]["title"]
    assert "after 20 bytes, the same each of 3 times" in title


def test_a_proxys_page_in_place_of_a_blob(store: Store) -> None:
    ran = checked(store, faults.gateway(faults.BLOB_GETS, 502))
    assert ran.serious == {"cloudflare-or-proxy-502-503-504"}


def test_a_proxys_page_in_place_of_everything(store: Store) -> None:
    ran = checked(store, faults.gateway(faults.on(), 503, "cloudflare"))
    assert ran.serious == {"cloudflare-or-proxy-502-503-504"}
    assert "Cloudflare" in ran.findings["cloudflare-or-proxy-502-503-504"]["title"]


def test_a_layer_that_is_gone(store: Store) -> None:
    layer = next(d for d in store.repositories["team/app"].blobs if store._blobs[d] == b"layer")
    ran = checked(store, faults.status(faults.on("GET", layer), 404))
    assert ran.serious == {"blob-unexpected-answer"}


@pytest.mark.parametrize(
    "code", ["SignatureDoesNotMatch", "RequestTimeTooSkewed", "InvalidArgument", "AccessDenied"]
)
def test_a_storage_that_refuses_the_signed_address(code: str, store: Store) -> None:
    refusing = faults.storage_error(faults.on("GET", "/blobs/"), code)
    with Server(Registry(store, tamper=(refusing,))) as storage:
        ran = checked(store, faults.redirect(faults.BLOB_GETS, storage.url))
    assert ran.serious == {"blob-redirect-signature-or-auth-forwarded"}
    assert code in ran.findings["blob-redirect-signature-or-auth-forwarded"]["title"]


def test_a_storage_on_the_registrys_own_name_is_sent_no_login(store: Store) -> None:
    refusing = faults.refuses_login(faults.on("GET", "/blobs/"))
    with Server(Registry(store, tamper=(refusing,))) as storage:
        away = faults.redirect(faults.BLOB_GETS, storage.url)
        auth = BearerAuth(TokenService())
        with Server(Registry(store, auth=auth, tamper=(away,))) as server:
            ran = check(f"{server.authority}/team/app:1.0")
        real = [each.header("Authorization") for each in storage.seen]
    assert ran.serious == set()
    assert set(real) == {""}


def test_a_storage_at_the_same_address_that_minds_the_login(store: Store) -> None:
    """Then our own request carries the login, as everybody's."""

    def inside(request: faults.Request, answer: faults.Answer) -> faults.Answer:
        if "signed=1" in request.target:
            return faults.refuses_login(faults.on())(request, answer)
        if faults.BLOB_GETS(request) and answer.status < 300:
            return faults.Answer(307, (("Location", f"{request.target}?signed=1"),))
        return answer

    class Open(Registry):
        """What is signed needs no token."""

        def _answer(self, request: faults.Request) -> faults.Answer:
            return (
                self.routed(request) if "signed=1" in request.target else super()._answer(request)
            )

    with Server(Open(store, auth=BearerAuth(TokenService()), tamper=(inside,))) as server:
        ran = check(f"{server.authority}/team/app:1.0")
    assert ran.serious == {"blob-redirect-signature-or-auth-forwarded"}
    assert "regdoctor" in ran.findings["blob-redirect-signature-or-auth-forwarded"]["breaks"]


def test_a_storage_whose_certificate_has_expired(
    store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    authority = CertificateAuthority()
    now = dt.datetime.now(dt.UTC)
    past = Validity(now - dt.timedelta(days=90), now - dt.timedelta(days=2))
    directory = tmp_path_factory.mktemp("ca")
    pair = authority.issue(ips=["127.0.0.1"], validity=past).write(directory)
    (directory / "root.pem").write_bytes(authority.pem)
    with Server(Registry(store), tls=pair) as storage:
        away = faults.redirect(faults.BLOB_GETS, storage.url)
        with Server(Registry(store, tamper=(away,))) as server:
            root = str(directory / "root.pem")
            ran = check("--ca", root, f"{server.authority}/team/app:1.0")
    assert ran.serious == {"blob-redirect-backend-tls-untrusted-or-expired"}
    finding = ran.findings["blob-redirect-backend-tls-untrusted-or-expired"]
    assert "expired" in finding["title"]


def test_an_artifactory_whose_proxy_does_not_know_v2(store: Store) -> None:
    def front(request: faults.Request, answer: faults.Answer) -> faults.Answer:
        if request.path == "/artifactory/api/system/ping":
            return faults.Answer(200, (("Content-Type", "text/plain"),), b"OK")
        return faults.page(faults.on(), 404)(request, answer)

    assert checked(store, front).serious == {"artifactory-docker-path-method"}
