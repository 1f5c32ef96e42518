"""Downloads, repositories and remote contexts beside those of BuildKit: the same trees."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import re
import sqlite3
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import COMMAND
from tests.fixtures.files import File, Files
from tests.fixtures.programs import COMPILED
from tests.fixtures.registry import Server
from tests.fixtures.repositories import Repository, git_daemon, make
from tests.parity.builders import BuildKit
from tests.parity.conftest import Start
from tests.parity.flatten import Flat, differences, flatten
from tests.parity.test_attestations import stated

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.root]

Both = Callable[..., tuple[Flat, Flat]]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    served = tmp_path / "served"
    inner, outer = make(served / "inner.git"), make(served / "outer.git")
    # no two tests have the same commit: the daemon would take that of another's remote
    inner.commit(i=str(tmp_path))
    outer.commit(n=str(tmp_path), a="one", sub__b="below", sub__deep__c="deeper")
    (outer.path / "run").write_text("#!/bin/sh\n")
    (outer.path / "run").chmod(0o775)
    (outer.path / "link").symlink_to("sub/b")
    outer.git("submodule", "--quiet", "add", str(inner.path), "mod")
    outer.git("config", "-f", ".gitmodules", "submodule.mod.url", "../inner.git")
    outer.commit()
    outer.git("tag", "plain")
    outer.git("tag", "-a", "-m", "t", "noted")
    outer.commit(a="two")
    return outer


@pytest.fixture
def url(repository: Repository) -> Iterator[str]:
    with git_daemon(repository.path.parent) as base:
        yield f"{base}/outer.git"


def archive() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in (("Dockerfile", b"FROM scratch\nCOPY . /c/\n"), ("d/f", b"file")):
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(content), 1_500_000_000, 0o640
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(out.getvalue(), mtime=0)


@pytest.fixture
def web() -> Iterator[str]:
    files = Files(
        {
            "/dir/tool": File(
                b"tool", '"1"', (("Last-Modified", "Tue, 01 Sep 2020 10:00:00 GMT"),)
            ),
            "/undated": File(b"x"),
            "/c.tgz": File(archive()),
            "/packed": File(gzip.compress(b"plain" * 100), headers=(("Content-Encoding", "gzip"),)),
        }
    )
    with Server(files) as server:
        yield server.url


@pytest.fixture
def both(start: Start, tmp_path: Path) -> Both:
    """Ours and BuildKit's image of a Dockerfile, or of a context at a URL."""

    def built(dockerfile: str = "", context: str = "", *arguments: str) -> tuple[Flat, Flat]:
        peer = start("buildkit")
        assert isinstance(peer, BuildKit)
        theirs, ours = tmp_path / "theirs.tar", tmp_path / "ours.tar"
        directory = tmp_path / "context"
        directory.mkdir(exist_ok=True)
        (directory / "Dockerfile").write_text(dockerfile)
        where = (
            [f"--opt=context={context}"]
            if context
            else [f"--local=context={directory}", f"--local=dockerfile={directory}"]
        )
        options = [f"--opt=build-arg:{argument}" for argument in arguments]
        subprocess.run(
            [
                *(str(COMPILED / "buildctl"), "--addr", peer.address, "build"),
                *("--frontend", "dockerfile.v0", *where, *options),
                *("--output", f"type=oci,dest={theirs}"),
            ],
            check=True,
            capture_output=True,
        )
        given = [word for argument in arguments for word in ("--build-arg", argument)]
        subprocess.run(
            [
                *(*COMMAND, "build", "--root", str(tmp_path / "state"), *given),
                *("-o", f"type=oci,dest={ours}", context or str(directory)),
            ],
            check=True,
            capture_output=True,
        )
        return flatten(ours), flatten(theirs)

    return built


def test_downloads(both: Both, web: str) -> None:
    ours, theirs = both(
        f"FROM scratch\nADD {web}/dir/tool /a/\nADD --chmod=755 --chown=5:6 {web}/undated /b\n"
        f"ADD {web}/packed /packed\nADD --unpack=true {web}/c.tgz /c/\nADD {web}/c.tgz /d/\n"
    )
    assert differences(ours, theirs) == {}


