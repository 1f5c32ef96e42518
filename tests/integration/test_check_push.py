"""``check --push`` against Debian's docker-registry, plain and behind nginx."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.checked import Ran, check
from tests.fixtures.programs import RealRegistry, docker_registry, free_port, nginx
from tests.fixtures.registry import Registry, Server, Store

pytestmark = pytest.mark.integration

REPOSITORY = "team/scratch"


def push_to(authority: str, *arguments: str, stdin: str = "") -> Ran:
    return check("--push", f"{authority}/{REPOSITORY}", *arguments, stdin=stdin)


def fill(registry: RealRegistry, *more: str) -> None:
    """An image in the repository, so that it is there before anything is tried."""
    store = Store()
    store.add_image(REPOSITORY, "1")
    with Server(Registry(store)) as source:
        plain = ("--src-tls-verify=false", "--dest-tls-verify=false")
        images = (
            f"docker://{each}/{REPOSITORY}:1" for each in (source.authority, registry.authority)
        )
        done = subprocess.run(
            ["skopeo", "copy", "--quiet", *plain, *more, *images], capture_output=True, check=False
        )
    assert done.returncode == 0, done.stderr.decode()


def files(registry: RealRegistry) -> dict[str, bytes]:
    """Everything in the registry's storage. Distribution 2.8 writes the state of a hash once
    more after it has deleted the upload; that is its own."""
    root = registry.storage
    paths = (path for path in root.rglob("*") if path.is_file() and "hashstates" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def collected(registry: RealRegistry) -> None:
    """The registry's own garbage collection."""
    config = str(registry.directory / "config.yml")
    command = ["docker-registry", "garbage-collect", config]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def methods(registry: RealRegistry) -> set[str]:
    lines = registry.log.read_text().splitlines()
    return {
        word for line in lines for word in ("POST", "PUT", "PATCH", "DELETE") if f'"{word} ' in line
    }


@pytest.mark.parametrize("relative", [False, True])
def test_a_healthy_registry_is_quiet_and_as_it_was(relative: bool, tmp_path: Path) -> None:
    with docker_registry(tmp_path, relative=relative) as registry:
        fill(registry)
        before = files(registry)
        ran = push_to(registry.authority)
        assert ran.report["findings"] == []
        assert ran.report["open"] == []
        assert ran.code == 0
        assert {"POST", "PUT", "PATCH", "DELETE"} <= methods(registry)
        blobs = files(registry).keys() - before.keys()
        assert all("/blobs/sha256/" in name for name in blobs)  # nothing refers to them
        collected(registry)
        assert files(registry) == before


def test_where_nothing_is_deleted_nothing_is_stored(tmp_path: Path) -> None:
    with docker_registry(tmp_path, deletes=False) as registry:
        fill(registry)
        before = files(registry)
        ran = push_to(registry.authority)
        assert ran.report["findings"] == []
        assert "nothing was stored" in ran.report["open"][0]["why"]
        assert "405" in ran.report["open"][0]["why"]
        assert files(registry) == before


def test_no_repository_is_made(tmp_path: Path) -> None:
    with docker_registry(tmp_path) as registry:
        ran = push_to(registry.authority)
        assert ran.report["findings"] == []
        assert "no tags yet" in ran.report["open"][0]["why"]
        assert files(registry) == {}


def test_credentials_are_those_of_a_pull(tmp_path: Path) -> None:
    login = ("-u", "user", "--password-stdin")
    with docker_registry(tmp_path, htpasswd={"user": "right"}) as registry:
        fill(registry, "--dest-creds", "user:right")
        assert push_to(registry.authority, *login, stdin="right\n").report["findings"] == []
        assert push_to(registry.authority).serious == {"push-access-denied"}
        assert push_to(registry.authority, *login, stdin="wrong\n").serious == {
            "credentials-rejected"
        }


def test_nothing_is_written_without_the_flag(tmp_path: Path) -> None:
    with docker_registry(tmp_path) as registry:
        fill(registry)
        filled = registry.log.read_text()
        check(f"{registry.authority}/{REPOSITORY}:1")
        check(registry.authority)
        later = registry.log.read_text().removeprefix(filled)
    assert '"GET ' in later
    assert not any(f'"{method} ' in later for method in ("POST", "PUT", "PATCH", "DELETE"))


def test_a_repository_may_be_named_at_the_one_registry_of_the_targets(tmp_path: Path) -> None:
    with docker_registry(tmp_path) as registry:
        fill(registry)
        ran = check("--push", REPOSITORY, f"{registry.authority}/{REPOSITORY}:1")
        assert ran.report["findings"] == ran.report["open"] == []
        assert "POST" in methods(registry)


def test_a_pull_through_cache_takes_no_pushes(tmp_path: Path) -> None:
    with (
        Server(Registry()) as origin,
        docker_registry(tmp_path, upstream=origin.url) as registry,
    ):
        ran = push_to(registry.authority)
    assert ran.serious == {"push-to-pull-through-cache-405"}
    assert "as a pull-through cache does" in ran.report["findings"][0]["title"]
    assert ran.code == 1


