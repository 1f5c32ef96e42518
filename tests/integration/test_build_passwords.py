"""A password that stands in a URL: it logs in, and is in nothing that a build says or keeps.

But in the history of the image where the Dockerfile has it written out, as with BuildKit.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import Builds
from tests.fixtures.files import File, Files
from tests.fixtures.registry import Server
from tests.fixtures.repositories import HttpBackend, make

pytestmark = [pytest.mark.integration, pytest.mark.root]

LOGIN = "Basic " + base64.b64encode(b"me:hunter2").decode()


@pytest.fixture
def builds(tmp_path: Path) -> Builds:
    made = Builds(tmp_path, "scratch")
    made.environment["BUILDX_NO_DEFAULT_ATTESTATIONS"] = ""
    return made


@pytest.fixture
def git(tmp_path: Path) -> Iterator[str]:
    """A repository that wants a login, by the URL that has it."""
    repository = make(tmp_path / "served" / "repo.git")
    repository.commit(Dockerfile="FROM scratch\nCOPY a /\n", a="one")
    with Server(HttpBackend(tmp_path / "served", login=LOGIN)) as server:
        yield f"http://me:hunter2@{server.authority}/repo.git"


@pytest.fixture
def web() -> Iterator[str]:
    with Server(Files({"/f": File(b"file", '"1"', login=LOGIN)})) as server:
        yield f"http://me:hunter2@{server.authority}"


def expect_nowhere(builds: Builds, *said: str) -> None:
    """Also not in what was coded or packed."""
    encoded = LOGIN.split()[1].encode()
    for text in said:
        assert "hunter2" not in text
        assert LOGIN.split()[1] not in text
    for path in builds.directory.rglob("*"):
        if not path.is_file() or "context-" in str(path):
            continue
        data = path.read_bytes()
        if data.startswith(b"\x1f\x8b"):
            data = gzip.decompress(data)
        if data.startswith(b"{"):
            for word in data.split(b'"'):
                with contextlib.suppress(ValueError):
                    assert b"hunter2" not in base64.b64decode(word), path
        assert b"hunter2" not in _but_history(data), path
        assert encoded not in data, path


def _but_history(data: bytes) -> bytes:
    """Without what an image config tells of its steps: what stands in the Dockerfile itself is
    told there as BuildKit tells it."""
    if not data.startswith(b"{") or b'"rootfs"' not in data:
        return data
    config = json.loads(data)
    del config["history"]
    return json.dumps(config).encode()


@pytest.mark.parametrize("progress", ["plain", "rawjson"])
@pytest.mark.parametrize("link", ["", "--link "])
def test_of_downloads_and_repositories(
    builds: Builds, git: str, web: str, progress: str, link: str
) -> None:
    context = builds.context(
        f"FROM scratch\nARG URL\nADD {link}$URL /f\nADD {link}--keep-git-dir=true {git} /g/\n"
        f"ADD {web}/f /h\nCOPY --from=named a /n\nCOPY --from=file context /c\n"
    )
    metadata = builds.directory / "metadata.json"
    ended = builds.run(
        *("--progress", progress, "--provenance", "mode=max", "--metadata-file", metadata),
        *("--build-arg", f"URL={web}/f", "--build-context", f"named={git}"),
        *("--build-context", f"file={web}/f", context),
        *("-o", f"type=oci,tar=false,dest={builds.directory}/layout"),
    )
    assert ended.code == 0, ended.text
    statement = next(
        path
        for path in (builds.directory / "layout/blobs/sha256").iterdir()
        if b'"predicateType":"https://slsa.dev' in path.read_bytes()
    )
    stated = json.loads(statement.read_bytes())["predicate"]["buildDefinition"]
    asked = stated["externalParameters"]["request"]
    # what an argument is, only who gives it knows: it is told as BuildKit tells it
    for each in (asked, asked["root"]["request"]):
        assert each["args"].pop("build-arg:URL") == f"{web}/f"
    statement.unlink()
    (builds.root / "content/blobs/sha256" / statement.name).unlink()
    assert "hunter2" not in json.dumps(stated)
    assert asked["args"]["context:named"] == git.replace("me:hunter2", "xxxxx:xxxxx")
    expect_nowhere(builds, ended.text)


def test_of_a_context(builds: Builds, git: str) -> None:
    ended = builds.run(
        *("--provenance", "mode=max", git, "--metadata-file", builds.directory / "metadata"),
        *("-o", f"type=oci,tar=false,dest={builds.directory}/layout"),
    )
    assert ended.code == 0, ended.text
    expect_nowhere(builds, ended.text)


@pytest.mark.parametrize(
    "instruction",
    [
        "ADD WEB/gone /",
        "ADD GIT#gone /",
        "ADD GIT?x=y /",
        "ADD --checksum=sha256:1 WEB/f /",
        "ADD --nonsense WEB/f /",
        "COPY WEB/f /",
        "FROM WEB/f",
        "ADD http://me:hunter2/more@h.example/f /",
    ],
)
def test_of_what_fails(builds: Builds, git: str, web: str, instruction: str) -> None:
    dockerfile = f"FROM scratch\n{instruction}\n".replace("GIT", git).replace("WEB", web)
    ended = builds.run(builds.context(dockerfile))
    assert ended.code != 0
    expect_nowhere(builds, ended.text)


@pytest.mark.parametrize("url", ["GIT#gone", "WEB/gone", "GIT?x=y", "http://me:hunter2/z@h/r.git"])
def test_of_a_context_that_fails(builds: Builds, git: str, web: str, url: str) -> None:
    url = url.replace("GIT", git).replace("WEB", web)
    first = builds.run(url)
    second = builds.run(
        *("--build-context", f"n={url}", builds.context("FROM scratch\nCOPY --from=n x /\n"))
    )
    third = builds.run(
        "--build-context", f"n=ftp://me:hunter2@h/{url[:1]}", builds.context("FROM n")
    )
    assert 0 not in (first.code, second.code, third.code)
    expect_nowhere(builds, first.text, second.text, third.text)
