"""What cannot be built is said in one line, with its place, and leaves nothing half-written."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import Builds, Ended, serve_base
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.registry import Registry, Server, Store, faults
from tests.fixtures.registry.registry import Tamper

pytestmark = [pytest.mark.integration, pytest.mark.root]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def registry(tmp_path: Path, store: Store) -> Iterator[Server]:
    server, _ = serve_base(tmp_path, Registry(store))
    with server:
        yield server


@pytest.fixture
def builds(tmp_path: Path, registry: Server) -> Builds:
    return Builds(tmp_path, f"{registry.authority}/base/busybox:1")


def refused(ended: Ended, code: int, *texts: str) -> None:
    for text in texts:
        assert text in ended.stderr, ended.stderr
    assert ended.code == code, ended.text
    assert "Traceback" not in ended.text


@pytest.mark.parametrize(
    ("dockerfile", "line", "texts"),
    [
        ("FROM BASE\nRUNN x\n", 2, ["unknown instruction: RUNN (did you mean RUN?)"]),
        ("FROM BASE\nCOPY --nope=1 a b\n", 2, ["unknown flag: --nope"]),
        ("FROM BASE\nCOPY a\n", 2, ["COPY requires at least two arguments"]),
        ("FROM BASE\nRUN <<EOT\nx\n", 0, ["unterminated heredoc"]),
        ("FROM BASE@sha256:abc\n", 1, ["invalid reference format"]),
        ("FROM Upper/Case\n", 1, ["must be lowercase"]),
        ("FROM BASE AS a\nFROM BASE\nCOPY --from=9 /x /y\n", 0, ["invalid stage index 9"]),
        ("", 0, ["the Dockerfile cannot be empty"]),
        ("# nothing\n", 0, ["file with no instructions"]),
        ("FROM BASE\nEXPOSE x\n", 2, ["invalid"]),
        (
            "FROM BASE\nRUN --mount=type=cache,target=/c,source=a/b true\n",
            2,
            ["open /a/b: no such file or directory"],
        ),
        ("FROM BASE\nUSER nobody-here\nRUN true\n", 3, ['process "/bin/sh -c true" did not']),
    ],
)
def test_a_dockerfile_that_is_wrong_is_refused_with_its_line(
    builds: Builds, dockerfile: str, line: int, texts: list[str]
) -> None:
    ended = builds.run(builds.context(dockerfile))
    refused(ended, 1, *texts)
    if line:
        assert f"Dockerfile:{line}" in ended.stderr
        assert f" {line:3d} | >>> " in ended.stderr


def test_a_file_that_is_not_in_the_context_is_named(builds: Builds) -> None:
    ended = builds.run(builds.context("FROM BASE\nCOPY nope /x\n"))
    refused(ended, 1, '"/nope": not found', "failed to compute cache key", ">>> COPY nope /x")


def test_an_image_that_is_not_there_is_named(builds: Builds) -> None:
    ended = builds.run(builds.context("FROM BASE-not\n"))
    refused(ended, 1, "not found")


def test_a_missing_context_or_dockerfile_is_a_wrong_use(builds: Builds, tmp_path: Path) -> None:
    refused(builds.run(tmp_path / "nowhere"), 2, "unable to prepare context")
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(builds.run(empty), 2, "failed to read dockerfile: open Dockerfile: no such file")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--output", "type=nope"], "unknown output type"),
        (["-t", "UPPER"], "invalid tag"),
        (["--push"], "tag is needed when pushing to registry"),
        (["--network", "nope"], "network mode"),
        (["--secret", "src=x"], "an id is needed"),
        (["--platform", "nonsense"], "nonsense"),
        (["--add-host", "a:b"], "invalid IP address"),
        (["--ulimit", "nofile=9:1"], "ulimit"),
        (["--sbom=generator=No"], "--sbom: generator 'No'"),
        (["--cache-to", "type=gha"], "--cache-to"),
        (["--no-cache", "--no-cache-filter", "a"], "cannot currently be used together"),
        (["--no-such-flag"], "No such option"),
        (["--progress", "fancy"], "invalid progress mode fancy"),
    ],
)
def test_flags_that_make_no_sense_are_refused_by_name(
    builds: Builds, arguments: list[str], text: str
) -> None:
    context = builds.context("FROM BASE\n")
    refused(builds.run(*arguments, context), 2, text)


def test_broken_settings_are_named_with_file_and_line(builds: Builds, tmp_path: Path) -> None:
    context = builds.context("FROM BASE\n")
    config = tmp_path / "config.toml"
    config.write_text('[registry."x"]\nhttp = maybe\n')
    refused(builds.run("--config", config, context), 2, str(config), "line 2")
    refused(builds.run("--config", tmp_path / "none.toml", context), 2, "none.toml")
    refused(builds.run("--ca", tmp_path / "none.pem", context), 2, "none.pem")
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate here\n")
    refused(builds.run("--ca", empty, context), 2, "empty.pem")


def blobs(builds: Builds) -> set[str]:
    directory = builds.root / "content" / "blobs" / "sha256"
    return {path.name for path in directory.iterdir()} if directory.exists() else set()


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (faults.body(faults.on("GET", "/blobs/"), b"not the blob"), "sha256"),
        (faults.body(faults.on("GET", "/manifests/"), b"{}"), "digest"),
        (faults.cut(faults.on("GET", "/blobs/"), 0, times=99), "blob"),
        (faults.status(faults.on("GET", "/blobs/"), 500), "500"),
        (faults.captive_portal, "text/html"),
    ],
    ids=["blob", "manifest", "cut", "status", "portal"],
)
def test_a_registry_that_lies_stops_the_build_and_not_the_store(
    tmp_path: Path, store: Store, fault: Tamper, text: str
) -> None:
    server, base = serve_base(tmp_path, Registry(store, tamper=(fault,)))
    with server:
        builds = Builds(tmp_path, base)
        ended = builds.run(builds.context("FROM BASE\nRUN true\n"))
    refused(ended, 1)
    assert text in ended.text
    for name in blobs(builds):
        path = builds.root / "content" / "blobs" / "sha256" / name
        assert subprocess.check_output(["sha256sum", path]).split()[0].decode() == name
    assert list((builds.root / "content" / "ingest").iterdir()) == []


def test_a_certificate_that_is_not_trusted_stops_before_any_step(
    tmp_path: Path, store: Store
) -> None:
    authority = CertificateAuthority()
    root = tmp_path / "root.pem"
    root.write_bytes(authority.pem)
    pair = authority.issue("registry.example").write(tmp_path)
    server, base = serve_base(tmp_path, Registry(store), tls=pair, name="registry.example")
    with server:
        builds = Builds(tmp_path, base)
        here = f"--resolve={server.authority}:127.0.0.1"
        context = builds.context("FROM BASE\nRUN echo ran\n")
        ended = builds.run(here, context)
        refused(ended, 1, "x509-unknown-authority-private-root", "Example Root CA")
        assert "#1 " not in ended.stderr
        assert blobs(builds) == set()
        for client in ("docker", "buildkit", "containerd", "podman", "regdoctor"):
            assert f"{client}:" in ended.stderr
        assert "ran" in builds.run(here, "--ca", root, context).stderr


def test_a_full_disk_is_said_in_one_line(tmp_path: Path, builds: Builds) -> None:
    builds.root.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2500k", "tmpfs", builds.root], check=True)
    try:
        context = builds.context("FROM BASE\nRUN dd if=/dev/zero of=/big bs=1M count=8\n")
        ended = builds.run(context)
        refused(ended, 1)
        assert "no space left" in ended.text.lower()
        assert [p for p in builds.root.rglob("ingest/*") if p.is_file()] == []
    finally:
        subprocess.run(["umount", builds.root], check=True)


def test_a_state_directory_of_another_version_is_refused(builds: Builds) -> None:
    builds.root.mkdir()
    (builds.root / "version").write_text("99\n")
    refused(builds.run(builds.context("FROM BASE\n")), 1, "schema '99'")
