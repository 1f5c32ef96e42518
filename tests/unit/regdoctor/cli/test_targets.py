"""What a TARGET means."""

from __future__ import annotations

from pathlib import Path

import pytest

from regdoctor.cli.faults import UsageError
from regdoctor.cli.targets import wanted, with_push
from regdoctor.diagnose import Wanted
from regdoctor.observations.written import DockerfileLook, WrittenReference


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
    ("text", "domain"),
    [
        ("docker.io/team/UPPER", "docker.io"),
        ("registry.example:5000/team/App:1.0", "registry.example:5000"),
        ("registry.example/app:1.0+build", "registry.example"),
    ],
)
def test_an_image_that_no_client_takes_is_looked_at_as_its_registry(text: str, domain: str) -> None:
    found = wanted(text)
    assert (found.target.kind, found.references, found.domains) == ("image", (), (domain,))
    assert found.noted == ((text, WrittenReference(text)),)


def test_an_image_with_a_scheme_in_front_is_noted_and_its_address_looked_at() -> None:
    text = "https://registry.example:5000/team/app:1.0"
    found = wanted(text)
    assert [str(each) for each in found.addresses] == ["https://registry.example:5000"]
    assert found.noted == ((text, WrittenReference(text)),)
    assert wanted("https://registry.example:5000/repository/docker/").noted == ()


def noted(found: Wanted, kind: type) -> list[object]:
    return [each for _, each in found.noted if isinstance(each, kind)]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("ARG BASE\nFROM $BASE\n", ("", 2, "$BASE", ("BASE",))),
        ("ARG A=\nARG B=${A}\nFROM ${B}/x\n", ("/x", 3, "${B}/x", ("B",))),
        ("FROM Team/App\n", ("Team/App", 1, "Team/App", ())),
        ("ARG R=Team\nFROM $R/App\n", ("Team/App", 2, "$R/App", ())),
        ("FROM scratch\nCOPY --from=x:1+2 / /\n", ("x:1+2", 2, "x:1+2", ())),
    ],
)
def test_a_reference_of_a_dockerfile_that_is_none_is_noted_with_its_line(
    text: str, written: tuple[str, int, str, tuple[str, ...]], tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    found = wanted(str(tmp_path))
    reference, line, expression, blank = written
    file = str(tmp_path / "Dockerfile")
    assert noted(found, WrittenReference) == [
        WrittenReference(reference, file, line, expression, blank)
    ]
    assert found.references == ()


def test_a_default_that_is_not_needed_is_not_noted(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("ARG REG\nFROM ${REG:-r.example}/app:1\n")
    found = wanted(str(tmp_path))
    assert noted(found, WrittenReference) == []
    assert [str(each) for each in found.references] == ["r.example/app:1"]


def test_what_the_classic_builder_refuses_is_noted(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM scratch\nRUN true\nRUN --mount=type=cache,target=/c --network=none true\n"
        "COPY --chmod=755 a /\nADD --chmod=644 b /\nCOPY --link c /\n"
    )
    (look,) = noted(wanted(str(tmp_path)), DockerfileLook)
    assert isinstance(look, DockerfileLook)
    assert [(each.line, each.instruction, each.option) for each in look.buildkit_only] == [
        (3, "RUN", "--mount"),
        (3, "RUN", "--network"),
        (4, "COPY", "--chmod"),
        (5, "ADD", "--chmod"),
    ]


def test_a_name_without_a_registry_may_be_a_path_and_a_hint_says_the_rest() -> None:
    with pytest.raises(UsageError) as caught:
        wanted("app:1.0+build")
    assert caught.value.hint == "as an image it would be app:1.0_build"


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
