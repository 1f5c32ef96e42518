"""Building a graph, as BuildKit's Go client does: vertices that know their inputs, then marshal.

A vertex is made once and compared by identity; its bytes, and so its digest, exist only when
``marshal`` runs, because an op numbers its inputs by their digests (two inputs that turn out
equal share a number) and because the build context's paths are known last.
"""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from msgspec import Struct, StructMeta, field
from msgspec.structs import replace

from builder.llb import wire
from builder.llb.definition import (
    Definition,
    Location,
    Locations,
    OpMetadata,
    SourceFile,
    SourceMap,
)
from builder.llb.errors import LLBError
from builder.llb.ops import (
    NO_INPUT,
    SKIP_OUTPUT,
    AnyOp,
    CDIDevice,
    ChownOpt,
    Constraints,
    Copy,
    DiffOp,
    ExecOp,
    FileAction,
    FileOp,
    Input,
    LowerDiffInput,
    MergeInput,
    MergeOp,
    Meta,
    MkDir,
    MkFile,
    Mount,
    MountType,
    NamedUserOpt,
    NetMode,
    Op,
    Rm,
    SecretEnv,
    SecurityMode,
    SourceOp,
    Symlink,
    UpperDiffInput,
    UserOpt,
)
from builder.oci.digest import Digest
from builder.oci.platform import Platform


class _VertexMeta(StructMeta, ABCMeta):
    """Of structs with abstract methods."""


class Vertex(Struct, eq=False, metaclass=_VertexMeta):
    """A node under construction. ``locations`` are where it was written."""

    metadata: OpMetadata = field(default_factory=OpMetadata)
    locations: tuple[Location, ...] = ()
    platform: Platform | None = None

    @abstractmethod
    def sources(self) -> Sequence[Output]:
        """The outputs it uses, in the order a walk visits them."""

    @abstractmethod
    def build(self, inputs: InputNumbers) -> AnyOp:
        """The op; asks ``inputs`` for the number of each output it uses."""

    def caps(self) -> frozenset[str]:
        """The capabilities that a solver must have for this op."""
        return frozenset()

    def output(self) -> Output:
        """Its first output."""
        return Output(self, 0)


class Output(Struct, frozen=True):
    """Output number ``index`` of ``vertex``."""

    vertex: Vertex
    index: int = 0


class InputNumbers:
    """Numbers the inputs of one op: equal (digest, index) pairs share a number."""

    def __init__(self, digest_of: Callable[[Vertex], Digest]) -> None:
        self._digest_of = digest_of
        self._numbers: dict[Input, int] = {}

    def __call__(self, output: Output | None) -> int:
        """The number of ``output``; -1 for None (scratch)."""
        if output is None:
            return NO_INPUT
        key = Input(self._digest_of(output.vertex), output.index)
        return self._numbers.setdefault(key, len(self._numbers))

    @property
    def inputs(self) -> tuple[Input, ...]:
        return tuple(self._numbers)


class SourceVertex(Vertex, eq=False):
    """A source. ``op`` may be replaced until the graph is marshalled (the build context)."""

    op: SourceOp = field(default_factory=SourceOp)
    source_caps: frozenset[str] = frozenset()

    def sources(self) -> Sequence[Output]:
        return ()

    def build(self, inputs: InputNumbers) -> AnyOp:
        return self.op

    def caps(self) -> frozenset[str]:
        return self.source_caps


class MountSpec(Struct, frozen=True):
    """A mount whose input is an output (None: nothing of the graph).

    ``mount`` carries everything else; its input and output numbers are set when marshalled.
    ``writes`` is whether what is written becomes an output.
    """

    mount: Mount
    source: Output | None = None
    writes: bool = False


