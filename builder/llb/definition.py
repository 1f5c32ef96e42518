"""A whole graph as it travels: ``pb.Definition`` with its metadata and source map.

``def_`` holds the ops' bytes, inputs before users, the terminal op last. Metadata and
locations are keyed by op digest and are no part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import field

from builder.llb import wire
from builder.llb.jsonform import go_struct, protojson
from builder.llb.ops import Op
from builder.llb.schema import BOOL, BYTES, INT32, INT64, STRING, Message, mapping, message, proto
from builder.oci.digest import Digest


class ExportCache(Message, frozen=True):
    """Whether a vertex's cache is exported."""

    value: bool = proto(1, "Value", BOOL)


class ProgressGroup(Message, frozen=True):
    """Vertices that progress shows as one; a weak member never names the group."""

    id: str = proto(1, "id", STRING)
    name: str = proto(2, "name", STRING)
    weak: bool = proto(3, "weak", BOOL)


class LinuxResources(Message, frozen=True):
    """cgroup limits of a step; bytes, shares and microseconds."""

    memory: int = proto(1, "memory", INT64)
    memory_swap: int = proto(2, "memorySwap", INT64)
    cpu_shares: int = proto(3, "cpuShares", INT64)
    cpu_period: int = proto(4, "cpuPeriod", INT64)
    cpu_quota: int = proto(5, "cpuQuota", INT64)
    cpuset_cpus: str = proto(6, "cpusetCpus", STRING)
    cpuset_mems: str = proto(7, "cpusetMems", STRING)


class OpMetadata(Message, frozen=True):
    """What is said about an op beside its bytes: names, caps, cache wishes."""

    ignore_cache: bool = proto(1, "ignore_cache", BOOL)
    description: Mapping[str, str] = mapping(2, "description", STRING)
    export_cache: ExportCache | None = message(4, "export_cache", ExportCache)
    caps: Mapping[str, bool] = mapping(5, "caps", BOOL)
    progress_group: ProgressGroup | None = message(6, "progress_group", ProgressGroup)
    linux_resources: LinuxResources | None = message(7, "linux_resources", LinuxResources)

    def merged(self, other: OpMetadata) -> OpMetadata:
        """Both, where the same op was described twice; ``other`` wins."""
        return OpMetadata(
            ignore_cache=self.ignore_cache or other.ignore_cache,
            description={**self.description, **other.description},
            export_cache=other.export_cache or self.export_cache,
            caps={**self.caps, **other.caps},
            progress_group=other.progress_group or self.progress_group,
            linux_resources=other.linux_resources or self.linux_resources,
        )


class Position(Message, frozen=True):
    """``line`` counts from 1; ``character`` from 0."""

    line: int = proto(1, "line", INT32)
    character: int = proto(2, "character", INT32)


class Range(Message, frozen=True):
    """From ``start`` to ``end``, inclusive."""

    start: Position | None = message(1, "start", Position)
    end: Position | None = message(2, "end", Position)


class Location(Message, frozen=True):
    """Ranges of the source file number ``source_index``."""

    source_index: int = proto(1, "sourceIndex", INT32)
    ranges: tuple[Range, ...] = message(2, "ranges", Range, repeated=True)


class Locations(Message, frozen=True):
    """Every place that led to one op."""

    locations: tuple[Location, ...] = message(1, "locations", Location, repeated=True)


class SourceFile(Message, frozen=True):
    """A source file; ``definition`` are the bytes of the definition that fetched it."""

    filename: str = proto(1, "filename", STRING)
    data: bytes = proto(2, "data", BYTES)
    definition: bytes = proto(3, "definition", BYTES)
    language: str = proto(4, "language", STRING)


class SourceMap(Message, frozen=True):
    """Which lines of which file each op came from."""

    locations: Mapping[str, Locations] = mapping(1, "locations", "message", Locations)
    infos: tuple[SourceFile, ...] = message(2, "infos", SourceFile, repeated=True)


class Definition(Message, frozen=True):
    """``pb.Definition``. ``made`` are ops by the digest of their bytes, where these were made
    here: they need not be decoded. They are no part of what travels."""

    def_: tuple[bytes, ...] = proto(1, "def", BYTES, repeated=True)
    metadata: Mapping[str, OpMetadata] = mapping(2, "metadata", "message", OpMetadata)
    source: SourceMap | None = message(3, "Source", SourceMap)
    made: Mapping[Digest, Op] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Definition) and _travels(self) == _travels(other)

    def encode(self) -> bytes:
        """The bytes as BuildKit writes them."""
        return wire.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> Definition:
        """Raises LLBError."""
        return wire.decode(cls, data)

    def ops(self) -> dict[Digest, Op]:
        """Every op by the digest of its bytes, the terminal one last. Raises LLBError."""
        found = {}
        for raw in self.def_:
            digest = Digest.of(raw)
            made = self.made.get(digest)
            found[digest] = wire.decode(Op, raw) if made is None else made
        return found

    def to_json(self) -> dict[str, Any]:
        """The answer of BuildKit's ``frontend.convertllb``: def, metadata, source by digest."""
        ops = self.ops()
        return {
            "def": {str(digest): protojson(ops[digest]) for digest in sorted(ops)},
            "metadata": {k: go_struct(self.metadata[k]) for k in sorted(self.metadata)},
            "source": _source_json(self.source) if self.source is not None else {},
        }


def _travels(definition: Definition) -> tuple[Any, ...]:
    return definition.def_, definition.metadata, definition.source


def _source_json(source: SourceMap) -> dict[str, Any]:
    out = go_struct(source)
    for info, file in zip(out.get("infos", ()), source.infos, strict=True):
        if file.definition:
            info["definition"] = _nested_json(Definition.decode(file.definition))
    return out


def _nested_json(definition: Definition) -> dict[str, Any]:
    out = go_struct(definition)
    if definition.source is not None:
        out["Source"] = _source_json(definition.source)
    return out