@pytest.mark.parametrize("query", ["", "#plain", "#noted", "?submodules=false", "?subdir=sub"])
def test_repositories(both: Both, url: str, query: str) -> None:
    joined = "&" if "?" in query else "?"
    at = f"{url}{query}" if "#" in query else f"{url}{query}{joined}mtime=commit"
    ours, theirs = both(f"FROM scratch\nADD {at} /g/\n")
    left = {
        key: value
        for key, value in differences(ours, theirs).items()
        # theirs says where the daemon had the repository of the submodule
        if key != "path /g/mod/.git"
    }
    assert left == {}


@pytest.mark.parametrize("fragment", ["#main", "#main:sub"])
def test_a_repository_as_context(
    both: Both, url: str, repository: Repository, fragment: str
) -> None:
    copy = "FROM scratch\nCOPY . /c/\n"
    repository.commit(Dockerfile=copy, sub__Dockerfile=copy)
    unlike = differences(*both("", f"{url}{fragment}"))
    unlike.pop("path /c/mod/.git", None)  # as above
    assert unlike == {}


KEPT = (
    # what git puts into every new repository of that machine; ours has none of it
    r".*/(branches|description|info|info/exclude|hooks(/.*\.sample)?)",
    # times, inodes, and who fetched what when
    r".*/(index|logs/.*)",
)


@pytest.mark.parametrize("ref", ["", "#main", "#refs/heads/main", "#plain", "#noted"])
def test_repositories_that_are_kept(both: Both, url: str, ref: str) -> None:
    ours, theirs = both(f"FROM scratch\nADD --keep-git-dir=true {url}{ref} /c/\n")
    unlike = differences(ours, theirs)
    assert {k: v for k, v in unlike.items() if not any(re.fullmatch(p, k) for p in KEPT)} == {}


def test_an_archive_as_context(both: Both, web: str) -> None:
    ours, theirs = both("", f"{web}/c.tgz")
    assert differences(ours, theirs) == {}