class ExecVertex(Vertex, eq=False):
    """A process. ``mounts`` are the root and others in any order; ``late`` follow as given
    (secrets, then agent sockets)."""

    meta: Meta = field(default_factory=Meta)
    mounts: tuple[MountSpec, ...] = ()
    late: tuple[Mount, ...] = ()
    network: NetMode = NetMode.UNSET
    security: SecurityMode = SecurityMode.SANDBOX
    secretenv: tuple[SecretEnv, ...] = ()
    devices: tuple[CDIDevice, ...] = ()

    def _sorted(self) -> Sequence[MountSpec]:
        if len(self.mounts) == 1:
            return self.mounts
        return sorted(self.mounts, key=lambda m: m.mount.dest.encode(errors="surrogateescape"))

    def sources(self) -> Sequence[Output]:
        return [m.source for m in self._sorted() if m.source is not None]

    def output(self) -> Output:
        """The output of the root mount."""
        return self.output_of("/")

    def output_of(self, dest: str) -> Output:
        """The output of the writable mount at ``dest``."""
        writable = [m.mount.dest for m in self._sorted() if m.writes]
        if dest not in writable:
            raise LLBError(f"no output for mount {dest}")
        return Output(self, writable.index(dest))

    def build(self, inputs: InputNumbers) -> AnyOp:
        if not self.meta.args:
            raise LLBError("arguments are required")
        mounts, outputs = [], 0
        for spec in self._sorted():
            mount, number = spec.mount, inputs(spec.source)
            output = outputs if spec.writes else SKIP_OUTPUT
            if (mount.input, mount.output) != (number, output):
                mount = replace(mount, input=number, output=output)
            mounts.append(mount)
            outputs += spec.writes
        return ExecOp(
            meta=self.meta,
            mounts=(*mounts, *self.late),
            network=self.network,
            security=self.security,
            secretenv=self.secretenv,
            cdi_devices=self.devices,
        )

    def caps(self) -> frozenset[str]:
        return frozenset(self._caps())

    def _caps(self) -> Iterator[str]:
        yield from ("exec.meta.base", "exec.meta.setsdefaultpath")
        if self.network is not NetMode.UNSET:
            yield "exec.meta.network"
        if self.security is not SecurityMode.SANDBOX:
            yield "exec.meta.security"
        if self.meta.proxy_env is not None:
            yield "exec.meta.proxyenv"
        if self.meta.ulimit:
            yield "exec.meta.ulimit"
        if self.meta.valid_exit_codes:
            yield "exec.validexitcode"
        for spec in self.mounts:
            yield from _mount_caps(spec)
        kinds = {mount.mount_type for mount in self.late}
        if MountType.SECRET in kinds or self.secretenv:
            yield "exec.mount.secret"
        if self.secretenv:
            yield "exec.secretenv"
        if MountType.SSH in kinds:
            yield "exec.mount.ssh"
        if self.devices:
            yield "exec.meta.cdi"


def _mount_caps(spec: MountSpec) -> Iterator[str]:
    mount = spec.mount
    if mount.selector:
        yield "exec.mount.selector"
    if mount.mount_type is MountType.CACHE:
        yield from ("exec.mount.cache", "exec.mount.cache.sharing")
    elif mount.mount_type is MountType.TMPFS:
        yield "exec.mount.tmpfs"
        if mount.tmpfs_opt is not None and mount.tmpfs_opt.size:
            yield "exec.mount.tmpfs.size"
    elif spec.source is not None:
        yield "exec.mount.bind"
    if mount.content_cache:
        yield "exec.mount.cache.content"


class FileStep(Struct, frozen=True):
    """One action of a file vertex; ``source`` is what a copy reads (None: not a copy, or
    scratch)."""

    action: Copy | MkFile | MkDir | Rm | Symlink
    source: Output | None = None


class FileVertex(Vertex, eq=False):
    """File actions, each on the result of the one before; the first on ``base``."""

    base: Output | None = None
    steps: tuple[FileStep, ...] = ()

    def sources(self) -> Sequence[Output]:
        copied = [step.source for step in reversed(self.steps) if step.source is not None]
        return copied if self.base is None else [self.base, *copied]

    def build(self, inputs: InputNumbers) -> AnyOp:
        base = inputs(self.base)
        seconds = [inputs(step.source) for step in self.steps]
        count, last = len(inputs.inputs), len(self.steps) - 1
        actions = [
            FileAction(
                input=base if number == 0 else count + number - 1,
                secondary_input=second,
                output=0 if number == last else SKIP_OUTPUT,
                action=_bound(step.action, base),
            )
            for number, (step, second) in enumerate(zip(self.steps, seconds, strict=True))
        ]
        return FileOp(actions=tuple(actions))

    def caps(self) -> frozenset[str]:
        return frozenset({"file.base"})


def _bound(
    action: Copy | MkFile | MkDir | Rm | Symlink, base: int
) -> Copy | MkFile | MkDir | Rm | Symlink:
    """Names of owners are looked up in the root that the op starts from."""
    if isinstance(action, Rm) or action.owner is None:
        return action
    owner = ChownOpt(
        user=_bound_user(action.owner.user, base), group=_bound_user(action.owner.group, base)
    )
    return replace(action, owner=owner)


def _bound_user(user: UserOpt | None, base: int) -> UserOpt | None:
    if user is None or not isinstance(user.user, NamedUserOpt):
        return user
    return UserOpt(NamedUserOpt(user.user.name, base))


