"""What a RUN step needs, as values. The executor turns them into an isolated process."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from builder.errors import BuilderError
from builder.oci.goquote import go_quote


class Network(Enum):
    """``SANDBOX``: an own namespace with a way out; ``NONE``: one with a loopback only."""

    SANDBOX = "default"
    HOST = "host"
    NONE = "none"


class ExecMount(Struct, frozen=True):
    """A mount beside the root. ``kind``: ``bind`` (``source`` is a host path) or ``tmpfs``.

    ``guarded``: no programs, set-user-ID bits or devices count in it.
    """

    dest: str
    kind: str = "bind"
    source: Path | None = None
    readonly: bool = False
    tmpfs_size: int = 0
    guarded: bool = False


class Ulimit(Struct, frozen=True):
    """``name`` as docker has it, ``nofile`` for RLIMIT_NOFILE; -1 is no limit."""

    name: str
    soft: int
    hard: int


class Resources(Struct, frozen=True):
    """Limits by cgroup, as docker's flags have them; 0 and ``""`` are none.

    ``memory`` and ``memory_swap`` (both together) in bytes, -1 for no limit of swap;
    ``cpu_period`` and ``cpu_quota`` in microseconds.
    """

    memory: int = 0
    memory_swap: int = 0
    cpu_shares: int = 0
    cpu_period: int = 0
    cpu_quota: int = 0
    cpuset_cpus: str = ""
    cpuset_mems: str = ""


class Process(Struct, frozen=True):
    """One step. ``env`` items are ``K=V``; ``user`` as in the Dockerfile (``""`` is root)."""

    args: tuple[str, ...]
    env: tuple[str, ...] = ()
    cwd: str = "/"
    user: str = ""
    hostname: str = ""
    extra_hosts: tuple[tuple[str, str], ...] = ()
    mounts: tuple[ExecMount, ...] = ()
    network: Network = Network.SANDBOX
    insecure: bool = False
    ulimits: tuple[Ulimit, ...] = ()
    resources: Resources = Resources()
    shm_size: int = 0
    cgroup_parent: str = ""
    remove_mount_stubs: bool = True
    valid_exit_codes: tuple[int, ...] = (0,)


class ExecutorError(BuilderError):
    """A step that could not be started: no runtime, no namespace, no such user ..."""


def did_not_complete(args: tuple[str, ...], why: str, *, hint: str = "") -> ExecutorError:
    """A step that could not begin, in BuildKit's words."""
    command = go_quote(" ".join(args))
    return ExecutorError(f"process {command} did not complete successfully: {why}", hint=hint)


class ExitError(ExecutorError):
    """The process ended with another code than wanted; 128+n for signal n.

    ``refusal``: the runtime's words, where it could not execute the program.
    """

    def __init__(
        self, args: tuple[str, ...], code: int, *, hint: str = "", refusal: str = ""
    ) -> None:
        super().__init__(str(did_not_complete(args, f"exit code: {code}")), hint=hint)
        self.process_args = args
        self.code = code
        self.refusal = refusal


Output = Callable[[int, bytes], None]
"""``(stream, data)``: 1 is stdout, 2 is stderr."""


class Executor(Protocol):
    """Runs steps in a sandbox over a root directory."""

    @property
    def name(self) -> str:
        """The sandbox in use, as progress and ``doctor`` name it: ``runc``, ``crun`` ..."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What a user should know of how steps run here: a weaker network, no limits ..."""

    async def run(self, root: Path, process: Process, output: Output) -> None:
        """Run to its end in ``root`` (a merged, writable tree).

        Raises ExitError and ExecutorError. When the task is cancelled the whole process
        tree is killed and everything that was mounted is unmounted before returning.
        Mount-point stubs that the run created are gone afterwards.
        """
        ...

    async def aclose(self) -> None:
        """Give back what the executor holds: idle networks, its state directory."""
        ...
