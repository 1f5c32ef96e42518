"""Builds whose Dockerfile, context or steps mean harm: nothing leaves its place, and what is
refused is said in one line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import Builds, Ended, serve_base

pytestmark = [pytest.mark.integration, pytest.mark.root]


@pytest.fixture
def builds(tmp_path: Path) -> Iterator[Builds]:
    server, base = serve_base(tmp_path)
    with server:
        yield Builds(tmp_path, base)


def refused(ended: Ended, code: int, *texts: str) -> None:
    for text in texts:
        assert text in ended.stderr, ended.stderr
    assert ended.code == code, ended.text
    assert "Traceback" not in ended.text


def ran(ended: Ended, *texts: str) -> None:
    assert ended.code == 0, ended.text
    for text in texts:
        assert text in ended.stderr, ended.stderr


def nest(top: Path, depth: int) -> None:
    """``depth`` directories one in another, a file in the last."""
    directory = os.open(top, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=directory)
        below = os.open("d", os.O_RDONLY, dir_fd=directory)
        os.close(directory)
        directory = below
    os.close(os.open("deep", os.O_WRONLY | os.O_CREAT, dir_fd=directory))
    os.close(directory)


def test_a_context_and_a_tree_may_be_deeper_than_a_stack(builds: Builds) -> None:
    context = builds.context(
        "FROM BASE AS one\nCOPY . /x/\nFROM BASE\nCOPY --from=one /x /y\n"
        "RUN find /y -name deep | wc -c\n"
    )
    nest(context, 600)
    try:
        ran(builds.run(context), " 1208\n")
    finally:
        os.system(f"rm -rf {context} {builds.root}")


@pytest.mark.parametrize("name", ["Dockerfile", ".dockerignore"])
@pytest.mark.parametrize(
    ("make", "text"),
    [
        (os.mkfifo, "not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "no such file"),
        (lambda path: path.symlink_to("../secret"), "no such file"),
        (lambda path: path.symlink_to(path.name), "too many links"),
        (os.mkdir, "is a directory"),
    ],
    ids=["fifo", "device", "outside", "loop", "directory"],
)
def test_a_dockerfile_is_read_only_inside_the_context(
    builds: Builds, name: str, make: Callable[[Path], None], text: str
) -> None:
    (builds.directory / "secret").write_text("hunter2\n")
    context = builds.context("FROM BASE\n")
    (context / name).unlink(missing_ok=True)
    make(context / name)
    ended = builds.run(context)
    if (name, text) == (".dockerignore", "too many links"):
        assert ended.code == 0  # what leads nowhere is not there
    else:
        refused(ended, 2, f"{name}", text)
    assert "hunter2" not in ended.text


def test_a_dockerfile_may_be_a_link_inside_the_context_or_come_through_a_pipe(
    builds: Builds,
) -> None:
    context = builds.context("FROM BASE\nRUN echo linked\n")
    (context / "docker").mkdir()
    (context / "Dockerfile").rename(context / "real")
    (context / "docker" / "Dockerfile").symlink_to("../real")
    ran(builds.run("-f", context / "docker" / "Dockerfile", context), "linked")
    reader, writer = os.pipe()
    os.write(writer, f"FROM {builds.base}\nRUN echo piped\n".encode())
    os.close(writer)
    process = builds.start("-f", f"/dev/fd/{reader}", context, pass_fds=(reader,))
    _, stderr = process.communicate(timeout=60)
    os.close(reader)
    assert b"piped" in stderr, stderr.decode()


def test_links_in_a_cache_do_not_lead_out_of_it(builds: Builds) -> None:
    outside = builds.directory / "outside"
    outside.mkdir()
    (outside / "secret").write_text("hunter2\n")
    up = "../" * 30
    cache = "RUN --mount=type=cache,id=c,target=/c"
    made = builds.run(
        builds.context(
            f"FROM BASE\n{cache} ln -s {up}{outside} /c/up && "
            f"ln -s {outside} /c/absolute && ln -s real /c/link && mkdir -p /c/real/new\n"
            f"{cache},source=link/new touch /c/kept\n{cache},source=real ls /c/new\n"
        )
    )
    ran(made, " kept\n")
    for link in ("up", "absolute"):
        ended = builds.run(builds.context(f"FROM BASE\n{cache},source={link} touch /c/a; ls /c\n"))
        assert ended.code == 1
        assert f"open /{link}: no such file or directory" in ended.text
    assert sorted(path.name for path in outside.iterdir()) == ["secret"]
    assert list(builds.root.glob("run/*")) == []
    # a program that a step makes the owner's may be run by steps alone
    assert [oct(path.stat().st_mode & 0o777) for path in builds.root.glob("caches/*")] == ["0o700"]


def test_steps_that_use_a_cache_first_and_at_once_all_run(builds: Builds) -> None:
    stages = "".join(
        f"FROM BASE AS s{n}\nRUN --mount=type=cache,id=c,target=/m touch /m/{n}\n"
        for n in range(12)
    )
    copies = "".join(f"COPY --from=s{n} /etc/passwd /p{n}\n" for n in range(12))
    count = "RUN --mount=type=cache,id=c,target=/c ls /c | wc -l\n"
    ran(builds.run(builds.context(f"{stages}FROM BASE\n{copies}{count}")), " 12\n")


def test_a_cache_that_is_changed_while_it_is_mounted_leads_nowhere(builds: Builds) -> None:
    outside = builds.directory / "outside"
    outside.mkdir()
    (outside / "secret").write_text("hunter2\n")
    swap = f"while :; do ln -s {outside} /c/s; rm -rf /c/s; mkdir /c/s; rm -rf /c/s; done"
    context = builds.context(
        f"FROM BASE\nRUN --mount=type=cache,id=c,target=/c ({swap}) & sleep 12\n"
    )
    swapping = builds.start(context)
    seen = set()
    try:
        for n in range(8):
            ended = builds.run(
                builds.context(
                    "FROM BASE\nRUN --mount=type=cache,id=c,target=/m,source=s "
                    f"echo {n}; ls /m | sed s/^/saw-/; touch /m/written\n"
                )
            )
            assert "saw-secret" not in ended.text
            seen.add(ended.code)
    finally:
        swapping.terminate()
        swapping.communicate()
    assert sorted(path.name for path in outside.iterdir()) == ["secret"]
    assert seen <= {0, 1}
