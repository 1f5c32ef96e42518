"""However a build ends, it leaves nothing running, mounted or half-written."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import Builds, mounts_below, processes, serve_base

pytestmark = [pytest.mark.integration, pytest.mark.root]


@pytest.fixture
def builds(tmp_path: Path) -> Iterator[Builds]:
    server, base = serve_base(tmp_path)
    with server:
        yield Builds(tmp_path, base)


def sleepers(seconds: int) -> list[int]:
    return processes(lambda words: words[:2] == ["sleep", str(seconds)])


def nothing_is_left(builds: Builds, seconds: int) -> None:
    deadline = time.monotonic() + 10
    while sleepers(seconds) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sleepers(seconds) == []
    assert mounts_below(builds.root) == []


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_takes_everything_down(builds: Builds, by: int) -> None:
    seconds = random.randrange(10_000, 20_000)
    context = builds.context(f"FROM BASE\nRUN echo waiting; sleep {seconds} & sleep {seconds}\n")
    ended = builds.interrupt(" waiting\n", context, by=by)
    assert ended.code == 130
    assert "Traceback" not in ended.text
    nothing_is_left(builds, seconds)
    assert builds.run(builds.context("FROM BASE\nRUN true\n")).code == 0


def test_the_first_error_ends_the_other_branches(builds: Builds) -> None:
    seconds = random.randrange(10_000, 20_000)
    context = builds.context(
        f"FROM BASE AS slow\nRUN sleep {seconds}\nFROM BASE AS broken\nRUN sleep 1; exit 3\n"
        "FROM BASE\nCOPY --from=slow /etc/passwd /a\nCOPY --from=broken /etc/passwd /b\n"
    )
    started = time.monotonic()
    ended = builds.run(context)
    assert ended.code == 1
    assert time.monotonic() - started < 30
    assert "exit code: 3" in ended.stderr
    assert "CANCELED" in ended.stderr
    nothing_is_left(builds, seconds)


def test_a_killed_build_leaves_a_store_that_the_next_one_uses(builds: Builds) -> None:
    context = builds.context(
        "FROM BASE\nRUN echo one >/one\nCOPY big /big\nRUN cat /one /big >/two\n",
        big=b"x" * 3_000_000,
    )
    chance = random.Random(7)
    for _ in range(8):
        process = builds.start("-o", "type=cacheonly", context)
        time.sleep(chance.uniform(0.3, 1.6))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert mounts_below(builds.root) == []
    image = builds.image(context)
    assert image.read("two") == b"one\n" + b"x" * 3_000_000
    for blob in (builds.root / "content" / "blobs" / "sha256").iterdir():
        assert subprocess.check_output(["sha256sum", blob]).split()[0].decode() == blob.name


def test_builds_at_once_on_one_root_are_all_right(builds: Builds) -> None:
    contexts = [
        builds.context(f"FROM BASE\nRUN echo shared\nRUN echo {n} >/number\nCOPY f /f\n", f=str(n))
        for n in range(5)
    ]
    archives = [builds.directory / f"out-{n}.tar" for n in range(5)]
    running = [
        builds.start("-o", f"type=oci,dest={archive}", "-t", f"x:{n}", context)
        for n, (context, archive) in enumerate(zip(contexts, archives, strict=True))
    ]
    for process in running:
        _, stderr = process.communicate(timeout=100)
        assert process.returncode == 0, stderr.decode()
    for n, context in enumerate(contexts):
        image = builds.image(context)
        assert image.read("number") == f"{n}\n".encode()
        assert image.read("f") == str(n).encode()


def test_independent_stages_run_side_by_side(builds: Builds) -> None:
    stages = "".join(f"FROM BASE AS s{n}\nRUN sleep 2; echo {n} >/{n}\n" for n in range(6))
    copies = "".join(f"COPY --from=s{n} /{n} /{n}\n" for n in range(6))
    context = builds.context(f"{stages}FROM scratch\n{copies}")
    started = time.monotonic()
    image = builds.image(context)
    assert sorted(image.files()) == [str(n) for n in range(6)]
    assert time.monotonic() - started < 9
