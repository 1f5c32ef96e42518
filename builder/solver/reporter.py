"""Tells progress what happens to vertices, in the order BuildKit does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from builder.events import Emit, VertexEvent, WarningEvent
from builder.solver.errors import CANCELED, SolveError
from builder.solver.graph import Node
from builder.solver.types import Vertex


class VertexJob(Struct, frozen=True):
    """The ``Job`` that ops are given."""

    vertex: Vertex
    emit: Emit


class Reporter:
    """Emits ``VertexEvent`` and turns what ops raise into ``SolveError``."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def job(self, node: Node) -> VertexJob:
        return VertexJob(node.vertex, self._emit)

    def present(self, nodes: Iterable[Node]) -> None:
        """Names vertices that will be solved, so that progress can count them."""
        for node in nodes:
            self._event(node)

    def cached(self, node: Node) -> None:
        """Says once that a vertex came from the cache, and all that it was made from too.

        Sources are left out: what they did (resolving a name) has been seen already.
        """
        order: list[Node] = []
        seen = {node}
        stack = [node]
        while stack:
            current = stack.pop()
            if current.announced or (current is not node and not current.inputs):
                continue
            order.append(current)
            for source, _ in current.inputs:
                if source not in seen:
                    seen.add(source)
                    stack.append(source)
        for current in reversed(order):
            current.announced = True
            current.outcome = current.outcome or "hit"
            now = time.time()
            self._event(current, started=now, completed=now, cached=True)

    def warn(self, node: Node, text: str) -> None:
        """Warns about a vertex, which need not have been started."""
        self._emit(WarningEvent(str(node.vertex.digest), text))

    @contextmanager
    def running(self, node: Node, *, stage: str = "", quiet: bool = False) -> Iterator[None]:
        """Around work for a vertex: started, then completed, failed or cancelled.

        ``quiet`` work is shown only if it fails. Raises ``SolveError`` for any failure.
        """
        started = time.time()
        if not quiet:
            self._event(node, started=started)
        try:
            yield
        except asyncio.CancelledError:
            if not quiet:
                self._event(node, started=started, completed=time.time(), error=CANCELED)
            raise
        except Exception as cause:
            vertex = node.vertex
            failure = SolveError(vertex.digest, vertex.name, vertex.locations, cause, stage)
            # Under the name of its vertex the stage goes without saying, as in BuildKit.
            text = str(cause) or type(cause).__name__
            self._event(node, started=started, completed=time.time(), error=text)
            raise failure from cause
        if not quiet:
            self._event(node, started=started, completed=time.time())

    def _event(
        self,
        node: Node,
        *,
        started: float | None = None,
        completed: float | None = None,
        cached: bool = False,
        error: str = "",
    ) -> None:
        inputs = tuple(dict.fromkeys(str(source.vertex.digest) for source, _ in node.inputs))
        vertex = node.vertex
        self._emit(
            VertexEvent(str(vertex.digest), vertex.name, inputs, started, completed, cached, error)
        )
