"""A received definition as the graph that a solver walks.

``LLBVertex`` has the shape of ``builder.solver.types.Vertex`` (``digest``, ``name``,
``inputs``, ``ignore_cache``, ``locations``, ``spec``), without importing the solver, which
stands above this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from builder.events import SourceInfo, SourceRange
from builder.llb.definition import Definition, LinuxResources, Location, OpMetadata, ProgressGroup
from builder.llb.errors import LLBError
from builder.llb.ops import (
    AnyOp,
    BuildOp,
    Copy,
    DiffOp,
    ExecOp,
    FileOp,
    Input,
    MergeOp,
    MkDir,
    MkFile,
    Op,
    PassthroughOp,
    Rm,
    SourceOp,
    Symlink,
)
from builder.oci.credentials import hide_in, hide_in_file
from builder.oci.digest import Digest

MAX_VERTICES = 100_000


class Edge(NamedTuple):
    """Output ``index`` of ``vertex``; the solver's ``Edge`` in another coat."""

    vertex: LLBVertex
    index: int  # type: ignore[assignment]  # shadows tuple.index, as the solver's does


class SourceLocation(Struct, frozen=True):
    """Lines of a source file; the solver's ``Location``."""

    info: SourceInfo
    ranges: tuple[SourceRange, ...]


class LLBVertex(Struct, frozen=True, eq=False):
    """One op of a loaded definition.

    ``digest`` is that of the bytes as received, with ``-ignorecache`` folded in by the solver
    where ``ignore_cache`` is set. ``spec`` is the ``Op``.
    """

    digest: Digest
    name: str
    inputs: Sequence[Edge]
    ignore_cache: bool
    locations: Sequence[SourceLocation]
    spec: Op
    metadata: OpMetadata = field(default_factory=OpMetadata)

    @property
    def progress_group(self) -> ProgressGroup | None:
        group = self.metadata.progress_group
        return None if group is None else replace(group, name=hide_in(group.name))

    @property
    def linux_resources(self) -> LinuxResources | None:
        return self.metadata.linux_resources


class Graph(Struct, frozen=True):
    """A loaded definition: the wanted edge, and every vertex by digest, inputs first."""

    result: Edge
    vertices: dict[Digest, LLBVertex]


def load(definition: Definition) -> Graph:
    """Check and link ``definition``. Raises LLBError for holes, cycles and bad indexes.

    A definition of no ops (scratch) has no graph and is refused: callers ask before.
    """
    if len(definition.def_) < 2:
        raise LLBError("invalid definition: it needs an op and the op that names the result")
    if len(definition.def_) > MAX_VERTICES:
        raise LLBError(f"invalid definition: more than {MAX_VERTICES} ops")
    ops = definition.ops()
    terminal = ops.pop(Digest.of(definition.def_[-1]))
    if len(terminal.inputs) != 1 or terminal.op is not None:
        raise LLBError("invalid definition: the last op must have one input and nothing else")
    files = _files(definition)
    vertices: dict[Digest, LLBVertex] = {}
    root = terminal.inputs[0]
    for digest in _order(ops, root.digest):
        vertices[digest] = _vertex(digest, ops[digest], definition, files, vertices)
    return Graph(_edge(root, vertices), vertices)


def _order(ops: dict[Digest, Op], root: Digest) -> list[Digest]:
    """Digests below ``root``, inputs first. A digest cannot contain itself, so no cycles."""
    out: list[Digest] = []
    entered: set[Digest] = set()
    stack = [(root, False)]
    while stack:
        digest, leaving = stack.pop()
        if leaving:
            out.append(digest)
            continue
        if digest in entered:
            continue
        entered.add(digest)
        op = ops.get(digest)
        if op is None:
            raise LLBError(f"invalid definition: missing input digest {digest}")
        stack.append((digest, True))
        stack.extend((i.digest, False) for i in reversed(op.inputs) if i.digest not in entered)
    return out


def _vertex(
    digest: Digest,
    op: Op,
    definition: Definition,
    files: tuple[SourceInfo, ...],
    vertices: dict[Digest, LLBVertex],
) -> LLBVertex:
    validate(op)
    metadata = definition.metadata.get(digest, OpMetadata())
    return LLBVertex(
        digest=digest,
        name=hide_in(metadata.description.get("llb.customname") or describe(op.op)),
        inputs=tuple(_edge(i, vertices) for i in op.inputs),
        ignore_cache=metadata.ignore_cache,
        locations=_locations(definition, digest, files),
        spec=op,
        metadata=metadata,
    )


