"""Many builds at once on one state directory: each image is right, and the store is sound."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import COMMAND, Builds, Ended, Image, serve_base
from tests.fixtures.soundness import is_sound

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.root]

DOCKERFILE = """
FROM BASE
COPY file /file
RUN --mount=type=cache,target=/shared,id=crowd \\
    --mount=type=cache,target=/one,id=turns,sharing=locked \\
    test ! -e /one/busy && touch /one/busy /shared/NUMBER && echo NUMBER >>/one/log && \\
    rm /one/busy && echo NUMBER >/number
RUN cat /number /file >/both
"""


@pytest.fixture
def builds(tmp_path: Path) -> Iterator[Builds]:
    server, base = serve_base(tmp_path)
    with server:
        yield Builds(tmp_path, base)


def command(builds: Builds, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *words, "--root", str(builds.root)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def crowd(builds: Builds, count: int, different: int) -> None:
    """``count`` builds at once, of ``different`` Dockerfiles, and prunes meanwhile."""
    contexts = [
        builds.context(DOCKERFILE.replace("NUMBER", str(n)), file=f"of {n}\n")
        for n in range(different)
    ]
    archives = [builds.directory / f"out-{n}.tar" for n in range(count)]
    running = []
    for n, archive in enumerate(archives):
        output = ("-t", f"crowd:{n}", "-o", f"type=oci,dest={archive}")
        with archive.with_suffix(".said").open("wb") as said:
            running.append(builds.start(*output, contexts[n % different], stdout=said, stderr=said))
    pruned = 0
    while any(process.poll() is None for process in running):
        prune = command(builds, "cache", "prune", "--all", "--filter", "type=regular")
        why = prune.communicate()[1]
        assert prune.returncode == 0 or b"a build is using" in why or b"no state dir" in why, why
        pruned += 1
        time.sleep(2)
    assert pruned
    digests: dict[int, set[str]] = {}
    for n, (process, archive) in enumerate(zip(running, archives, strict=True)):
        text = archive.with_suffix(".said").read_text()
        assert process.returncode == 0, text
        image = Image(archive, Ended(0, b"", text))
        number = n % different
        assert image.read("both") == f"{number}\nof {number}\n".encode()
        digests.setdefault(number, set()).add(image.config["rootfs"]["diff_ids"][-1])
    is_sound(builds.root)
    look = "RUN --mount=type=cache,target=/s,id=crowd --mount=type=cache,target=/o,id=turns "
    image = builds.image(builds.context(f"FROM BASE\n{look} ls /s >/s.list; cat /o/log >/o.list\n"))
    for name in ("s.list", "o.list"):
        assert set(image.read(name).split()) == {str(n).encode() for n in range(different)}
    du = command(builds, "cache", "du")
    assert (du.communicate()[1], du.returncode) == (b"", 0)


def test_ten_builds_at_once_on_one_root(builds: Builds) -> None:
    crowd(builds, 10, 5)


@pytest.mark.timeout(600)
def test_a_hundred_builds_at_once_on_one_root(builds: Builds) -> None:
    crowd(builds, 100, 30)
