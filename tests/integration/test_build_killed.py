"""``kill -9`` at any moment of a build: nothing runs on, and the next build needs no repair."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.fixtures.builds import COMMAND, Builds, Image, serve_base
from tests.fixtures.files import File, Files
from tests.fixtures.registry import Server
from tests.fixtures.registry.messages import Answer, Request
from tests.fixtures.repositories import git_daemon, make
from tests.fixtures.soundness import (
    at_work,
    eventually,
    half_blobs,
    holders,
    is_sound,
    nothing_runs,
)

pytestmark = [pytest.mark.integration, pytest.mark.root]

SECRET = b"killed-while-it-was-mounted"
BIG = random.Random(5).randbytes(2_000_000)
DOCKERFILE = """
FROM BASE AS other
ARG N
RUN --mount=type=secret,id=token --mount=type=secret,id=token,env=TOKEN \\
    test "$TOKEN" = "$(cat /run/secrets/token)" && echo "$N" >/number
FROM BASE
ARG N
COPY big /big-$N
ADD FILES/download /
ADD GIT/repo.git#main /repo/
RUN --mount=type=cache,target=/c,id=a --mount=type=cache,target=/d,id=b,sharing=locked \\
    echo "$N" >>/c/log && cp /c/log /d/log && cat /big-* >/copy
COPY --from=other /number /number
"""


@dataclass
class Scene:
    """What a build that does everything needs: servers, a context, a secret."""

    directory: Path
    base: str
    context: Path
    secret: Path

    def builds(self, number: int) -> Builds:
        """Builds on a state directory of their own."""
        directory = self.directory / f"root-{number}"
        (directory / "out").mkdir(parents=True)
        return Builds(directory, self.base)

    def arguments(self, builds: Builds, number: int) -> list[str | Path]:
        secret = ("--secret", f"id=token,src={self.secret}")
        archive = f"type=oci,dest={builds.directory / 'out' / 'image.tar'}"
        return ["-t", "kept:1", "-o", archive, *secret, "--build-arg", f"N={number}", self.context]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    server, base = serve_base(tmp_path)
    repository = make(tmp_path / "served" / "repo.git")
    repository.commit(inside="a repository")
    files = Server(Files({"/download": File(b"downloaded" * 9000, '"1"')}))
    with ExitStack() as stack:
        stack.enter_context(server)
        stack.enter_context(files)
        git = stack.enter_context(git_daemon(tmp_path / "served"))
        dockerfile = DOCKERFILE.replace("FILES", files.url).replace("GIT", git)
        context = Builds(tmp_path, base).context(dockerfile, big=BIG)
        secret = tmp_path / "token"
        secret.write_bytes(SECRET)
        yield Scene(tmp_path, base, context, secret)


def kill(scene: Scene, builds: Builds, number: int, after: float) -> bool:
    """A build that is killed, with its process group, so many seconds after its start;
    False where it was quicker."""
    process = builds.start(*scene.arguments(builds, number), start_new_session=True)
    reading = threading.Thread(target=process.communicate)
    reading.start()
    time.sleep(after)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    reading.join()
    nothing_runs(builds.root)
    assert half_blobs(builds.root) == []
    return process.returncode == -signal.SIGKILL


def is_right(scene: Scene, builds: Builds, number: int) -> None:
    """The next build on that root succeeds, and its image is what it should be."""
    ended = builds.run(*scene.arguments(builds, number))
    assert ended.code == 0, ended.text
    (archive,) = (builds.directory / "out").iterdir()
    image = Image(archive, ended)
    assert image.read("number") == f"{number}\n".encode()
    assert image.read("copy") == image.read(f"big-{number}") == BIG
    assert image.read("download") == b"downloaded" * 9000
    assert image.read("repo/inside") == b"a repository"


def is_usable(builds: Builds) -> int:
    """Bytes that the state directory says it holds; also that it holds what it should."""
    is_sound(builds.root)
    assert holders(builds.root, SECRET) == []
    command = [*COMMAND, "cache", "du", "--format", "json", "--root", str(builds.root)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return sum(json.loads(line)["Size"] for line in done.stdout.splitlines())


def survive(scene: Scene, root: int, rounds: int, kills: int, chance: random.Random) -> None:
    """One root: in each round some builds are killed, one upon the other, and the next one
    ends. One that ends before it is killed does not count."""
    builds = scene.builds(root)
    length, number, sizes, begun = 1.5, 0, [], []
    for _ in range(rounds):
        first, killed = number, 0
        while killed < kills:
            number += 1
            killed += kill(scene, builds, number, chance.uniform(0.1, length))
        begun.append(number - first)
        started = time.monotonic()
        is_right(scene, builds, number)
        length = time.monotonic() - started
        sizes.append(is_usable(builds))
    for (size, grown), builders in zip(pairwise(sizes), begun[1:], strict=True):
        # each build has a tree and a layer of two such files, and may have left its context
        assert grown - size < 5 * builders * len(BIG) + 1_000_000, sizes


def survive_all(scene: Scene, roots: int, rounds: int, kills: int, seed: int) -> None:
    with ThreadPoolExecutor(4) as pool:
        done = [
            pool.submit(survive, scene, root, rounds, kills, random.Random(seed + root))
            for root in range(roots)
        ]
        for each in done:
            each.result()


def test_a_build_killed_at_any_moment_needs_no_repair(scene: Scene) -> None:
    survive_all(scene, roots=4, rounds=1, kills=6, seed=11)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_hundred_killed_builds_need_no_repair(scene: Scene) -> None:
    survive_all(scene, roots=10, rounds=10, kills=2, seed=random.randrange(10**6))


class Silent:
    """A server that lets whoever asks wait."""

    def answer(self, request: Request) -> Answer:
        return Answer(200, delay=4)


def test_git_ends_with_the_build_that_ran_it(tmp_path: Path) -> None:
    builds = Builds(tmp_path, "scratch")
    with Server(Silent()) as server:
        context = builds.context(f"FROM scratch\nADD {server.url}/x.git /\n")
        process = builds.start(context, start_new_session=True)
        assert eventually(lambda: bool(server.connections)), "git has asked"
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert eventually(lambda: at_work(builds.root) == [], 3.0), at_work(builds.root)
