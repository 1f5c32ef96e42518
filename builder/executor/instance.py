"""The state of one executor on disk, and what sees to it that nothing outlives its owner.

``<state_dir>/<name>/`` holds a lock (held as long as the owner lives), the runtime's
records and the bundles. What the runtime is told of a step has secrets in its environment:
where the host has shared memory, that and the runtime's records are there and on no disk,
and ``runtime`` is a link to the place.

Two things clean up after an owner that was killed: a watchdog process that waits for the
owner's end of a pipe to close, and the next executor, which sweeps every directory whose
lock is free.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from builder.executor import programs
from builder.executor.network import namespace
from builder.executor.runtime import Runtime

_ABANDONED_SECONDS = 3600.0
_UNFINISHED = "new-"
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - what is made there is ours alone, or not made

_WATCHDOG = """
read -r _
cd "$1" || exit 0
shift
round=0
while [ $round -lt 25 ]; do
  for pid in *.pid; do
    [ -f "$pid" ] && kill -9 "$(cat "$pid")" 2>/dev/null
  done
  for bound in *.netns; do
    [ -f "$bound" ] && umount -l "$bound" 2>/dev/null
  done
  found=
  for container in runtime/*/; do
    [ -d "$container" ] || continue
    found=1
    container=${container%/}
    "$@" delete --force "${container##*/}" >/dev/null 2>&1
  done
  [ -z "$found" ] && [ $round -gt 4 ] && break
  round=$((round + 1))
  sleep 0.2
done
rm -rf "$(readlink runtime)" "$PWD"
"""
# A few rounds, because a runtime that was just starting has nothing to show at first.


class Instance:
    """An executor's directory, locked; ``close`` removes it."""

    def __init__(self, state_dir: Path) -> None:
        name = f"{os.getpid()}-{secrets.token_hex(6)}"
        self.path = state_dir / f"executor-{name}"
        self.runtime_state = self.path / "runtime"
        # It gets its name when it is locked: a sweeper must never find it unlocked.
        unnamed = state_dir / f"{_UNFINISHED}{name}"
        unnamed.mkdir(parents=True, mode=0o700)
        self._memory = _shared_memory(f"regdoctor-{name}")
        if self._memory is not None:
            (unnamed / "runtime").symlink_to(self._memory)
        else:
            (unnamed / "runtime").mkdir(mode=0o700)
        self._lock = os.open(unnamed / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unnamed.rename(self.path)
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()

    def guard(self, runtime: Runtime) -> None:
        """Start the watchdog; does nothing when it runs already. Thread-safe."""
        with self._starting:
            if self._watchdog is None:
                self._watchdog = self._start_watchdog(runtime)

    def _start_watchdog(self, runtime: Runtime) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [
                "/bin/sh", "-c", _WATCHDOG, "regdoctor-watchdog", str(self.path),
                *runtime.command(self.runtime_state),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=programs.environment(),
        )  # fmt: skip

    @contextlib.contextmanager
    def bundle(self) -> Iterator[Path]:
        """A directory for one step, whose name is a container id unique on this host."""
        path = self.path / f"step-{secrets.token_hex(12)}"
        path.mkdir(mode=0o700)
        config = self.runtime_state / f"{path.name}.json"
        if self._memory is not None:
            (path / "config.json").symlink_to(config)
        try:
            yield path
        finally:
            config.unlink(missing_ok=True)
            shutil.rmtree(path, ignore_errors=True)

    def close(self) -> None:
        if self._watchdog is not None:
            self._watchdog.kill()
            self._watchdog.wait()
            if self._watchdog.stdin is not None:
                self._watchdog.stdin.close()
            self._watchdog = None
        if self._memory is not None:
            shutil.rmtree(self._memory, ignore_errors=True)
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def sweep(state_dir: Path, runtime: Runtime) -> None:
    """Remove containers and directories of executors that are dead, and abandoned trials."""
    for path in (*state_dir.glob("trial-*"), *state_dir.glob(f"{_UNFINISHED}*")):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(path, ignore_errors=True)
    for path in state_dir.glob("executor-*"):
        with contextlib.suppress(OSError):
            lock = os.open(path / "lock", os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _bury(path, runtime)
            finally:
                os.close(lock)


def _bury(path: Path, runtime: Runtime) -> None:
    for bound in path.glob(f"*{namespace.BOUND}"):
        namespace.unbind(bound)
    for container in (path / "runtime").glob("*/"):
        subprocess.run(
            [*runtime.command(path / "runtime"), "delete", "--force", container.name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=30,
            check=False,
        )
    with contextlib.suppress(OSError):
        shutil.rmtree((path / "runtime").readlink(), ignore_errors=True)
    shutil.rmtree(path, ignore_errors=True)


def _shared_memory(name: str) -> Path | None:
    """A new directory that is on no disk and that every process of this host sees."""
    mounts = Path("/proc/self/mounts").read_text(errors="replace").splitlines()
    if not any(line.split()[1:3] == [str(_SHARED_MEMORY), "tmpfs"] for line in mounts):
        return None
    path = _SHARED_MEMORY / name
    try:
        path.mkdir(mode=0o700)
    except OSError:
        return None
    return path
