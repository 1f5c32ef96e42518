"""``regdoctor cache du`` and ``prune`` on what real builds left."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.builds import COMMAND, Builds, serve_base
from tests.fixtures.files import File, Files
from tests.fixtures.registry import Server
from tests.fixtures.repositories import git_daemon, make

pytestmark = [pytest.mark.integration, pytest.mark.root]

DOCKERFILE = (
    "FROM BASE\nCOPY a /a\nRUN head -c 300000 /dev/urandom >/big\n"
    "RUN --mount=type=cache,target=/c head -c 100000 /dev/urandom >/c/file\n"
)


@pytest.fixture
def builds(tmp_path: Path) -> Iterator[Builds]:
    server, base = serve_base(tmp_path)
    with server:
        yield Builds(tmp_path, base)


def cache(builds: Builds, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "cache", *arguments, "--root", str(builds.root)]
    return subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )


def rows(builds: Builds, *arguments: str) -> list[dict[str, Any]]:
    done = cache(builds, *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def built(builds: Builds, *arguments: str) -> Path:
    context = builds.context(DOCKERFILE, a="x")
    ended = builds.run(*arguments, context)
    assert ended.code == 0, ended.text
    return context


def test_every_step_is_listed_with_its_size(builds: Builds) -> None:
    built(builds, "-o", "type=cacheonly")
    found = {row["Description"]: row for row in rows(builds, "du")}
    big = found["[stage-0 3/4] RUN head -c 300000 /dev/urandom >/big"]
    assert 300_000 <= big["Size"] < 400_000
    assert (big["Reclaimable"], big["Shared"], big["Type"]) == (True, False, "regular")
    assert big["Parents"] == [found["[stage-0 2/4] COPY a /a"]["ID"]]
    mount = found["cache mount"]
    assert (mount["Type"], mount["Mutable"]) == ("exec.cachemount", True)
    assert 100_000 <= mount["Size"] < 200_000


def test_the_table_has_the_sums(builds: Builds) -> None:
    built(builds, "-o", "type=cacheonly")
    text = cache(builds, "du").stdout
    assert text.startswith("ID ")
    assert [line.split()[0] for line in text.splitlines()[-4:]] == [
        "Shared:",
        "Private:",
        "Reclaimable:",
        "Total:",
    ]
    assert "Description:  cache mount" in cache(builds, "du", "--verbose").stdout


def test_after_a_prune_all_steps_run_again_and_the_disk_is_free(builds: Builds) -> None:
    context = built(builds, "-o", "type=oci,dest=/dev/null")
    assert cache(builds, "prune").returncode == 0
    assert rows(builds, "du") == []
    assert list((builds.root / "content" / "blobs" / "sha256").iterdir()) == []
    ended = builds.run("-o", "type=cacheonly", context)
    assert ended.code == 0, ended.text
    assert "CACHED" not in ended.text


def test_an_image_of_the_local_store_outlives_a_prune(builds: Builds) -> None:
    built(builds, "-t", "registry.example/app:1")
    assert cache(builds, "prune", "--all").returncode == 0
    dockerfile = "FROM registry.example/app:1\nRUN test -s /big\n"
    assert builds.run("-o", "type=cacheonly", builds.context(dockerfile)).code == 0


def test_what_an_image_shares_stays_unless_all_is_asked_for(builds: Builds) -> None:
    built(builds, "-t", "registry.example/app:1")
    cache(builds, "prune")
    left = rows(builds, "du")
    assert {row["Shared"] for row in left} == {True}
    cache(builds, "prune", "--all")
    assert rows(builds, "du") == []


def test_filters_choose(builds: Builds) -> None:
    built(builds, "-o", "type=cacheonly")
    before = {row["ID"] for row in rows(builds, "du")}
    gone = {row["ID"] for row in rows(builds, "prune", "--filter", "type=exec.cachemount")}
    assert len(gone) == 1
    assert {row["ID"] for row in rows(builds, "du")} == before - gone
    assert rows(builds, "prune", "--filter", "until=24h") == []
    assert rows(builds, "prune", "--max-used-space", "1gb") == []


def test_a_pruned_base_can_be_built_on_again(builds: Builds) -> None:
    context = built(builds, "-o", "type=cacheonly")
    cache(builds, "prune", "--all")
    assert builds.image(context).read("a") == b"x"


def test_nothing_is_pruned_under_a_build(builds: Builds) -> None:
    process = builds.start(builds.context("FROM BASE\nRUN echo begun && sleep 20\n"))
    assert process.stderr is not None
    seen = b""
    while b"begun" not in seen.replace(b"echo begun", b""):
        seen += process.stderr.readline()
    done = cache(builds, "prune", "--all")
    process.terminate()
    process.communicate(timeout=30)
    assert done.returncode == 1
    assert "a build is using" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["shrink"], "choose du or prune"),
        (["du", "--filter", "colour=red"], "invalid filter"),
        (["prune", "--max-used-space", "much"], "invalid size"),
        (["prune", "--filter", "until=soon"], "invalid duration"),
        (["du", "--builder", "tcp://127.0.0.1:1"], "only local"),
    ],
)
def test_what_cannot_be_understood_is_refused(
    builds: Builds, arguments: list[str], said: str
) -> None:
    done = cache(builds, *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_state_directory_that_is_not_there_is_not_made(builds: Builds) -> None:
    done = cache(builds, "du")
    assert done.returncode == 2
    assert not builds.root.exists()


def test_what_was_fetched_is_shown_and_removed(tmp_path: Path) -> None:
    builds = Builds(tmp_path, "scratch")
    repository = make(tmp_path / "served" / "repo.git")
    repository.commit(a="one")
    with git_daemon(tmp_path / "served") as base, Server(Files({"/f": File(b"x", '"1"')})) as web:
        builds.image(builds.context(f"FROM scratch\nADD {base}/repo.git /g\nADD {web.url}/f /\n"))
    flags = ("--root", str(builds.root))
    shown = subprocess.run(
        [*COMMAND, "cache", "du", *flags, "--format", "json"], capture_output=True, check=True
    )
    records = [json.loads(line) for line in shown.stdout.splitlines()]
    assert any(record["Description"] == "shared git repo" and record["Size"] for record in records)
    assert {"source.git.checkout", "source.http"} <= {record["Type"] for record in records}
    subprocess.run(
        [*COMMAND, "cache", "prune", "-a", "-f", *flags], capture_output=True, check=True
    )
    assert [path for path in (builds.root / "git").iterdir() if path.is_dir()] == []
    with contextlib.closing(sqlite3.connect(builds.root / "state.db")) as database:
        assert database.execute("SELECT count(*) FROM download").fetchone() == (0,)


def test_the_last_copy_of_a_large_context_is_shown_and_removed(builds: Builds) -> None:
    context = builds.context("FROM BASE\nCOPY many /many\nRUN cat /many/* | wc -l >/n\n")
    (context / "many").mkdir()
    for number in range(600):
        (context / "many" / f"{number:03}").write_text(f"{number}\n")
    first = builds.image(context)
    (context / "many/007").write_text("8\n")
    again = builds.image(context)
    assert first.read("many/007") == b"7\n"
    assert again.read("many/007") == b"8\n"
    (record,) = rows(builds, "du", "--filter", "type=source.local")
    assert record["Description"] == "last copy of a build context"
    cache(builds, "prune", "-a", "-f")
    assert list((builds.root / "contexts").iterdir()) == []
    builds.image(context)
