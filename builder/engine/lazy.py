"""Results that can be had without their base image: a stack of layers that nobody has read.

Where a definition's result is an image as it came, or an image with layers of its own merged
on top (``COPY --link``), an output that sends layers on has no use for files. Its layers are
fetched when somebody asks for their bytes, and never unpacked.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from builder.errors import BuilderError
from builder.events import Emit, VertexEvent
from builder.llb import ops as llb
from builder.llb.graph import Edge, Graph, LLBVertex
from builder.ops.results import Tree
from builder.snapshot.chains import Chains, LayerRecord
from builder.sources.image import FoundImage, PinnedImage, layer_records


class Stack(Struct, frozen=True):
    """The layers of ``image``, then those of each of ``above``. ``vertex`` is the image's."""

    image: FoundImage
    origin: PinnedImage
    vertex: str
    above: tuple[Tree, ...]

    @property
    def records(self) -> Sequence[LayerRecord]:
        """The image's layers, in the store or not."""
        return layer_records(self.image)

    async def fetch(self, record: LayerRecord, emit: Emit) -> None:
        """Bring one of the image's layers into the store. Raises RegistryError."""
        source = self.origin.source
        await source.fetch_layer(self.image.reference, record.descriptor, emit, self.vertex)


class Spine(Struct, frozen=True):
    """An image source, the merges that stand on it, and what these lay over it in order."""

    image: LLBVertex
    merges: tuple[LLBVertex, ...]
    above: tuple[Edge, ...]


def spine_of(graph: Graph) -> Spine | None:
    """None where the result is anything else, or where some other op reads a part of it."""
    vertex = graph.result.vertex
    merges: list[LLBVertex] = []
    above: list[Edge] = []
    while isinstance(vertex.spec.op, llb.MergeOp) and vertex.spec.op.inputs:
        numbers = [source.input for source in vertex.spec.op.inputs]
        if not all(0 <= number < len(vertex.inputs) for number in numbers):
            return None
        merges.insert(0, vertex)
        above[:0] = [vertex.inputs[number] for number in numbers[1:]]
        vertex = vertex.inputs[numbers[0]].vertex
    inner = vertex.spec.op
    if not isinstance(inner, llb.SourceOp) or not inner.identifier.startswith("docker-image://"):
        return None
    uses = Counter(edge.vertex.digest for each in graph.vertices.values() for edge in each.inputs)
    if any(uses[part.digest] > 1 for part in (vertex, *merges)):
        return None
    return Spine(vertex, tuple(merges), tuple(above))


async def look(origin: PinnedImage, chains: Chains) -> FoundImage | None:
    """The image; None where it is here already, or cannot be had: solving it says why."""
    try:
        found = await origin.source.find(origin.reference, origin.platform)
        records = layer_records(found)
    except BuilderError:
        return None
    _, present = chains.longest([record.diff_id for record in records])
    return found if present < len(records) else None


def show(spine: Spine, started: float, emit: Emit) -> None:
    """What was not done is done: as BuildKit shows images that it has not fetched."""
    for vertex in (spine.image, *spine.merges):
        inputs = tuple(str(edge.vertex.digest) for edge in vertex.inputs)
        emit(
            VertexEvent(
                str(vertex.digest),
                vertex.name,
                inputs,
                started=started,
                completed=time.time(),
            )
        )
