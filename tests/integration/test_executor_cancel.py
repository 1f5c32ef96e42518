"""Whatever happens to the builder, nothing of a step runs on or stays mounted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from builder.executor import ExecMount, Network, Process
from builder.executor.sandbox import open_executor

pytestmark = [pytest.mark.integration, pytest.mark.root]

TREE = """
trap '' TERM INT HUP
(trap '' TERM; sleep 100{mark}) &
(setsid sh -c 'trap "" TERM; (sleep 200{mark} &) ; sleep 300{mark}' &)
echo running
sleep 400{mark} & wait; sleep 500{mark}
"""
"""Children that ignore TERM, one in its own session, one forked twice."""

OWNER = """
import asyncio, sys
from pathlib import Path
from builder.executor import Network, Process
from builder.executor.sandbox import open_executor

async def main():
    executor = await open_executor(Path(sys.argv[1]))
    network = Network.SANDBOX if sys.argv[4] == "sandbox" else Network.NONE
    step = Process(args=("/bin/sh", "-c", sys.argv[3]), env=("PATH=/bin",), network=network)
    def output(_, data):
        print(data.decode(), flush=True, end="")
    await executor.run(Path(sys.argv[2]), step, output)

asyncio.run(main())
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "root"
    (directory / "bin").mkdir(parents=True)
    program = shutil.which("busybox")
    assert program, "busybox is missing; Debian's package is busybox-static"
    for name in ("sh", "sleep", "setsid", "echo"):
        shutil.copy(program, directory / "bin" / name)
    return directory


@pytest.fixture
def mark() -> str:
    """A number that makes the sleeps of one test recognisable among all processes."""
    return str(secrets.randbelow(10**9) + 10**9)


def running(mark: str) -> list[str]:
    """The command lines of all processes with ``mark``, this test's own left aside."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if mark in command and command.startswith(("sleep", "/bin/sh", "sh", "setsid")):
                    found.append(command)
    return found


def until(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@contextlib.contextmanager
def owner(state: Path, root: Path, mark: str, network: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another builder in the middle of a step; it is killed at the latest on the way out."""
    command = [sys.executable, "-c", OWNER, str(state), str(root), TREE.format(mark=mark), network]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    with process.stdout:
        try:
            assert process.stdout.readline() == b"running\n"
            assert until(lambda: len(running(mark)) >= 4)
            yield process
        finally:
            process.kill()
            process.wait()


def mounts_below(path: Path) -> list[str]:
    lines = Path("/proc/self/mounts").read_text().splitlines()
    return [line for line in lines if f" {path}" in line]


@pytest.mark.parametrize("network", [Network.NONE, Network.SANDBOX])
async def test_a_cancelled_step_leaves_nothing(
    tmp_path: Path, root: Path, mark: str, network: Network
) -> None:
    executor = await open_executor(tmp_path / "state")
    started = asyncio.Event()
    step = Process(
        args=("/bin/sh", "-c", TREE.format(mark=mark)),
        env=("PATH=/bin",),
        network=network,
        mounts=(ExecMount("/cache/dir", source=tmp_path),),
    )
    task = asyncio.create_task(executor.run(root, step, lambda *_: started.set()))
    await started.wait()
    assert await asyncio.to_thread(until, lambda: len(running(mark)) >= 4)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert running(mark) == []
    assert mounts_below(tmp_path) == []
    assert sorted(os.listdir(root)) == ["bin", "dev", "proc", "sys"]
    await executor.aclose()
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["runtime.json"]


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.03, 0.06])
async def test_a_step_cancelled_while_it_starts_leaves_nothing(
    tmp_path: Path, root: Path, mark: str, delay: float
) -> None:
    executor = await open_executor(tmp_path / "state")
    step = Process(
        args=("/bin/sh", "-c", f"sleep 100{mark}"), env=("PATH=/bin",), network=Network.NONE
    )
    task = asyncio.create_task(executor.run(root, step, lambda *_: None))
    await asyncio.sleep(delay)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert running(mark) == []
    await executor.aclose()
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["runtime.json"]


async def test_an_output_that_fails_ends_the_step(tmp_path: Path, root: Path, mark: str) -> None:
    executor = await open_executor(tmp_path / "state")
    step = Process(
        args=("/bin/sh", "-c", f"(sleep 1; echo y >&2) & echo x; sleep 100{mark}"),
        env=("PATH=/bin",),
        network=Network.NONE,
    )

    def broken(_stream: int, _data: bytes) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await executor.run(root, step, broken)
    assert running(mark) == []
    await executor.aclose()


@pytest.mark.parametrize("network", ["none", "sandbox"])
def test_a_builder_that_is_killed_takes_its_steps_along(
    tmp_path: Path, root: Path, mark: str, network: str
) -> None:
    state = tmp_path / "state"
    with owner(state, root, mark, network) as process:
        os.killpg(process.pid, signal.SIGKILL)
    assert until(lambda: running(mark) == []), running(mark)
    assert until(lambda: not list(state.glob("executor-*")))


async def test_what_a_dead_builder_left_is_swept_by_the_next(
    tmp_path: Path, root: Path, mark: str
) -> None:
    state = tmp_path / "state"
    with owner(state, root, mark, "none") as process:
        living = await open_executor(state)
        assert len(list(state.glob("executor-*"))) == 2, "the executor of a living process stays"
        for watchdog in _watchdogs(state):
            os.kill(watchdog, signal.SIGKILL)
        os.kill(process.pid, signal.SIGKILL)
    assert len(running(mark)) >= 4
    after = await open_executor(state)
    assert until(lambda: running(mark) == [])
    assert len(list(state.glob("executor-*"))) == 2
    await after.aclose()
    await living.aclose()


def _watchdogs(state: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes()
                if b"regdoctor-watchdog" in command and str(state).encode() in command:
                    found.append(int(entry.name))
    assert found
    return found
