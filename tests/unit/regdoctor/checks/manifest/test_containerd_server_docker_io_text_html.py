"""containerd-server-docker-io-text-html."""

from __future__ import annotations

from regdoctor.observations.host import AskedClients
from regdoctor.observations.store import HOST
from tests.fixtures.scenes import (
    answer,
    found,
    host_files,
    manifest_answer,
    manifest_seen,
    registry_seen,
)
from tests.fixtures.scenes.images import digest_seen, served

CODE = "containerd-server-docker-io-text-html"
HOSTS = "/etc/containerd/certs.d/docker.io/hosts.toml"
PAGE = manifest_answer("GET", 200, kind="text/html")


def test_fires_for_a_page_in_place_of_a_manifest() -> None:
    assert set(found(manifest_seen(None, PAGE))) == {CODE}


def test_fires_for_a_page_in_place_of_a_digest() -> None:
    seen = digest_seen(PAGE, received=80, what="digest", expected="sha256:a", got="sha256:b")
    assert set(found(seen)) == {CODE}


def test_fires_for_a_hosts_toml_that_names_the_web_site() -> None:
    seen = served()
    seen.add(HOST, host_files({HOSTS: b'server = "https://docker.io"\n'}))
    assert found(seen)[CODE].severity == "info"
    seen.add(HOST, AskedClients(("containerd",)))
    assert found(seen)[CODE].severity == "error"
    assert "registry-1.docker.io" in found(seen)[CODE].fixes[0].files[0].diff


def test_quiet_for_a_hosts_toml_that_names_the_registry_or_nothing() -> None:
    for text in (b'server = "https://registry-1.docker.io"\n', b"", b"no toml ="):
        seen = served()
        seen.add(HOST, host_files({HOSTS: text}))
        assert found(seen) == {}


def test_quiet_where_everything_is_a_page() -> None:
    seen = registry_seen(ping=answer("GET", "/v2/", 200, kind="text/html"))
    assert set(found(manifest_seen(None, PAGE, seen=seen))) == {"registry-unexpected-answer"}
