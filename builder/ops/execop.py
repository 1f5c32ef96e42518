"""Exec ops: RUN (BuildKit ``ops/exec.go``, ``container.PrepareMounts``)."""

from __future__ import annotations

import os
import posixpath
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct, field

from builder.events import LogEvent, WarningEvent
from builder.executor.lentca import RunCa
from builder.executor.types import ExecMount, Executor, Network, Output, Process, Resources, Ulimit
from builder.llb import ops as llb
from builder.oci import platform as platforms
from builder.oci.digest import Digest
from builder.oci.platform import Platform
from builder.ops import keys
from builder.ops.cachemounts import CacheMounts, bound_below
from builder.ops.contents import ContentSelector, content_input
from builder.ops.errors import OpError
from builder.ops.results import Tree
from builder.ops.secrets import Secrets
from builder.ops.ssh.agents import Agents
from builder.ops.threads import in_thread
from builder.snapshot import paths
from builder.snapshot.types import Active, Snapshotter
from builder.solver.types import CacheMap, InputKey, Job, Result

_NETWORKS = {
    llb.NetMode.UNSET: Network.SANDBOX,
    llb.NetMode.HOST: Network.HOST,
    llb.NetMode.NONE: Network.NONE,
}


_SECRET = re.compile(r"pass|secret|token|key|credential|auth", re.IGNORECASE)
"""Names of variables whose values are written nowhere."""


class ExecContext(Struct, frozen=True):
    """What steps share: where trees, caches, secrets and agents are, who runs processes."""

    snapshots: Snapshotter
    executor: Executor
    caches: CacheMounts
    secrets: Secrets
    agents: Agents
    run_ca: RunCa | None = None
    resources: Resources = Resources()


class _Prepared(Struct):
    """The mounts of one step, ready. ``outputs`` maps an output's number to its tree."""

    root: Path | None = None
    mounts: list[ExecMount] = field(default_factory=list)
    outputs: dict[int, Active] = field(default_factory=dict)


