"""``--explain-cache``: which input of which step changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import Builds, Ended, serve_base

pytestmark = [pytest.mark.integration, pytest.mark.root]

DOCKERFILE = 'FROM BASE\nARG V=1\nARG API_TOKEN\nCOPY a sub /x/\nRUN test -n "$V"\n'


@pytest.fixture
def builds(tmp_path: Path) -> Iterator[Builds]:
    server, base = serve_base(tmp_path)
    with server:
        yield Builds(tmp_path, base)


def explained(builds: Builds, *arguments: str | Path) -> list[str]:
    """The rows of the table, blanks squeezed."""
    ended: Ended = builds.run("-o", "type=cacheonly", "--explain-cache", *arguments)
    assert ended.code == 0, ended.text
    table = ended.stderr[ended.stderr.rindex("\ncache ") :]
    return [" ".join(line.split()) for line in table.splitlines()[2:]]


def test_files_that_changed_are_named(builds: Builds) -> None:
    context = builds.context(DOCKERFILE, a="1", sub__b="2", sub__c="3")
    explained(builds, context)
    (context / "sub" / "b").write_text("changed")
    (context / "sub" / "c").unlink()
    (context / "sub" / "d").write_text("new")
    rows = explained(builds, context)
    start = rows.index("ran: its input changed [2/3] COPY a sub /x/")
    assert rows[start + 1 : start + 4] == ["changed: /sub/b", "gone: /sub/c", "new: /sub/d"]
    assert "another result of [2/3] COPY a sub /x/" in rows


def test_an_argument_that_changed_is_named(builds: Builds) -> None:
    context = builds.context(DOCKERFILE, a="1", sub__b="2")
    explained(builds, context)
    rows = explained(builds, "--build-arg", "V=2", context)
    assert "hit [2/3] COPY a sub /x/" in rows
    assert "variable V: '1' -> '2'" in rows


def test_a_secret_in_an_argument_is_written_nowhere(builds: Builds) -> None:
    context = builds.context(DOCKERFILE, a="1", sub__b="2")
    explained(builds, "--build-arg", "API_TOKEN=hunter2-and-more", context)
    rows = explained(builds, "--build-arg", "API_TOKEN=hunter3-and-more", context)
    assert any(row.startswith("variable API_TOKEN: ") for row in rows)
    assert not any("hunter" in row for row in rows)
    for name in ("cache.db", "cache.db-wal"):
        path = builds.root / name
        assert not path.exists() or b"hunter" not in path.read_bytes()


def test_a_step_before_others_is_told_from_those(builds: Builds) -> None:
    context = builds.context(DOCKERFILE, a="1", sub__b="2")
    explained(builds, context)
    (context / "Dockerfile").write_text(
        (context / "Dockerfile").read_text().replace("COPY a", "RUN true\nCOPY a")
    )
    rows = explained(builds, context)
    assert "ran: never built before [2/4] RUN true" in rows
    copied = rows.index("ran: its input changed [3/4] COPY a sub /x/")
    assert rows[copied + 1] == "another result of [2/4] RUN true"


@pytest.mark.parametrize(
    ("flags", "ran"),
    [
        ((), set()),
        (("--no-cache",), {"one", "two", "three"}),
        (("--no-cache-filter", "a"), {"one", "three"}),
        (("--no-cache-filter", "c"), {"three"}),
    ],
)
def test_steps_run_again_where_the_cache_is_not_to_be_used(
    builds: Builds, flags: tuple[str, ...], ran: set[str]
) -> None:
    context = builds.context(
        "FROM BASE AS a\nRUN cat /proc/sys/kernel/random/uuid >/a # one\n"
        "FROM BASE AS b\nRUN cat /proc/sys/kernel/random/uuid >/b # two\n"
        "FROM BASE AS c\nCOPY --from=a /a /\nCOPY --from=b /b /\nRUN cat /a /b # three\n"
    )
    explained(builds, context)
    ended = builds.run("-o", "type=cacheonly", *flags, context)
    assert ended.code == 0, ended.text
    steps = ended.steps().items()
    assert {n.rpartition("# ")[2] for n, end in steps if "# " in n and end != "CACHED"} == ran


def test_a_base_of_another_digest_is_named(builds: Builds) -> None:
    context = builds.context("FROM BASE\nRUN true\n")
    explained(builds, context)
    old = explained(builds, context)
    assert [row.split()[0] for row in old] == ["hit"]
    other = Builds(builds.directory / "other", builds.base)
    other.directory.mkdir()
    pushed = other.run("-t", builds.base, "--push", other.context("FROM BASE\nRUN echo >/new\n"))
    assert pushed.code == 0, pushed.text
    rows = explained(builds, context)
    assert rows[0].startswith("ran: changed [1/2] FROM ")
    assert rows[1].startswith("image: 'sha256:")