class MergeVertex(Vertex, eq=False):
    """Layers over one another. None (scratch) contributes nothing and is not written."""

    layers: tuple[Output, ...] = ()

    def sources(self) -> Sequence[Output]:
        return self.layers

    def build(self, inputs: InputNumbers) -> AnyOp:
        return MergeOp(inputs=tuple(MergeInput(inputs(layer)) for layer in self.layers))

    def caps(self) -> frozenset[str]:
        return frozenset({"mergeop"})


class DiffVertex(Vertex, eq=False):
    """What ``upper`` changed against ``lower``."""

    lower: Output | None = None
    upper: Output | None = None

    def sources(self) -> Sequence[Output]:
        return [side for side in (self.lower, self.upper) if side is not None]

    def build(self, inputs: InputNumbers) -> AnyOp:
        return DiffOp(
            lower=LowerDiffInput(inputs(self.lower)), upper=UpperDiffInput(inputs(self.upper))
        )

    def caps(self) -> frozenset[str]:
        return frozenset({"diffop"})


_NO_CONSTRAINTS = Constraints()


def marshal(result: Output | None, files: Sequence[SourceFile] = ()) -> Definition:
    """The definition of ``result`` (None is scratch: an empty definition).

    Ops stand depth first, inputs before users, each digest once; equal ops that were made
    twice have their metadata merged and keep all their locations.
    """
    if result is None:
        return Definition()
    marshalling = _Marshalling()
    for vertex in _depth_first(result.vertex):
        marshalling.add(vertex)
    return marshalling.finish(result, files)


@cache
def _caps(names: frozenset[str]) -> Mapping[str, bool]:
    return dict.fromkeys(sorted(names), True)


class _Marshalling:
    def __init__(self) -> None:
        self._digests: dict[Vertex, Digest] = {}
        self._ops: dict[Digest, bytes] = {}
        self._values: dict[Digest, Op] = {}
        self._metadata: dict[str, OpMetadata] = {}
        self._locations: dict[str, tuple[Location, ...]] = {}

    def add(self, vertex: Vertex) -> None:
        inputs = InputNumbers(self._digests.__getitem__)
        inner = vertex.build(inputs)
        op = Op(inputs.inputs, inner, vertex.platform, _NO_CONSTRAINTS)
        data = wire.encode(op)
        digest = Digest.of(data)
        self._digests[vertex] = digest
        self._ops.setdefault(digest, data)
        self._values[digest] = op
        made, caps = vertex.metadata, _caps(vertex.caps())
        metadata = OpMetadata(
            made.ignore_cache,
            made.description,
            made.export_cache,
            {**made.caps, **caps} if made.caps else caps,
            made.progress_group,
            made.linux_resources,
        )
        known = self._metadata.get(digest)
        self._metadata[digest] = metadata if known is None else known.merged(metadata)
        self._locations[digest] = self._locations.get(digest, ()) + vertex.locations

    def finish(self, result: Output, files: Sequence[SourceFile]) -> Definition:
        last = Op((Input(self._digests[result.vertex], result.index),))
        terminal = wire.encode(last)
        caps = {"constraints": True, "platform": True}
        described = self._metadata.values()
        if any(m.ignore_cache for m in described):
            caps["meta.ignorecache"] = True
        if any(m.description for m in described):
            caps["meta.description"] = True
        if any(m.export_cache for m in described):
            caps["meta.exportcache"] = True
        return Definition(
            def_=(*self._ops.values(), terminal),
            metadata={**self._metadata, Digest.of(terminal): OpMetadata(caps=caps)},
            source=SourceMap(
                locations={digest: Locations(found) for digest, found in self._locations.items()},
                infos=tuple(files) if any(self._locations.values()) else (),
            ),
            made={**self._values, Digest.of(terminal): last},
        )


def _depth_first(root: Vertex) -> Iterator[Vertex]:
    """Every vertex once, after everything it uses. Iterative: graphs are deep."""
    done: set[Vertex] = set()
    stack: list[tuple[Vertex, Iterator[Output]]] = [(root, iter(root.sources()))]
    entered = {root}
    while stack:
        vertex, remaining = stack[-1]
        for output in remaining:
            if output.vertex not in entered:
                entered.add(output.vertex)
                stack.append((output.vertex, iter(output.vertex.sources())))
                break
            if output.vertex not in done:
                raise LLBError("the graph has a cycle")
        else:
            stack.pop()
            done.add(vertex)
            yield vertex