def _edge(wanted: Input, vertices: dict[Digest, LLBVertex]) -> Edge:
    vertex = vertices[wanted.digest]
    if not 0 <= wanted.index < output_count(vertex.spec):
        raise LLBError(f"invalid definition: {wanted.digest} has no output {wanted.index}")
    return Edge(vertex, wanted.index)


def output_count(op: Op) -> int:
    """How many results ``op`` gives."""
    inner = op.op
    if isinstance(inner, ExecOp):
        return sum(1 for mount in inner.mounts if mount.output >= 0 and mount.mount_type == 0)
    if isinstance(inner, FileOp):
        return sum(1 for action in inner.actions if action.output >= 0)
    if isinstance(inner, PassthroughOp):
        return max(inner.outputs, 1)
    return 1


def validate(op: Op) -> None:
    """Refuse what no op may be, whatever solves it: numbers that point nowhere, no root."""
    inner, count = op.op, len(op.inputs)
    if inner is None:
        raise LLBError("invalid op: empty")
    if isinstance(inner, SourceOp):
        _require(count == 0, "a source has no inputs")
        _require(bool(inner.identifier), "a source without an identifier")
    elif isinstance(inner, ExecOp):
        _require(inner.meta is not None and bool(inner.meta.args), "exec without arguments")
        _require(inner.meta is not None and bool(inner.meta.cwd), "exec without a directory")
        _require(any(m.dest == "/" for m in inner.mounts), "exec without a root mount")
        for mount in inner.mounts:
            _require(-1 <= mount.input < count, f"mount {mount.dest} has no input {mount.input}")
    elif isinstance(inner, FileOp):
        _validate_file(inner, count)
    elif isinstance(inner, MergeOp):
        _require(len(inner.inputs) >= 2, "merge of fewer than two inputs")
        _require(all(0 <= i.input < count for i in inner.inputs), "merge input out of range")
    elif isinstance(inner, DiffOp):
        sides = [side.input for side in (inner.lower, inner.upper) if side is not None]
        _require(len(sides) == 2, "diff without both sides")
        _require(all(-1 <= side < count for side in sides), "diff input out of range")


def _validate_file(op: FileOp, count: int) -> None:
    _require(bool(op.actions), "file op without actions")
    for number, action in enumerate(op.actions):
        _require(action.action is not None, "file op with an empty action")
        limit = count + number
        _require(-1 <= action.input < limit, f"file action {number} has no input {action.input}")
        second = action.secondary_input
        _require(-1 <= second < limit, f"file action {number} has no input {second}")
        _require(-1 <= action.output < len(op.actions), f"file output {action.output}")


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise LLBError(f"invalid op: {what}")


def describe(op: AnyOp | None) -> str:
    """The name of an op that was given none, as BuildKit shows it."""
    if isinstance(op, SourceOp):
        return op.identifier
    if isinstance(op, ExecOp):
        return " ".join(op.meta.args) if op.meta is not None else ""
    if isinstance(op, FileOp):
        return ", ".join(_describe_action(action.action) for action in op.actions)
    if isinstance(op, MergeOp):
        return "merge"
    if isinstance(op, DiffOp):
        return "diff"
    if isinstance(op, BuildOp):
        return "build"
    return "unknown"


def _describe_action(action: Copy | MkFile | MkDir | Rm | Symlink | None) -> str:
    if action is None:
        return "nothing"
    if isinstance(action, Copy):
        return f"copy {action.src} {action.dest}"
    if isinstance(action, Symlink):
        return f"symlink {action.oldpath} -> {action.newpath}"
    return f"{type(action).__name__.lower()} {action.path}"


def _files(definition: Definition) -> tuple[SourceInfo, ...]:
    if definition.source is None:
        return ()
    return tuple(
        SourceInfo(file.filename, hide_in_file(file.data), file.language)
        for file in definition.source.infos
    )


def _locations(
    definition: Definition, digest: Digest, files: tuple[SourceInfo, ...]
) -> tuple[SourceLocation, ...]:
    if definition.source is None or digest not in definition.source.locations:
        return ()
    found = definition.source.locations[digest].locations
    return tuple(
        SourceLocation(files[place.source_index], _lines(place))
        for place in found
        if 0 <= place.source_index < len(files)
    )


def _lines(place: Location) -> tuple[SourceRange, ...]:
    return tuple(
        SourceRange(r.start.line if r.start else 0, r.end.line if r.end else 0)
        for r in place.ranges
    )
