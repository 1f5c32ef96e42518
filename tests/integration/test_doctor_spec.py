"""What the distribution specification says of reading: right registries are quiet, wrong ones
are told of once."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from tests.fixtures.checked import Ran, check
from tests.fixtures.images import push, write
from tests.fixtures.programs import docker_registry, free_port, nginx
from tests.fixtures.registry import BearerAuth, Registry, Server, Store, TokenService, faults
from tests.fixtures.registry.registry import Tamper

pytestmark = pytest.mark.integration

DIGEST_HEAD = faults.on("HEAD", "/manifests/sha256:")
NOTHING = faults.on("", "regdoctor-asks")


@pytest.fixture
def store() -> Store:
    made = Store()
    made.add_image("team/app", "1.0", docker=True)
    made.add_image("team/app", "2.0", (b"two",), docker=True)
    return made


def checked(store: Store, *tamper: Tamper) -> Ran:
    with Server(Registry(store, tamper=tamper)) as server:
        return check(f"{server.authority}/team/app:1.0")


def answered(where: faults.Where, code: int) -> Tamper:
    """``code`` and a registry's error, also where the right answer was one."""

    def tamper(request: faults.Request, answer: faults.Answer) -> faults.Answer:
        return faults.error_answer(code, "UNKNOWN", "wrong") if where(request) else answer

    return tamper


def link(target: str) -> Tamper:
    def tamper(request: faults.Request, answer: faults.Answer) -> faults.Answer:
        if "/tags/list" not in request.path:
            return answer
        return answer.with_header("Link", f'<{target}>; rel="next"')

    return tamper


@pytest.mark.parametrize(
    ("tamper", "code"),
    [
        (answered(NOTHING, 500), "spec-missing-not-404"),
        (answered(NOTHING, 403), "spec-missing-not-404"),
        (answered(faults.on("GET", f"sha256:{'0' * 63}1"), 400), "spec-missing-not-404"),
        (answered(faults.on("HEAD", f"blobs/sha256:{'0' * 63}1"), 200), "spec-missing-not-404"),
        (faults.with_header(DIGEST_HEAD, "Content-Length", "1"), "spec-head-get-differ"),
        (faults.with_header(DIGEST_HEAD, "Content-Type", "text/plain"), "spec-head-get-differ"),
        (
            faults.with_header(
                faults.on("", "/manifests/sha256:"), "Docker-Content-Digest", f"sha256:{'1' * 64}"
            ),
            "spec-digest-header-wrong",
        ),
        (
            faults.with_header(
                faults.on("", "/manifests/"),
                "Content-Type",
                "application/vnd.oci.image.manifest.v1+json",
            ),
            "spec-content-type-differs",
        ),
        (answered(faults.on("", "/tags/list"), 500), "spec-tags-list"),
        (faults.body(faults.on("", "/tags/list"), b'{"name":"x","tags":null}'), "spec-tags-list"),
        (link("/repository/docker/v2/team/app/tags/list?n=1&last=1.0"), "spec-tags-list"),
        (answered(lambda request: "last=" in request.target, 400), "spec-tags-list"),
        (answered(faults.on("", "/referrers/"), 500), "spec-referrers"),
        (faults.body(faults.on("", "/referrers/"), b"{}"), "spec-referrers"),
        (
            answered(
                lambda request: (
                    request.method == "HEAD"
                    and "/blobs/" in request.path
                    and "0001" not in request.path
                ),
                405,
            ),
            "spec-blob-head",
        ),
    ],
)
def test_one_fault_has_one_code(tamper: Tamper, code: str, store: Store) -> None:
    ran = checked(store, tamper)
    assert ran.serious == {code}
    assert ran.code == 0


def test_a_part_of_a_blob_that_is_refused(store: Store) -> None:
    def no_parts(request: faults.Request, answer: faults.Answer) -> faults.Answer:
        return faults.Answer(416) if request.header("Range") else answer

    assert checked(store, no_parts).serious == {"spec-blob-range"}


def test_a_registry_that_is_right_is_quiet(store: Store) -> None:
    with Server(Registry(store, auth=BearerAuth(TokenService()))) as server:
        ran = check("--as", "all", f"{server.authority}/team/app:1.0")
        asked = len(server.seen)
    assert ran.findings == {}
    assert ran.open == set()
    assert asked <= 24


def test_a_registry_without_referrers_or_ranges_is_quiet(store: Store) -> None:
    with Server(Registry(store, referrers=False, tamper=(faults.no_ranges,))) as server:
        assert check(f"{server.authority}/team/app:1.0").findings == {}


def test_distribution_is_quiet(tmp_path: Path) -> None:
    """Debian's docker-registry 2.8: no referrers, no pages of tags, and all that is allowed."""
    layer = tmp_path / "layer.tar"
    with tarfile.open(layer, "w") as out:
        out.addfile(tarfile.TarInfo("file"))
    layout = write(tmp_path / "layout", [layer], {"Env": ["A=1"]}, "1.0")
    with docker_registry(tmp_path / "registry") as registry:
        push(layout, registry.authority, "team/app", "1.0")
        push(layout, registry.authority, "team/app", "2.0")
        ran = check("--as", "all", f"{registry.authority}/team/app:1.0")
        cache_config = tmp_path / "config.toml"
        with docker_registry(tmp_path / "cache", upstream=registry.url) as cache:
            cache_config.write_text(
                f'[registry."{registry.authority}"]\nmirrors = ["{cache.authority}"]\n'
                f'[registry."{cache.authority}"]\nhttp = true\n'
            )
            mirrored = check("--config", str(cache_config), f"{registry.authority}/team/app:2.0")
            direct = check(f"{cache.authority}/team/app:1.0")
    for each in (ran, mirrored, direct):
        assert each.findings == {}
        assert each.open == set()


def test_nginx_that_compresses_manifests_is_noted(store: Store, tmp_path: Path) -> None:
    port = free_port()
    with Server(Registry(store)) as server:
        settings = (
            "gzip on; gzip_min_length 1; gzip_proxied any; gzip_types *;\n"
            f"location / {{ proxy_pass {server.url}; proxy_set_header Host $http_host; }}"
        )
        with nginx(tmp_path / "nginx", settings, port=port):
            ran = check(f"127.0.0.1:{port}/team/app:1.0")
    assert set(ran.findings) == {"spec-manifest-compressed"}
    assert ran.findings["spec-manifest-compressed"]["severity"] == "info"
    facts = [each["fact"] for each in ran.findings["spec-manifest-compressed"]["evidence"]]
    assert any("come through nginx" in fact for fact in facts)
