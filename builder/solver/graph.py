"""The graph as the scheduler holds it: one node for equal vertices, inputs before users."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from builder.solver.errors import CyclicGraphError
from builder.solver.types import CacheMap, Edge, Op, Result, Vertex

NodeKey = tuple[str, bool]


class Node(Struct, eq=False):
    """A vertex and all that this process has learnt about it."""

    vertex: Vertex
    inputs: tuple[tuple[Node, int], ...] = ()
    op: Op | None = None
    cache_map: CacheMap | None = None
    keys: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Per output: ids of the records that stand for it, the preferred one first."""
    contents: dict[int, str] = field(default_factory=dict)
    """Per input: id of its content record, once computed."""
    results: dict[int, Result] = field(default_factory=dict)
    outcome: str = ""
    """"" (not settled), "hit", "merged", "run" or "failed" (started, not finished)."""
    announced: bool = False
    """Whether progress has been told that it is cached."""
    lost: bool = False
    """Whether a cached result turned out to be gone."""

    @property
    def ignores_cache(self) -> bool:
        return self.vertex.ignore_cache


def node_key(vertex: Vertex) -> NodeKey:
    """Equal for vertices that are the same work."""
    return (vertex.digest, vertex.ignore_cache)


def load(edges: Iterable[Edge], known: dict[NodeKey, Node]) -> Sequence[Node]:
    """The nodes that ``edges`` need, inputs first; new ones are added to ``known``.

    Iterative: a Dockerfile may chain thousands of steps.
    """
    order: list[Node] = []
    state: dict[NodeKey, bool] = {}  # False while its inputs are being walked
    stack: list[tuple[Vertex, bool]] = [(edge.vertex, False) for edge in reversed(list(edges))]
    while stack:
        vertex, walked = stack.pop()
        key = node_key(vertex)
        if walked:
            state[key] = True
            node = known.get(key)
            if node is None:
                inputs = tuple((known[node_key(e.vertex)], e.index) for e in vertex.inputs)
                node = known[key] = Node(vertex, inputs)
            order.append(node)
            continue
        if key in state:
            if not state[key]:
                raise CyclicGraphError(vertex.digest, vertex.name, vertex.locations)
            continue
        state[key] = False
        stack.append((vertex, True))
        for edge in reversed(vertex.inputs):
            child = node_key(edge.vertex)
            if state.get(child) is False:
                raise CyclicGraphError(vertex.digest, vertex.name, vertex.locations)
            if child not in state:
                stack.append((edge.vertex, False))
    return order