class ExecOperation:
    """Runs a step on a writable copy of its root; what it wrote is the result."""

    def __init__(
        self, op: llb.ExecOp, platform: Platform | None, inputs: int, context: ExecContext
    ) -> None:
        if op.meta is None or not op.meta.args:
            raise OpError("an exec op without a process")
        if not any(mount.dest == "/" for mount in op.mounts):
            raise OpError("no root mount")
        for device in op.cdi_devices:
            if not device.optional:
                raise OpError(
                    f'required device "{device.name}" is not registered',
                    hint="no CDI device is known to this builder; without required it is left out",
                )
        self._op = op
        self._meta = op.meta
        self._platform = platform or platforms.host()
        self._inputs = inputs
        self._context = context

    async def cache_map(self, job: Job) -> CacheMap:
        selectors: dict[int, list[str]] = {}
        by_content: dict[int, bool] = {}
        for mount in self._op.mounts:
            if mount.mount_type not in (llb.MountType.BIND, llb.MountType.CACHE):
                continue
            if mount.input == llb.NO_INPUT:
                continue
            if not 0 <= mount.input < self._inputs:
                raise OpError(f"invalid mount input {mount.input}")
            selector = os.path.normpath("/" + mount.selector)
            selectors.setdefault(mount.input, []).append(selector)
            by_content[mount.input] = _content_counts(mount, selector)
        inputs = []
        for index in range(self._inputs):
            used = selectors.get(index, [])
            chosen = keys.selector_digest(used)
            if by_content.get(index):
                wanted = _content_selectors(used)
                inputs.append(content_input(self._context.snapshots, chosen, wanted))
            else:
                inputs.append(InputKey(chosen))
        return CacheMap(
            digest=keys.exec_key(self._op, self._platform),
            inputs=tuple(inputs),
            describe={
                "command": " ".join(self._meta.args),
                **_variables(self._meta.env),
                "user": self._meta.user,
                "workdir": self._meta.cwd,
            },
        )

    async def execute(self, job: Job, inputs: Sequence[Result]) -> Sequence[Result]:
        def output(stream: int, data: bytes) -> None:
            job.emit(LogEvent(job.vertex.digest, stream, data, time.time()))

        async with AsyncExitStack() as stack:
            prepared = await self._prepare([Tree(item.id) for item in inputs], stack)
            if prepared.root is None:
                raise OpError("no root mount")
            process = self._process(
                tuple(prepared.mounts), await self._context.secrets.environment(self._op.secretenv)
            )
            await self._run(prepared.root, process, output, job)
            ordered = [prepared.outputs[n] for n in sorted(prepared.outputs)]
            committed = await in_thread(lambda _: [active.commit() for active in ordered])
        return [Tree(id) for id in committed]

    async def _run(self, root: Path, process: Process, output: Output, job: Job) -> None:
        """The process in ``root``; with the CA of ``--run-ca``, that is gone when it ended."""
        executor, ca = self._context.executor, self._context.run_ca
        if ca is None:
            await executor.run(root, process, output)
            return
        writable = any(mount.dest == "/" and not mount.readonly for mount in self._op.mounts)
        with TemporaryDirectory(prefix="run-ca-", dir=self._context.secrets.directory) as place:
            bundle = Path(place) / "bundle.pem"
            loan = await in_thread(lambda _: ca.lend(root, process, bundle, writable=writable))
            await executor.run(root, loan.process, output)
            # A step that failed leaves no tree; what ended well is made clean.
            kept = await in_thread(lambda _: loan.take_back())
        for path in kept:
            job.emit(
                WarningEvent(
                    job.vertex.digest, f"the step copied the CA of --run-ca into the image: {path}"
                )
            )

    def _process(self, mounts: tuple[ExecMount, ...], secret_env: tuple[str, ...]) -> Process:
        meta = self._meta
        return Process(
            args=meta.args,
            env=(*meta.env, *_proxy_environment(meta.proxy_env), *secret_env),
            cwd=meta.cwd or "/",
            user=meta.user,
            hostname=meta.hostname,
            extra_hosts=tuple((host.host, host.ip) for host in meta.extra_hosts),
            mounts=mounts,
            network=_NETWORKS[self._op.network],
            insecure=self._op.security == llb.SecurityMode.INSECURE,
            ulimits=tuple(Ulimit(u.name, u.soft, u.hard) for u in meta.ulimit),
            resources=self._context.resources,
            cgroup_parent=meta.cgroup_parent,
            remove_mount_stubs=meta.remove_mount_stubs_recursive,
            valid_exit_codes=meta.valid_exit_codes or (0,),
        )

    async def _prepare(self, trees: Sequence[Tree], stack: AsyncExitStack) -> _Prepared:
        prepared = _Prepared()
        for mount in self._op.mounts:
            tree = trees[mount.input] if mount.input >= 0 else Tree.of(None)
            kind = mount.mount_type
            if kind == llb.MountType.TMPFS:
                size = mount.tmpfs_opt.size if mount.tmpfs_opt is not None else 0
                prepared.mounts.append(
                    ExecMount(self._place(mount), "tmpfs", readonly=mount.readonly, tmpfs_size=size)
                )
            elif kind == llb.MountType.SECRET:
                source = await self._context.secrets.file(mount, stack)
                if source is not None:
                    prepared.mounts.append(
                        ExecMount(self._place(mount), "bind", source, readonly=True, guarded=True)
                    )
            elif kind == llb.MountType.SSH:
                option = mount.ssh_opt or llb.SSHOpt()
                if self._context.agents.has(option.id) or not option.optional:
                    lent = self._context.agents.lend(
                        option.id, uid=option.uid, gid=option.gid, mode=option.mode
                    )
                    socket = await stack.enter_async_context(lent)
                    prepared.mounts.append(ExecMount(self._place(mount), "bind", socket))
            elif kind == llb.MountType.CACHE:
                source = await self._cache(mount, tree, stack)
                prepared.mounts.append(
                    ExecMount(self._place(mount), "bind", source, mount.readonly)
                )
            else:
                await self._bind(mount, tree, prepared, stack)
        return prepared

    def _place(self, mount: llb.Mount) -> str:
        """Where a mount goes: a relative target is below the working directory."""
        return posixpath.normpath(posixpath.join("/", self._meta.cwd, mount.dest))

    async def _bind(
        self, mount: llb.Mount, tree: Tree, prepared: _Prepared, stack: AsyncExitStack
    ) -> None:
        snapshots = self._context.snapshots
        if mount.readonly:
            view = snapshots.view(tree.snapshot)
            path = await in_thread(lambda _: stack.enter_context(view))
        else:
            active = await in_thread(lambda _: snapshots.prepare(tree.snapshot))
            stack.enter_context(active)
            path = active.path
            if mount.output >= 0:
                prepared.outputs[mount.output] = active
        if mount.dest == "/":
            prepared.root = path
            return
        source = Path(paths.root_path(str(path), mount.selector))
        if not source.exists():
            raise OpError(f'"{os.path.normpath("/" + mount.selector)}": not found')
        prepared.mounts.append(ExecMount(self._place(mount), "bind", source, mount.readonly))

    async def _cache(self, mount: llb.Mount, tree: Tree, stack: AsyncExitStack) -> Path:
        option = mount.cache_opt or llb.CacheOpt()
        lent = self._context.caches.lend(option.id or mount.dest, tree.snapshot, option.sharing)
        directory = await stack.enter_async_context(lent)
        if not mount.selector.strip("/"):
            return directory
        below = bound_below(directory, mount.selector, self._context.secrets.directory)
        return await in_thread(lambda _: stack.enter_context(below))


