"""Blobs: served by the registry, or by a storage that it redirects to."""

from __future__ import annotations

import pytest

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.checked import check
from tests.fixtures.registry import Registry, Server, Store, faults

pytestmark = pytest.mark.integration


@pytest.fixture
def store() -> Store:
    store = Store()
    store.add_image("team/app", "1.0")
    return store


def test_a_blob_that_the_registry_fails_to_give_is_told(store: Store) -> None:
    broken = faults.status(faults.on("GET", "/blobs/"), 500)
    with Server(Registry(store, tamper=(broken,))) as server:
        ran = check(f"{server.authority}/team/app:1.0")
    assert ran.serious == {"blob-unexpected-answer"}
    assert ran.code == 1


def test_other_bytes_than_the_digest_says_are_told(store: Store) -> None:
    lying = faults.body(faults.on("GET", "/blobs/"), b"something else")
    with Server(Registry(store, tamper=(lying,))) as server:
        ran = check(f"{server.authority}/team/app:1.0")
    assert ran.serious == {"failed-size-validation"}


def test_a_redirect_to_a_storage_that_answers_is_quiet(store: Store) -> None:
    with Server(Registry(store)) as storage:
        away = faults.redirect(faults.on("GET", "/blobs/"), storage.url)
        with Server(Registry(store, tamper=(away,))) as server:
            ran = check(f"{server.authority}/team/app:1.0")
    assert ran.serious == set()
    assert ran.code == 0


def test_a_redirect_to_a_storage_that_is_down_names_the_storage(store: Store) -> None:
    away = faults.redirect(faults.on("GET", "/blobs/"), "http://127.0.0.1:9")
    with Server(Registry(store, tamper=(away,))) as server:
        ran = check(f"{server.authority}/team/app:1.0")
    assert ran.serious == {"blob-redirect-backend-unreachable"}
    assert ran.report["findings"][0]["subject"] == "127.0.0.1:9"


def test_a_redirect_to_a_storage_behind_an_unknown_ca_names_the_storage(
    store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pair = CertificateAuthority().issue(ips=["127.0.0.1"]).write(tmp_path_factory.mktemp("ca"))
    with Server(Registry(store), tls=pair) as storage:
        away = faults.redirect(faults.on("GET", "/blobs/"), storage.url)
        with Server(Registry(store, tamper=(away,))) as server:
            ran = check(f"{server.authority}/team/app:1.0")
    assert ran.serious == {"blob-redirect-backend-tls-untrusted-or-expired"}
    assert ran.report["findings"][0]["subject"] == storage.authority


def test_a_blob_that_never_comes_leaves_the_question_open(store: Store) -> None:
    silent = faults.slow(faults.on("GET", "/blobs/"), 30)
    with Server(Registry(store, tamper=(silent,))) as server:
        ran = check("--timeout", "0.5", f"{server.authority}/team/app:1.0")
    open_codes = {each["code"] for each in ran.report["open"]}
    assert "blob-unexpected-answer" in open_codes | ran.serious
