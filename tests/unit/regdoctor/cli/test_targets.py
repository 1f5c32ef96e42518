"""What a TARGET means."""

from __future__ import annotations

from pathlib import Path

import pytest

from regdoctor.cli.faults import UsageError
from regdoctor.cli.targets import wanted, with_push


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("registry.example.com", "registry.example.com"),
        ("registry.example.com:5000", "registry.example.com:5000"),
        ("localhost:5000", "localhost:5000"),
        ("localhost", "localhost"),
        ("registry:5000", "registry:5000"),
        ("[::1]:5000", "[::1]:5000"),
        ("10.0.0.1", "10.0.0.1"),
        ("docker.io", "docker.io"),
        ("registry-1.docker.io", "docker.io"),
    ],
)
def test_a_registry(text: str, domain: str) -> None:
    found = wanted(text)
    assert (found.target.kind, found.domains) == ("registry", (domain,))


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("alpine", "docker.io/library/alpine:latest"),
        ("alpine:3.19", "docker.io/library/alpine:3.19"),
        ("registry:2", "docker.io/library/registry:2"),
        ("registry.example:5000/team/app:1.0", "registry.example:5000/team/app:1.0"),
    ],
)
def test_an_image(
    text: str, reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = wanted(text)
    assert found.target.kind == "image"
    assert [str(each) for each in found.references] == [reference]


def test_a_url_keeps_its_scheme() -> None:
    found = wanted("http://registry.example:5000/v2/")
    assert found.target.kind == "url"
    assert [str(each) for each in found.addresses] == ["http://registry.example:5000"]


def test_a_directory_is_a_build_with_every_image_of_its_dockerfile(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "# syntax=docker/dockerfile:1\nFROM a.example/x:1 AS one\nFROM one\n"
        "COPY --from=b.example/y:2 / /\n"
    )
    found = wanted(str(tmp_path))
    assert found.target.kind == "build"
    assert [str(each) for each in found.references] == ["a.example/x:1", "b.example/y:2"]
    assert wanted(str(tmp_path / "Dockerfile")).references == found.references


@pytest.mark.parametrize("text", ["ftp://x", "team/UPPER", "./nothing-here", "http://", "a b.c"])
def test_what_means_nothing_is_a_fault_of_usage(text: str) -> None:
    with pytest.raises(UsageError):
        wanted(text)


def test_a_directory_without_a_dockerfile_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no Dockerfile"):
        wanted(str(tmp_path))


def test_a_dockerfile_that_does_not_parse_says_where(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\nNONSENSE x\n")
    with pytest.raises(UsageError, match="Dockerfile:2"):
        wanted(str(tmp_path))


@pytest.mark.parametrize(
    ("targets", "repository", "domain", "path"),
    [
        ([], "registry.example:5000/team/scratch", "registry.example:5000", "team/scratch"),
        ([], "localhost/scratch", "localhost", "scratch"),
        (["registry.example:5000"], "team/scratch", "registry.example:5000", "team/scratch"),
        (["registry.example/app:1"], "scratch", "registry.example", "scratch"),
        (["http://registry.example:5000"], "scratch", "registry.example:5000", "scratch"),
        (["one.example", "two.example"], "two.example/a/b", "two.example", "a/b"),
    ],
)
def test_one_target_may_be_written_to(
    targets: list[str], repository: str, domain: str, path: str
) -> None:
    every = with_push([wanted(text) for text in targets], repository)
    (written,) = [each for each in every if each.push]
    assert written.push == path
    assert domain in (*written.domains, *(each.authority for each in written.addresses))


@pytest.mark.parametrize(
    ("targets", "repository"),
    [
        ([], "team/scratch"),
        (["one.example", "two.example"], "team/scratch"),
        (["one.example"], "team/Scratch"),
        (["one.example"], "one.example/team/scratch:1"),
        (["one.example"], ""),
        (["one.example"], "one.example/"),
    ],
)
def test_a_repository_that_is_at_no_one_registry_is_refused(
    targets: list[str], repository: str
) -> None:
    with pytest.raises(UsageError, match="--push"):
        with_push([wanted(text) for text in targets], repository)