@pytest.mark.parametrize(
    "instruction",
    [
        "ADD WEB/gone /",
        f"ADD --checksum=sha256:{'1' * 64} WEB/undated /",
        "ADD http://127.0.0.1:1/x /",
        "ADD URL#gone /",
        f"ADD --checksum={'f' * 40} URL#main /",
        "ADD URL?subdir=gone /",
        "ADD URL?subdir=link /",
        "ADD URL?fetch-by-commit=true /",
        "ADD URLx.git /",
        "ADD git@127.0.0.1:x.git /",
    ],
)
def test_what_is_refused_is_refused_in_the_same_words(
    start: Start, tmp_path: Path, url: str, web: str, instruction: str
) -> None:
    peer = start("buildkit")
    assert isinstance(peer, BuildKit)
    written = instruction.replace("WEB", web).replace("URL", url)
    (tmp_path / "Dockerfile").write_text(f"FROM scratch\n{written}\n")
    theirs = subprocess.run(
        [
            *(str(COMPILED / "buildctl"), "--addr", peer.address, "build"),
            *("--frontend", "dockerfile.v0", f"--local=context={tmp_path}"),
            f"--local=dockerfile={tmp_path}",
        ],
        capture_output=True,
        text=True,
    )
    ours = subprocess.run(
        [*COMMAND, "build", "--root", str(tmp_path / "state"), str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert _told(ours.stderr) == _told(theirs.stderr)


def _told(said: str) -> str:
    """The error, without our hint; ours is on one line whatever is in it."""
    error = said.rpartition("failed to solve: ")[2].partition("\nhint: ")[0]
    return error.replace("\\n", "\n").strip()


@pytest.mark.parametrize(
    "source",
    [
        "WEB/undated",
        "WEB/dir/tool",
        "URL#main",
        "URL#noted",
        "URL#:sub",
        "URL?submodules=false",
        "--keep-git-dir=true URL#main",
        "--keep-git-dir=true URL#noted",
    ],
)
def test_keys_are_those_of_an_exported_cache(
    start: Start, tmp_path: Path, url: str, web: str, source: str
) -> None:
    peer = start("buildkit")
    assert isinstance(peer, BuildKit)
    written = source.replace("WEB", web).replace("URL", url)
    (tmp_path / "Dockerfile").write_text(f"FROM scratch\nADD {written} /x/\n")
    cache = tmp_path / "cache"
    subprocess.run(
        [
            *(str(COMPILED / "buildctl"), "--addr", peer.address, "build"),
            *("--frontend", "dockerfile.v0", f"--local=context={tmp_path}"),
            *(f"--local=dockerfile={tmp_path}", f"--export-cache=type=local,mode=max,dest={cache}"),
        ],
        check=True,
        capture_output=True,
    )
    subprocess.run(
        [*COMMAND, "build", "--root", str(tmp_path / "state"), str(tmp_path)],
        check=True,
        capture_output=True,
    )
    (config,) = (
        json.loads(path.read_bytes())
        for path in (cache / "blobs" / "sha256").iterdir()
        if path.read_bytes().startswith(b'{"layers"')
    )
    theirs = {record["digest"] for record in config["records"] if not record.get("inputs")}
    # what is found through the paths that are read of it: the source; its content is not
    query = "SELECT source FROM links WHERE selector != ''"
    with contextlib.closing(sqlite3.connect(tmp_path / "state" / "cache.db")) as database:
        ours = {row[0] for row in database.execute(query)}
    assert len(ours) == 1
    assert ours <= theirs


@pytest.mark.parametrize("version", ["v1", "v0.2"])
@pytest.mark.parametrize("context", ["", "URL#main", "URL#main:sub", "WEB/c.tgz"])
def test_a_statement_names_the_same_sources(
    start: Start,
    tmp_path: Path,
    url: str,
    web: str,
    repository: Repository,
    version: str,
    context: str,
) -> None:
    peer = start("buildkit")
    assert isinstance(peer, BuildKit)
    dockerfile = f"FROM scratch\nADD {web}/undated /f\nADD {url}#noted /g/\n"
    (tmp_path / "context").mkdir()
    (tmp_path / "context/Dockerfile").write_text(dockerfile)
    repository.commit(Dockerfile=dockerfile, sub__Dockerfile=dockerfile)
    theirs, ours = tmp_path / "theirs.tar", tmp_path / "ours.tar"
    where = context.replace("URL", url).replace("WEB", web)
    locals_ = [f"--local={name}={tmp_path}/context" for name in ("context", "dockerfile")]
    options = f"mode=max,version={version}"
    subprocess.run(
        [
            *(str(COMPILED / "buildctl"), "--addr", peer.address, "build"),
            *("--frontend", "dockerfile.v0", f"--opt=attest:provenance={options}"),
            *("--opt=filename=Dockerfile", f"--opt=context:named={url}"),
            *([f"--opt=context={where}"] if where else locals_),
            *("--output", f"type=oci,dest={theirs}"),
        ],
        check=True,
        capture_output=True,
    )
    subprocess.run(
        [
            *(*COMMAND, "build", "--root", str(tmp_path / "state"), "--provenance", options),
            *("--build-context", f"named={url}", "-o", f"type=oci,dest={ours}"),
            where or str(tmp_path / "context"),
        ],
        check=True,
        capture_output=True,
    )
    assert _sources(ours) == _sources(theirs)


def _sources(archive: Path) -> dict[str, object]:
    """What a statement says of where the build and its files came from."""
    predicate = stated(archive)[1]["predicate"]
    if "buildDefinition" not in predicate:
        invocation = predicate["invocation"]
        return {
            "materials": predicate["materials"],
            "source": invocation["configSource"],
            "asked": invocation["parameters"],
            "complete": predicate["metadata"]["completeness"],
        }
    definition = predicate["buildDefinition"]
    return {
        "materials": definition["resolvedDependencies"],
        "asked": definition["externalParameters"],
        "complete": predicate["runDetails"]["metadata"]["buildkit_completeness"],
    }