def test_a_read_only_registry_says_what_it_allows(tmp_path: Path) -> None:
    with docker_registry(tmp_path, read_only=True) as registry:
        ran = push_to(registry.authority)
    assert ran.serious == {"push-to-pull-through-cache-405"}
    assert "read-only" in ran.report["findings"][0]["title"]


@contextlib.contextmanager
def behind_nginx(directory: Path, registry: RealRegistry, location: str) -> Iterator[str]:
    """nginx before the registry with ``location`` directives; its authority."""
    port = free_port()
    block = f"location / {{ proxy_pass {registry.url}; {location} }}"
    with nginx(directory, block, port=port):
        yield f"127.0.0.1:{port}"


def test_a_limit_on_bodies_names_who_has_it(tmp_path: Path) -> None:
    with docker_registry(tmp_path / "registry") as registry:
        fill(registry)
        host = "proxy_set_header Host $http_host;"
        with behind_nginx(tmp_path / "small", registry, host) as authority:
            ran = push_to(authority)
        assert ran.serious == {"push-413-request-entity-too-large"}
        assert "nginx" in ran.report["findings"][0]["title"]
        lifted = f"{host} client_max_body_size 0;"
        with behind_nginx(tmp_path / "large", registry, lifted) as authority:
            assert push_to(authority).report["findings"] == []


def test_a_proxy_that_stops_post_is_told_from_a_cache(tmp_path: Path) -> None:
    with docker_registry(tmp_path / "registry") as registry:
        stop = "if ($request_method = POST) { return 405; }"
        with behind_nginx(tmp_path / "proxy", registry, stop) as authority:
            ran = push_to(authority)
    assert ran.serious == {"push-to-pull-through-cache-405"}
    assert "before it answers POST" in ran.report["findings"][0]["title"]


def test_a_registry_that_does_not_know_of_the_tls_before_it(tmp_path: Path) -> None:
    root = CertificateAuthority("Private Root")
    ca = tmp_path / "ca.pem"
    ca.write_bytes(root.pem)
    chain, key = root.issue(ips=["127.0.0.1"]).write(tmp_path)
    tls = f"ssl_certificate {chain}; ssl_certificate_key {key}; client_max_body_size 0;"
    host = "proxy_set_header Host $http_host;"
    with docker_registry(tmp_path / "registry") as registry:
        fill(registry)
        before = files(registry)
        for name, told, codes in (
            ("wrong", host, {"push-location-http-downgrade-missing-x-forwarded-proto"}),
            ("right", f"{host} proxy_set_header X-Forwarded-Proto https;", set()),
        ):
            port = free_port()
            block = f"{tls} location / {{ proxy_pass {registry.url}; {told} }}"
            with nginx(tmp_path / name, block, port=port, listen=f"127.0.0.1:{port} ssl"):
                ran = push_to(f"127.0.0.1:{port}", "--ca", str(ca))
            assert ran.serious == codes
        collected(registry)
        assert files(registry) == before


def test_a_port_that_the_registry_does_not_know_of(tmp_path: Path) -> None:
    with docker_registry(tmp_path / "registry") as registry:
        fill(registry)
        lost = "proxy_set_header Host $host; client_max_body_size 0;"
        with behind_nginx(tmp_path / "proxy", registry, lost) as authority:
            ran = push_to(authority)
    assert ran.serious == {"push-location-http-downgrade-missing-x-forwarded-proto"}
    assert "does not know the port" in ran.report["findings"][0]["title"]


@pytest.mark.parametrize("shared", [True, False])
def test_replicas_that_do_not_know_each_others_uploads(shared: bool, tmp_path: Path) -> None:
    """Of shared storage and the same secret, one is missing."""
    storage, secret = (tmp_path / "shared", "") if shared else (None, "one secret")
    with (
        docker_registry(tmp_path / "one", storage=storage, secret=secret) as one,
        docker_registry(tmp_path / "two", storage=storage, secret=secret) as two,
    ):
        port = free_port()
        pool = f"upstream pool {{ server {one.authority}; server {two.authority}; }}"
        block = "location / { proxy_pass http://pool; proxy_set_header Host $http_host; }"
        with nginx(tmp_path / "proxy", block, port=port, http=pool):
            ran = push_to(f"127.0.0.1:{port}")
        left = {**files(one), **files(two)}
    assert ran.serious == {"push-blob-upload-unknown-multi-replica"}
    words = "http.secret differs" if shared else "do not share their storage"
    assert words in ran.report["findings"][0]["title"]
    assert not any("_uploads" in name for name in left)


def test_a_saved_run_is_judged_again_alike(tmp_path: Path) -> None:
    with docker_registry(tmp_path / "registry", deletes=False) as registry:
        live = push_to(registry.authority, "--save", str(tmp_path / "seen.json"))
    again = check("--replay", str(tmp_path / "seen.json"))
    assert again.report["open"] == live.report["open"] != []
    assert "_state=REDACTED" in json.dumps(json.loads((tmp_path / "seen.json").read_text()))