def _variables(environment: Sequence[str]) -> dict[str, str]:
    """ARG and ENV by their names; of what looks like a secret only whether it changed."""
    told = {}
    for item in environment:
        name, _, value = item.partition("=")
        hidden = _SECRET.search(name) is not None
        told[f"variable {name}"] = f"<{Digest.of(value.encode()).hex[:8]}>" if hidden else value
    return told


def _content_counts(mount: llb.Mount, selector: str) -> bool:
    """Whether equal content of the input may hit: only where nothing unselected can pass
    into a result (BuildKit ``getMountDeps``), and never for the root."""
    if mount.content_cache == llb.ContentCache.OFF:
        return False
    safe = mount.output == llb.SKIP_OUTPUT or mount.readonly or selector == "/"
    if mount.content_cache == llb.ContentCache.ON and not safe:
        raise OpError(f"invalid mount cache content {mount.dest}")
    if mount.content_cache == llb.ContentCache.DEFAULT and mount.dest == "/":
        return False
    return safe


def _content_selectors(used: Sequence[str]) -> list[ContentSelector]:
    """Without the paths that lie below another; none where the whole tree is used."""
    distinct = set(used)
    kept = sorted(
        path
        for path in distinct
        if not any(other != path and path.startswith(other.rstrip("/") + "/") for other in distinct)
    )
    if "/" in kept:
        return []
    return [ContentSelector(path, follow_links=True) for path in kept]


def _proxy_environment(proxy: llb.ProxyEnv | None) -> tuple[str, ...]:
    """Each proxy under both spellings, as a step wants them."""
    if proxy is None:
        return ()
    values: Mapping[str, str] = {
        "HTTP_PROXY": proxy.http_proxy,
        "HTTPS_PROXY": proxy.https_proxy,
        "FTP_PROXY": proxy.ftp_proxy,
        "NO_PROXY": proxy.no_proxy,
        "ALL_PROXY": proxy.all_proxy,
    }
    return tuple(
        f"{name}={value}"
        for upper, value in values.items()
        if value
        for name in (upper, upper.lower())
    )
