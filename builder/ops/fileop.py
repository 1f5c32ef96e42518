"""File ops: COPY, ADD, WORKDIR and friends (BuildKit ``ops/file.go``, ``file/backend.go``)."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from builder.llb import ops as llb
from builder.ops import keys
from builder.ops.archives import unpack_archive
from builder.ops.contents import ContentSelector, content_input
from builder.ops.errors import OpError
from builder.ops.owners import resolve_owner
from builder.ops.patterns import matcher
from builder.ops.results import Tree
from builder.ops.threads import in_thread
from builder.ops.treecopy import CopyOptions, Owner, allow, copy_tree, make_directories
from builder.snapshot import paths
from builder.snapshot.tree import NO_SUCH_OWNER, ids_are_missing, remove_tree
from builder.snapshot.types import Active, Snapshotter
from builder.solver.types import CacheMap, InputKey, Job, Result
from builder.sources.errors import FULL


class FileOperation:
    """Applies the actions in order; each works on what the one before left."""

    def __init__(self, op: llb.FileOp, inputs: int, snapshots: Snapshotter) -> None:
        self._op = op
        self._inputs = inputs
        self._snapshots = snapshots

    async def cache_map(self, job: Job) -> CacheMap:
        selectors: dict[int, list[ContentSelector]] = {}
        written: set[int] = set()
        for action in self._op.actions:
            written.add(action.input)
            inner = action.action
            _owner_selectors(getattr(inner, "owner", None), selectors)
            if isinstance(inner, llb.Copy) and -1 < action.secondary_input < self._inputs:
                selectors.setdefault(action.secondary_input, []).append(_copy_selector(inner))
        inputs = []
        for index in range(self._inputs):
            used = selectors.get(index)
            if not used or index in written:
                inputs.append(InputKey())
                continue
            names = sorted((s.path for s in used), key=os.fsencode, reverse=True)
            inputs.append(content_input(self._snapshots, keys.selector_digest(names), used))
        return CacheMap(
            digest=keys.file_key(self._op, self._inputs),
            inputs=tuple(inputs),
            describe={"instruction": job.vertex.name},
        )

    async def execute(self, job: Job, inputs: Sequence[Result]) -> Sequence[Result]:
        trees = [item.id for item in inputs]
        return await in_thread(lambda cancelled: self._run(trees, cancelled))

    def _run(self, trees: Sequence[str], cancelled: Callable[[], bool]) -> list[Tree]:
        with ExitStack() as stack:
            run = _Run(self._op, [Tree(id) for id in trees], self._snapshots, cancelled, stack)
            return run.outputs()


def _owner_selectors(
    owner: llb.ChownOpt | None, selectors: dict[int, list[ContentSelector]]
) -> None:
    """Names are looked up in a tree: that file of it is part of the key."""
    if owner is None:
        return
    for half, path in ((owner.user, "/etc/passwd"), (owner.group, "/etc/group")):
        named = half.user if half is not None else None
        if isinstance(named, llb.NamedUserOpt):
            selectors.setdefault(named.input, []).append(ContentSelector(path, follow_links=True))


def _copy_selector(copy: llb.Copy) -> ContentSelector:
    return ContentSelector(
        copy.src,
        wildcard=copy.allow_wildcard and paths.has_wildcard(copy.src),
        follow_links=copy.follow_symlink,
        include=copy.include_patterns,
        exclude=copy.exclude_patterns,
    )


class _Run:
    """One execution: which trees are open, which results are still being written."""

    def __init__(
        self,
        op: llb.FileOp,
        trees: Sequence[Tree],
        snapshots: Snapshotter,
        cancelled: Callable[[], bool],
        stack: ExitStack,
    ) -> None:
        self._op = op
        self._snapshots = snapshots
        self._cancelled = cancelled
        self._stack = stack
        self._committed: dict[int, Tree] = dict(enumerate(trees))
        self._open: dict[int, Active] = {}
        self._first = len(trees)

    def outputs(self) -> list[Tree]:
        """Run every action; the results in the order of their output numbers."""
        uses: dict[int, int] = {}
        for action in self._op.actions:
            for index in {action.input, action.secondary_input}:
                uses[index] = uses.get(index, 0) + 1
        outputs: dict[int, int] = {}
        for position, action in enumerate(self._op.actions):
            index = self._first + position
            if max(action.input, action.secondary_input) >= index:
                raise OpError(f"action {position} uses a result that is not there yet")
            active = self._writable(action.input)
            self._apply(action, active)
            if action.output >= 0:
                outputs[action.output] = index
            if action.output >= 0 or uses.get(index, 0) > 1:
                self._committed[index] = Tree(active.commit())
            else:
                self._open[index] = active
        if sorted(outputs) != list(range(len(outputs))) or not outputs:
            raise OpError("no outputs specified")
        return [self._committed[outputs[number]] for number in sorted(outputs)]

    def _writable(self, index: int) -> Active:
        if index in self._open:
            return self._open.pop(index)
        parent = self._committed[index].snapshot if index >= 0 else None
        return self._stack.enter_context(self._snapshots.prepare(parent))

    def _readable(self, index: int) -> str:
        if index in self._open:
            return str(self._open[index].path)
        tree = self._committed[index].snapshot if index >= 0 else None
        return str(self._stack.enter_context(self._snapshots.view(tree)))

    def _apply(self, action: llb.FileAction, active: Active) -> None:
        inner, root = action.action, str(active.path)
        try:
            if isinstance(inner, llb.Copy):
                owner = resolve_owner(inner.owner, self._readable)
                self._copy(inner, self._readable(action.secondary_input), root, owner)
            elif isinstance(inner, llb.MkDir):
                _mkdir(inner, root, resolve_owner(inner.owner, self._readable))
            elif isinstance(inner, llb.MkFile):
                _mkfile(inner, root, resolve_owner(inner.owner, self._readable))
            elif isinstance(inner, llb.Symlink):
                _symlink(inner, root, resolve_owner(inner.owner, self._readable))
            elif isinstance(inner, llb.Rm):
                _rm(inner, root)
            else:
                raise OpError("a file action without content")
        except OSError as error:
            raise OpError(_without_root(error, root), hint=_hint(error)) from error

    def _copy(self, copy: llb.Copy, source: str, target: str, owner: Owner | None) -> None:
        source_path, target_path = paths.clean(copy.src), paths.clean(copy.dest)
        if not copy.create_dest_path:
            parent = os.path.dirname(paths.root_path(target, copy.dest))
            if not os.path.lexists(parent):
                raise OpError(f"failed to stat {copy.dest}: no such file or directory")
        options = CopyOptions(
            owner=owner,
            mode=None if copy.mode == llb.KEEP or copy.mode_str else copy.mode,
            mode_text=copy.mode_str,
            time_ns=_time(copy.timestamp),
            copy_dir_contents=copy.dir_copy_contents,
            follow_links=copy.follow_symlink,
            replace_existing=copy.always_replace_existing_dest_paths,
            include=matcher(copy.include_patterns),
            exclude=matcher(copy.exclude_patterns),
            cancelled=self._cancelled,
        )
        found = [source_path]
        if copy.allow_wildcard:
            found = paths.resolve_wildcards(source, source_path, follow_links=copy.follow_symlink)
            if not found and not copy.allow_empty_wildcard:
                raise OpError(f"{source_path} not found")
        for path in found:
            if copy.attempt_unpack and unpack_archive(
                paths.root_path(source, path), target, target_path, options
            ):
                continue
            copy_tree(source, path, target, target_path, options)


def _time(timestamp: int) -> int | None:
    return None if timestamp == llb.KEEP else timestamp


def _finish(path: str, owner: Owner | None, timestamp: int) -> None:
    if owner is not None:
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)
    if (time_ns := _time(timestamp)) is not None:
        os.utime(path, ns=(time_ns, time_ns), follow_symlinks=False)


def _mkdir(action: llb.MkDir, root: str, owner: Owner | None) -> None:
    path = paths.root_path(root, action.path)
    if action.make_parents:
        make_directories(path, action.mode & 0o777, owner, _time(action.timestamp))
        return
    try:
        os.mkdir(path)
    except FileExistsError:
        return
    allow(path, action.mode)
    _finish(path, owner, action.timestamp)


def _mkfile(action: llb.MkFile, root: str, owner: Owner | None) -> None:
    path = paths.root_path(root, action.path)
    created = not os.path.exists(path)
    if not created and not os.path.isfile(path):
        raise OpError(f"open {action.path}: not a regular file")
    with open(path, "wb") as file:
        file.write(action.data)
        if created:
            os.fchmod(file.fileno(), action.mode & 0o777)
    _finish(path, owner, action.timestamp)


def _symlink(action: llb.Symlink, root: str, owner: Owner | None) -> None:
    path = paths.root_path(root, action.newpath)
    os.symlink(action.oldpath, path)
    _finish(path, owner, action.timestamp)


def _rm(action: llb.Rm, root: str) -> None:
    if action.allow_wildcard:
        found = paths.resolve_wildcards(root, paths.clean(action.path), follow_links=False)
    else:
        found = [action.path]
    for name in found:
        path = paths.root_path(root, "/" + name, follow_last=False)
        if path == root:
            raise OpError("rmPath: invalid empty path")
        if not os.path.lexists(path):
            if not action.allow_not_found:
                raise OpError(f"lstat {name}: no such file or directory")
        elif os.path.isdir(path) and not os.path.islink(path):
            remove_tree(path)
        else:
            os.unlink(path)


def _hint(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FULL
    return NO_SUCH_OWNER if error.errno == errno.EINVAL and ids_are_missing() else ""


def _without_root(error: OSError, root: str) -> str:
    """The error in words, the path as the image sees it."""
    name = str(error.filename or "")
    shown = name[len(root) :] or "/" if name.startswith(root) else os.path.basename(name)
    why = (error.strerror or str(error)).lower()
    return f"{shown}: {why}" if shown else why
