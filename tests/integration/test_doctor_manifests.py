"""Manifests as registries, caches and proxies get them wrong, by the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fixtures.checked import Ran, check
from tests.fixtures.registry import Registry, Server, Store, faults
from tests.fixtures.registry.messages import json_answer
from tests.fixtures.registry.registry import Tamper
from tests.fixtures.registry.store import digest_of

pytestmark = pytest.mark.integration

BY_DIGEST = faults.on("GET", "/manifests/sha256:")


@pytest.fixture
def store() -> Store:
    made = Store()
    made.add_image("team/app", "1.0", docker=True)
    return made


def checked(store: Store, *tamper: Tamper, image: str = "team/app:1.0", options: str = "") -> Ran:
    with Server(Registry(store, tamper=tamper)) as server:
        return check(*options.split(), f"{server.authority}/{image}")


def index_of(store: Store, *platforms: str, tag: str = "multi", keep: bool = True) -> str:
    """An index of ``team/app`` whose entries are for ``platforms``; its digest."""
    child = store.add_image("team/app", "", (b"other",))
    manifest = store.manifest("team/app", child)
    assert manifest is not None
    entries = []
    for text in platforms:
        parts = dict(zip(("os", "architecture", "variant"), text.split("/"), strict=False))
        entries.append(
            {
                "mediaType": manifest.media_type,
                "digest": child if keep else digest_of(text.encode()),
                "size": len(manifest.data),
                "platform": parts,
            }
        )
    kind = "application/vnd.oci.image.index.v1+json"
    document = {"schemaVersion": 2, "mediaType": kind, "manifests": entries}
    return store.add_manifest("team/app", json.dumps(document).encode(), kind, tag)


@pytest.mark.parametrize(
    ("tamper", "code"),
    [
        (faults.status(BY_DIGEST, 404), "manifest-accept-dependent-digest-not-found"),
        (
            faults.with_header(faults.MANIFEST_HEADS, "Content-Length", "9999"),
            "failed-size-validation",
        ),
        (faults.schema1, "schema1-removed-containerd-2.1"),
        (faults.literal_accept, "accept-header-comma-list-old-registry-schema1"),
        (
            faults.without_header(faults.MANIFEST_HEADS, "Content-Type"),
            "head-manifest-without-content-length-or-type",
        ),
        (
            faults.without_header(faults.MANIFEST_HEADS, "Content-Length"),
            "head-manifest-without-content-length-or-type",
        ),
        (
            faults.page(faults.on("", "/manifests/")),
            "containerd-server-docker-io-text-html",
        ),
        (
            faults.gateway(faults.on("", "/manifests/"), 504),
            "cloudflare-or-proxy-502-503-504",
        ),
    ],
)
def test_one_fault_has_one_code(tamper: Tamper, code: str, store: Store) -> None:
    assert checked(store, tamper).serious == {code}


def test_other_bytes_of_the_same_length_under_a_digest(store: Store) -> None:
    manifest = store.manifest("team/app", "1.0")
    assert manifest is not None
    changed = manifest.data[:-1] + b" "
    assert checked(store, faults.body(BY_DIGEST, changed)).serious == {"unexpected-commit-digest"}


def test_an_image_without_this_platform(store: Store) -> None:
    index_of(store, "linux/s390x", "windows/amd64")
    ran = checked(store, image="team/app:multi")
    assert ran.serious == {"no-matching-manifest-for-platform"}
    title = ran.findings["no-matching-manifest-for-platform"]["title"]
    assert "linux/s390x and windows/amd64" in title
    assert ran.code == 1


def test_the_platform_that_docker_was_told_is_the_one_that_counts(store: Store) -> None:
    index_of(store, "linux/s390x", "linux/arm/v7")
    with Server(Registry(store)) as server:
        image = f"{server.authority}/team/app:multi"
        asked = {"DOCKER_DEFAULT_PLATFORM": "linux/s390x"}
        assert check(image, environ=asked).serious == set()
        asked = {"DOCKER_DEFAULT_PLATFORM": "linux/arm/v6"}
        ran = check(image, environ=asked)
    assert ran.serious == {"platform-detection-or-index-variant-bug"}


def test_the_platform_that_a_dockerfile_names_is_the_one_that_counts(
    store: Store, tmp_path: Path
) -> None:
    index_of(store, "linux/s390x")
    with Server(Registry(store)) as server:
        line = f"FROM --platform=linux/s390x {server.authority}/team/app:multi\n"
        (tmp_path / "Dockerfile").write_text(line)
        assert check(str(tmp_path)).serious == set()


def test_an_index_without_its_manifests(store: Store) -> None:
    index_of(store, "linux/amd64", "linux/arm64", keep=False)
    ran = checked(store, image="team/app:multi")
    assert ran.serious == {"index-names-missing-manifest"}


def test_a_digest_that_pins_an_attestation(store: Store) -> None:
    config = store.add_blob("team/app", b'{"architecture":"unknown","os":"unknown"}')
    statement = store.add_blob("team/app", b"{}")
    kind = "application/vnd.oci.image.manifest.v1+json"
    document = {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": config,
            "size": 41,
        },
        "layers": [{"mediaType": "application/vnd.in-toto+json", "digest": statement, "size": 2}],
    }
    digest = store.add_manifest("team/app", json.dumps(document).encode(), kind)
    ran = checked(store, image=f"team/app@{digest}")
    assert ran.serious == {"pinned-digest-is-single-arch-or-attestation"}
    assert ran.code == 1


def test_a_digest_that_pins_another_platform_is_a_warning(store: Store) -> None:
    digest = store.add_image("team/app", "", (b"layer",))
    with Server(Registry(store)) as server:
        image = f"{server.authority}/team/app@{digest}"
        ran = check(image, environ={"DOCKER_DEFAULT_PLATFORM": "linux/arm64"})
        assert ran.serious == {"pinned-digest-is-single-arch-or-attestation"}
        assert ran.code == 0
        assert check(image).serious == set()


def test_an_official_image_under_the_name_of_a_cache(store: Store) -> None:
    store.add_image("library/busybox", "latest")
    assert checked(store, image="busybox").serious == {"pull-through-cache-library-prefix"}


def test_a_mirror_that_minds_the_query(store: Store, tmp_path: Path) -> None:
    mended = Registry(store)
    with (
        Server(Registry(store, tamper=(faults.without_query,))) as mirror,
        Server(mended) as origin,
    ):
        settings = tmp_path / "config.toml"
        settings.write_text(
            f'[registry."{origin.authority}"]\nmirrors = ["{mirror.authority}"]\n'
            f'[registry."{mirror.authority}"]\nhttp = true\n'
        )
        ran = check("--config", str(settings), f"{origin.authority}/team/app:1.0")
    assert ran.serious == {"mirror-ns-query-not-understood"}


def test_zstd_is_told_to_who_asks_about_docker(store: Store) -> None:
    kind = "application/vnd.oci.image.manifest.v1+json"
    layer = store.add_blob("team/app", b"\x28\xb5\x2f\xfd zstd")
    config = store.add_blob("team/app", b'{"architecture":"amd64","os":"linux"}')
    document = {
        "schemaVersion": 2,
        "mediaType": kind,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": config,
            "size": 37,
        },
        "layers": [
            {
                "mediaType": "application/vnd.oci.image.layer.v1.tar+zstd",
                "digest": layer,
                "size": 9,
            }
        ],
    }
    store.add_manifest("team/app", json.dumps(document).encode(), kind, "zstd")
    ran = checked(store, image="team/app:zstd", options="--as docker")
    assert set(ran.findings) == {"zstd-layers-on-old-engine"}
    assert ran.code == 0
    assert checked(store, image="team/app:zstd").findings == {}


def test_a_whole_index_is_quiet(store: Store) -> None:
    index_of(store, "linux/amd64", "linux/arm64", "unknown/unknown")
    ran = checked(store, image="team/app:multi", options="--as all")
    assert ran.findings == {}
    assert ran.open == set()


def test_hosts_toml_that_names_docker_hubs_web_site(store: Store, tmp_path: Path) -> None:
    directory = tmp_path / "etc/containerd/certs.d/docker.io"
    directory.mkdir(parents=True)
    (directory / "hosts.toml").write_text('server = "https://docker.io"\n')
    ran = checked(store, options=f"--as containerd --host-root {tmp_path}")
    assert ran.serious == {"containerd-server-docker-io-text-html"}


def test_the_version_of_a_product_in_trouble_is_asked_for_and_named(store: Store) -> None:
    def zot(request: faults.Request, answer: faults.Answer) -> faults.Answer:
        if request.path == "/v2/_zot/ext/mgmt":
            return json_answer(200, {"distSpecVersion": "1.1.1", "releaseTag": "v2.1.2"})
        return answer.with_header("X-Zot-Cluster-Hop-Count", "1")

    with Server(Registry(store, tamper=(zot,))) as server:
        ran = check(f"{server.authority}/team/app:none")
        asked = len(server.requests("GET", "_zot"))
        assert check(f"{server.authority}/team/app:1.0").findings == {}
        assert len(server.requests("GET", "_zot")) == asked == 1
    assert ran.serious == {"image-not-found"}
    facts = [each["fact"] for each in ran.findings["image-not-found"]["evidence"]]
    assert "the registry is zot 2.1.2: /v2/_zot/ext/mgmt" in facts


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[]", "manifest is not a JSON object"),
        ("null", "manifest is not a JSON object"),
        ("[" * 100_000, "manifest is not JSON"),
        ('{"schemaVersion": 2, "config": null, "layers": null}', "no config, no layers"),
    ],
)
def test_what_is_under_the_right_digest_and_no_manifest(
    content: str, told: str, store: Store
) -> None:
    data = content.encode()
    lying = faults.body(faults.on("", "/manifests/1.0"), data)
    named = faults.with_header(
        faults.on("", "/manifests/1.0"), "Docker-Content-Digest", digest_of(data)
    )
    by_digest = faults.on("", f"/manifests/{digest_of(data)}")

    def kept(request: faults.Request, answer: faults.Answer) -> faults.Answer:
        kind = ("Content-Type", "application/vnd.docker.distribution.manifest.v2+json")
        digest = ("Docker-Content-Digest", digest_of(data))
        return faults.Answer(200, (kind, digest), data) if by_digest(request) else answer

    ran = checked(store, lying, named, kept)
    assert ran.serious == {"manifest-unexpected-answer"}
    assert told in ran.findings["manifest-unexpected-answer"]["title"]
    assert ran.code == 1
