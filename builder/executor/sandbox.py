"""Runs a step through an OCI runtime: ``crun`` or ``runc``, one process spawned a step."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
from collections.abc import AsyncIterator, Awaitable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from builder.executor import hostfiles, idmaps, programs, runtime, users
from builder.executor.instance import Instance, sweep
from builder.executor.loglimit import LimitedOutput
from builder.executor.network.types import Attachment
from builder.executor.network.ways import WAYS, WaysOut
from builder.executor.runtime import Runtime
from builder.executor.spec import Bind, Sandbox, runtime_config
from builder.executor.stubs import MountStubs, inside, make_directories
from builder.executor.types import (
    ExecMount,
    ExecutorError,
    ExitError,
    Network,
    Output,
    Process,
    Resources,
    did_not_complete,
)

T = TypeVar("T")

_CHUNK = 64 * 1024
_TAIL = 512
_PID = "pid"
_POLL_SECONDS = 0.02
_START_SECONDS = 5.0
_KILL_SECONDS = 10.0
_NOT_EXECUTABLE = re.compile(
    r"exec: |exec /|exec user process|exec container process|executable file"
)
_WANTS_IDS = re.compile(r"Invalid argument|Operation not permitted|invalid owner|cannot set ")
"""What programs print whose chown(2), setuid(2) or setgroups(2) the kernel refuses."""
SINGLE_ID = (
    "only one user id exists in this build, so that owners and users cannot be changed; have a "
    "range of ids lent in /etc/subuid and /etc/subgid"
)
_HOSTS, _RESOLV_CONF = "/etc/hosts", "/etc/resolv.conf"


async def open_executor(
    state_dir: Path, sandbox: str = "auto", *, ways_out: Sequence[str] = tuple(WAYS)
) -> RuntimeExecutor:
    """An executor whose state lies in ``state_dir`` (made if missing, shared by all builds).

    ``sandbox``: ``auto``, ``crun``, ``runc`` or the path of such a program. ``ways_out``:
    the names in ``network.ways.WAYS`` that may be tried. What executors that were killed
    left behind is removed. Raises ExecutorError where no runtime works here.
    """
    state_dir = await asyncio.to_thread(_directory, state_dir)
    chosen = await runtime.choose(state_dir, sandbox)
    await asyncio.to_thread(sweep, state_dir, chosen)
    instance = await asyncio.to_thread(Instance, state_dir)
    return RuntimeExecutor(chosen, instance, WaysOut(instance.path, ways_out))


class RuntimeExecutor:
    """The Executor over an OCI runtime. Steps may run side by side."""

    def __init__(self, chosen: Runtime, instance: Instance, ways_out: WaysOut) -> None:
        self._runtime = chosen
        self._instance = instance
        self._ways = ways_out
        self._sandbox: Sandbox = runtime.describe_host(chosen)
        self._notices: dict[str, None] = {}
        if not self._sandbox.device_cgroup:
            self._notice(
                f"{chosen.name} cannot use cgroups here: RUN steps have no CAP_MKNOD and no limits"
            )

    @property
    def name(self) -> str:
        return self._runtime.label

    @property
    def notices(self) -> tuple[str, ...]:
        """Those about the network come with the first step that uses it."""
        return tuple(self._notices)

    async def run(self, root: Path, process: Process, output: Output) -> None:
        if not process.args:
            raise ExecutorError("a step without a command")
        root = await asyncio.to_thread(root.resolve, True)
        await asyncio.to_thread(self._instance.guard, self._runtime)
        async with self._network(process) as attachment:
            with self._instance.bundle() as bundle:
                stubs = MountStubs(root, process.remove_mount_stubs)
                try:
                    await to_the_end(
                        asyncio.to_thread(self._prepare, bundle, root, process, attachment, stubs)
                    )
                    await self._execute(bundle, process, LimitedOutput(output))
                finally:
                    await to_the_end(asyncio.to_thread(stubs.remove))

    async def aclose(self) -> None:
        """No step may be running. Further steps are not possible."""
        await asyncio.to_thread(self._ways.close)
        await asyncio.to_thread(self._instance.close)

    def _notice(self, text: str) -> None:
        self._notices.setdefault(text)

    @contextlib.asynccontextmanager
    async def _network(self, process: Process) -> AsyncIterator[Attachment | None]:
        if process.network is not Network.SANDBOX:
            yield None
            return
        lending = asyncio.ensure_future(asyncio.to_thread(self._ways.lend))
        try:
            attachment = await asyncio.shield(lending)
        except asyncio.CancelledError:
            late = await lending
            if late is not None:
                self._ways.take_back(late, reuse=True)
            raise
        if attachment is None:
            self._notice(
                "RUN steps use the host's network, its loopback included: "
                + "; ".join(self._ways.refusals)
            )
            yield None
            return
        try:
            yield attachment
        finally:
            give_back = partial(self._ways.take_back, attachment, reuse=not process.insecure)
            await to_the_end(asyncio.to_thread(give_back))

    def _prepare(
        self,
        bundle: Path,
        root: Path,
        process: Process,
        attachment: Attachment | None,
        stubs: MountStubs,
    ) -> None:
        """Everything on disk that the runtime needs: stubs, host files, ``config.json``.

        Raises ExecutorError, for what the disk refuses as well.
        """
        try:
            self._lay_out(bundle, root, process, attachment, stubs)
        except OSError as error:
            place = error.filename or root
            reason = (error.strerror or str(error)).lower()
            raise ExecutorError(f"cannot prepare the step: {place}: {reason}") from error

    def _lay_out(
        self,
        bundle: Path,
        root: Path,
        process: Process,
        attachment: Attachment | None,
        stubs: MountStubs,
    ) -> None:
        try:
            identity = users.lookup(root, process.user)
        except ExecutorError as error:
            raise did_not_complete(process.args, str(error), hint=error.hint) from error
        if not idmaps.has_uid(identity.uid, self._sandbox.uid_map):
            raise ExecutorError(
                f"user {identity.uid} does not exist in this user namespace",
                hint="have a range of ids lent to you in /etc/subuid and /etc/subgid, "
                "or run as root",
            )
        for mount in process.mounts:
            if mount.kind == "bind" and (mount.source is None or not mount.source.exists()):
                raise ExecutorError(f"the source of the mount {mount.dest} is missing")
        if process.resources != Resources() and not self._sandbox.cgroups:
            raise ExecutorError(
                "--resource: no limit can be set, for steps have no cgroup here",
                hint="run as root of the host, or of a delegated cgroup",
            )
        make_directories(root, process.cwd or "/", identity.uid, identity.gid)
        (bundle / "hosts").write_text(hostfiles.hosts(process.hostname, process.extra_hosts))
        private = attachment is not None or process.network is Network.NONE
        (bundle / "resolv.conf").write_text(self._resolv_conf(attachment is not None, private))
        for name in ("hosts", "resolv.conf"):
            (bundle / name).chmod(0o644)
        stubs.make([(_HOSTS, False), (_RESOLV_CONF, False)])
        stubs.make((m.dest, m.source is None or m.source.is_dir()) for m in process.mounts)
        places = {dest: inside(root, path) for dest, path in stubs.points.items()}
        binds = [
            Bind(places[_HOSTS], bundle / "hosts", readonly=True, guarded=True),
            Bind(places[_RESOLV_CONF], bundle / "resolv.conf", readonly=True, guarded=True),
            *(_bind(m, places[m.dest], stubs) for m in process.mounts),
        ]
        config = runtime_config(
            root,
            process,
            identity,
            binds,
            sandbox=self._sandbox,
            network=attachment.path if attachment is not None else None,
            private_network=private,
            cgroup=_cgroup(process.cgroup_parent, bundle.name),
        )
        (bundle / "config.json").write_text(json.dumps(config))

    def _resolv_conf(self, connected: bool, private: bool) -> str:
        text = hostfiles.host_resolv_conf()
        if not private:
            return text
        way = self._ways.way
        resolver = way.resolver if connected and way is not None else ""
        text, replaced = hostfiles.sandbox_resolv_conf(text, resolver)
        if replaced and connected and not resolver:
            self._notice(
                "no resolver of this host can be reached from a RUN step (they are on its "
                f"loopback): steps use {' and '.join(hostfiles.PUBLIC_RESOLVERS)}"
            )
        return text

    async def _execute(self, bundle: Path, process: Process, output: Output) -> None:
        log = bundle / "log.json"
        command = [
            *self._runtime.command(self._instance.runtime_state),
            "--log", str(log), "--log-format", "json",
            "run", "--bundle", str(bundle), "--pid-file", str(bundle / _PID), bundle.name,
        ]  # fmt: skip
        errors = _Tail(output)
        child = await self._start(command, bundle)
        try:
            await _streamed(child, output, errors)
            code = await child.wait()
        except BaseException:
            await to_the_end(self._kill(child, bundle))
            raise
        code = 128 - code if code < 0 else code
        failure = runtime.logged_error(log) if code else ""
        if failure:
            await to_the_end(self._delete(bundle.name))
            raise _refusal(self._runtime, process, code, failure)
        if code not in process.valid_exit_codes:
            last = errors.last_line()
            hint = _hint(process, last) if last.startswith("exec ") else ""
            if not hint and idmaps.single_id() and _WANTS_IDS.search(errors.end()):
                hint = SINGLE_ID
            raise ExitError(process.args, code, hint=hint)

    async def _start(self, command: list[str], bundle: Path) -> asyncio.subprocess.Process:
        """The runtime's process; cancelled on the way, it is ended before that is raised."""
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                env=programs.environment(),
            )
        )
        try:
            return await asyncio.shield(starting)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ExecutorError(f"cannot run {command[0]}: {reason.lower()}") from error
        except asyncio.CancelledError:
            await to_the_end(self._kill(await starting, bundle))
            raise

    async def _kill(self, child: asyncio.subprocess.Process, bundle: Path) -> None:
        """End the container, which takes every process in it along, then its runtime."""
        ending = asyncio.ensure_future(_drained(child))
        for _ in range(int(_START_SECONDS / _POLL_SECONDS)):
            if ending.done() or _kill_init(bundle / _PID):
                break
            await asyncio.wait({ending}, timeout=_POLL_SECONDS)
        done, _ = await asyncio.wait({ending}, timeout=_KILL_SECONDS)
        if not done:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await self._delete(bundle.name)
            await ending
        await self._delete(bundle.name)

    async def _delete(self, name: str) -> None:
        """Remove what the runtime may still hold of a container; a spawn only if anything."""
        if not (self._instance.runtime_state / name).exists():
            return
        child = await asyncio.create_subprocess_exec(
            *self._runtime.command(self._instance.runtime_state), "delete", "--force", name,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        await child.wait()


class _Tail:
    """Passes output on and keeps its end: runc says there why an exec failed late."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._end = b""

    def __call__(self, stream: int, data: bytes) -> None:
        self._end = (self._end + data)[-_TAIL:]
        self._output(stream, data)

    def end(self) -> str:
        return self._end.decode("utf-8", "replace").rstrip("\n")

    def last_line(self) -> str:
        return self.end().rpartition("\n")[2]


def _directory(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path.resolve()


async def to_the_end(work: Awaitable[T]) -> T:
    """Wait for ``work`` even when cancelled meanwhile; the cancellation is raised after it."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    result = task.result()
    if cancelled is not None:
        raise cancelled
    return result


async def _streamed(child: asyncio.subprocess.Process, output: Output, errors: Output) -> None:
    """Both streams to their ends. Where one fails, nobody reads the other any more either."""
    assert child.stdout is not None
    assert child.stderr is not None
    copies = [
        asyncio.ensure_future(_copy(child.stdout, 1, output)),
        asyncio.ensure_future(_copy(child.stderr, 2, errors)),
    ]
    try:
        await asyncio.gather(*copies)
    finally:
        for copy in copies:
            copy.cancel()
        await asyncio.wait(copies)


async def _copy(reader: asyncio.StreamReader, stream: int, output: Output) -> None:
    while data := await reader.read(_CHUNK):
        output(stream, data)


async def _drained(child: asyncio.subprocess.Process) -> None:
    """Wait for the end of ``child``; its pipes are emptied, or the wait would not end."""
    assert child.stdout is not None
    assert child.stderr is not None
    await asyncio.gather(*(_copy(pipe, 0, _discard) for pipe in (child.stdout, child.stderr)))
    await child.wait()


def _discard(_stream: int, _data: bytes) -> None:
    """What a step says after it was cancelled interests no one."""


def _bind(mount: ExecMount, dest: str, stubs: MountStubs) -> Bind:
    if mount.kind != "tmpfs":
        return Bind(dest, mount.source, mount.readonly, guarded=mount.guarded)
    mode = stubs.open_mode(mount.dest)
    return Bind(dest, None, mount.readonly, mount.tmpfs_size, mode)


def _kill_init(pid_file: Path) -> bool:
    """Kill the first process of a container; False while it has not been started."""
    try:
        pid = int(pid_file.read_text())
    except (OSError, ValueError):
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return True


def _cgroup(parent: str, name: str) -> str:
    """Below ``parent`` where one was asked for, else the runtime's own choice.

    A parent counts from the root of the hierarchy, not from this process's own cgroup.
    """
    return f"/{parent.strip('/')}/{name}" if parent else ""


def _refusal(chosen: Runtime, process: Process, code: int, message: str) -> ExecutorError:
    """A command that cannot be executed is the step's failure, all else is the sandbox's."""
    if _NOT_EXECUTABLE.search(message) is None:
        return ExecutorError(f"{chosen.name} could not start the step: {message}")
    return ExitError(process.args, code, hint=_hint(process, message), refusal=message)


def _hint(process: Process, message: str) -> str:
    """What to do about a program that cannot be executed, from what was said about it."""
    lower = message.lower()
    if "exec format error" in lower:
        return "the program is for another architecture than this machine's"
    if "not found" in lower or "no such file" in lower:
        return f"the image has no {process.args[0]}, or lacks what that needs to start"
    return ""
