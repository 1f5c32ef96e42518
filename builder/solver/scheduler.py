"""The solver: from edges to results, doing no work that the cache makes needless.

Every edge rises through levels, each asked for only when the one before did not suffice:

``mapped``
    the op's cache map is known;
``fast``
    the records that its definition leads to, from the records of its inputs;
``slow``
    the same, after inputs that missed had a second look and their content was digested;
``result``
    its result is here: loaded from the cache, or made.

A hit at ``fast`` or ``slow`` needs no result of any input. Each level of each edge is one
task of one ``TaskGroup``; tasks wait for each other through ``Cell``, never by calling, so
the depth of a graph costs no stack, and the first failure ends all of them.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

from msgspec.structs import replace

from builder.errors import BuilderError
from builder.events import Emit
from builder.solver import graph
from builder.solver.cachestore import CacheStore, Link, Trace, content_id, output_key
from builder.solver.cell import Cell, all_of
from builder.solver.errors import SolveError
from builder.solver.graph import Node, NodeKey
from builder.solver.index import RecordIndex, Source, identity, new_record
from builder.solver.reporter import Reporter
from builder.solver.types import CacheMap, Edge, OpResolver, Result, ResultStore, Vertex
from builder.solver.verdict import CacheVerdict, differs, earlier, judge, trace_of

_LOADING = "failed to load cache key"
_COMPUTING = "failed to compute cache key"


class Solver:
    """Solves edges for one build. What one ``solve`` made, the next one need not make again.

    ``emit`` is called for every vertex event. At most ``max_parallelism`` ops execute at
    once (None: no bound). ``names`` are those under which a vertex is looked for when it is
    compared with its last build, the likelier first.
    """

    def __init__(
        self,
        resolve_op: OpResolver,
        cache: CacheStore,
        results: ResultStore,
        emit: Emit,
        max_parallelism: int | None = None,
        names: Callable[[Vertex], Sequence[str]] = lambda vertex: (vertex.name,),
    ) -> None:
        if max_parallelism is not None and max_parallelism < 1:
            raise ValueError("max_parallelism must be at least 1")
        self._resolve_op = resolve_op
        self._cache = cache
        self._results = results
        self._names = names
        self._reporter = Reporter(emit)
        self._index = RecordIndex(cache)
        self._nodes: dict[NodeKey, Node] = {}
        self._live: dict[str, Result] = {}
        self._running: dict[str, Cell[Node | None]] = {}
        self._slots = asyncio.Semaphore(max_parallelism) if max_parallelism else None
        self._judged: dict[Node, tuple[str, CacheVerdict]] = {}
        self._verdicts: list[CacheVerdict] = []

    async def solve(self, edges: Sequence[Edge]) -> list[Result]:
        """The results of ``edges``, in order.

        Raises ``SolveError`` for the first vertex that failed. When it raises, or is
        cancelled, nothing that it started is running any more.
        """
        known = len(self._nodes)
        nodes = graph.load(edges, self._nodes)
        self._reporter.present(reversed(list(self._nodes.values())[known:]))
        run = _Run(self)
        try:
            results = await run.solve(
                nodes, [(self._nodes[graph.node_key(edge.vertex)], edge.index) for edge in edges]
            )
        except BaseException as failure:
            try:
                await self._settle(nodes)
            except BuilderError as error:  # worth less than why the solve failed
                failure.add_note(f"the cache could not be updated: {error}")
            raise
        await self._settle(nodes)
        return results

    @property
    def verdicts(self) -> Sequence[CacheVerdict]:
        """What the cache said of each vertex of the last ``solve``, inputs first."""
        return tuple(self._verdicts)

    def records(self, edge: Edge) -> tuple[str, ...]:
        """Ids of the records of a solved edge, where a cache export starts."""
        node = self._nodes.get(graph.node_key(edge.vertex))
        return node.keys.get(edge.index, ()) if node else ()

    def made(self) -> list[tuple[Vertex, Sequence[Result]]]:
        """The vertices that were run, with their results."""
        ran = (node for node in self._nodes.values() if node.outcome == "run")
        return [(node.vertex, list(node.results.values())) for node in ran]

    def solved(self) -> frozenset[str]:
        """Ids of the records of all outputs that were looked up or made."""
        return frozenset(
            id for node in self._nodes.values() for ids in node.keys.values() for id in ids
        )

    async def _settle(self, nodes: Sequence[Node]) -> None:
        """Judges what was cached, and notes uses and traces for the next time."""
        settled = [node for node in nodes if node.outcome]
        # What an earlier solve of this build has judged must not be compared with itself.
        new = [n for n in settled if self._judged.get(n, ("",))[0] != n.outcome]
        names = {node: self._names(node.vertex) for node in new}
        asked = tuple({name for each in names.values() for name in each})
        last = await self._cache.traces(asked) if asked else {}
        fresh: dict[str, Trace] = {}
        for node in new:
            before = earlier(node, [last[name] for name in names[node] if name in last])
            self._judged[node] = (node.outcome, judge(node, before))
            trace = trace_of(node)
            if trace is None or node.outcome == "failed":
                continue
            if before is None or node.outcome == "run" or differs(before, trace):
                fresh.update((name, replace(trace, name=name)) for name in names[node])
        self._verdicts = [self._judged[node][1] for node in settled]
        if fresh:
            await self._cache.save_traces(tuple(fresh.values()))
        await self._index.flush()


class _Run:
    """One ``solve``: its tasks, and the cells through which they meet."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._index = solver._index
        self._reporter = solver._reporter
        self._cells: dict[tuple[str, Node, int], Cell[Any]] = {}
        self._failure: Exception | None = None
        self._group = asyncio.TaskGroup()

    async def solve(self, nodes: Sequence[Node], edges: Sequence[tuple[Node, int]]) -> list[Result]:
        """Results of ``edges``, all of whose vertices are ``nodes``, inputs first."""
        try:
            async with self._group:
                for node in nodes:  # all at once, so that lookups meet in one query
                    self._of_inputs(self._fast, node)
                cells = [self._once(self._result, node, output) for node, output in edges]
        except BaseExceptionGroup:
            if self._failure is None:
                raise
            raise self._failure from self._failure.__cause__
        return [cell.value for cell in cells]

    def _once(
        self, level: Callable[[Node, int], Awaitable[Any]], node: Node, number: int
    ) -> Cell[Any]:
        """The cell of ``level(node, number)``, which is started the first time it is asked for."""
        key = (level.__name__, node, number)
        cell = self._cells.get(key)
        if cell is None:
            cell = self._cells[key] = Cell()
            self._group.create_task(self._fill(cell, level, node, number))
        return cell

    async def _fill(
        self,
        cell: Cell[Any],
        level: Callable[[Node, int], Awaitable[Any]],
        node: Node,
        number: int,
    ) -> None:
        try:
            cell.set(await level(node, number))
        except Exception as failure:
            if self._failure is None:
                self._failure = failure
            raise

    def _of_inputs(
        self, level: Callable[[Node, int], Awaitable[Any]], node: Node
    ) -> list[Cell[Any]]:
        return [self._once(level, source, output) for source, output in node.inputs]

    # -- mapped ---------------------------------------------------------------

    async def _mapped(self, node: Node, _: int) -> CacheMap:
        if node.cache_map is None:
            # A source does its looking up here, and is seen to; other ops only compute.
            with self._reporter.running(node, stage=_LOADING, quiet=bool(node.inputs)):
                if node.op is None:
                    node.op = self._solver._resolve_op(node.vertex)
                node.cache_map = await node.op.cache_map(self._reporter.job(node))
                if len(node.cache_map.inputs) > len(node.inputs):
                    raise ValueError("the cache map names more inputs than the vertex has")
        return node.cache_map

    # -- fast -----------------------------------------------------------------

    async def _fast(self, node: Node, output: int) -> tuple[str, ...]:
        if output in node.keys:
            return node.keys[output]
        inputs = self._of_inputs(self._fast, node)
        await self._once(self._mapped, node, 0).wait()
        key = _key(node, output)
        await self._index.fetch((key,))
        if node.ignores_cache or (node.inputs and not self._index.knows(key)):
            return ()  # no need to wait for what the inputs may turn out to be
        return self._found(node, output, await all_of(inputs))

    def _found(self, node: Node, output: int, inputs: Sequence[Sequence[str]]) -> tuple[str, ...]:
        """Records that these inputs (and contents known so far) lead to."""
        ids = self._index.match(_key(node, output), _sources(node, inputs))
        if ids:
            ids = node.keys[output] = _with_aliases(node, output, ids)
        return ids

    # -- slow -----------------------------------------------------------------

    async def _slow(self, node: Node, output: int) -> tuple[str, ...]:
        ids: tuple[str, ...] = await self._once(self._fast, node, output).wait()
        key = _key(node, output)
        if ids or node.ignores_cache or not node.inputs or not self._index.knows(key):
            return ids
        inputs = await self._second_look(node, output)
        if inputs is None:
            return ()
        ids = self._found(node, output, inputs)
        missing = [
            i for i, s in enumerate(_sources(node, inputs)) if not self._index.reached(key, i, s)
        ]
        # First the inputs that nothing else can bring to a hit, then, if they do not agree
        # with the others on one record, all of them.
        for numbers in (missing, range(len(inputs))):
            if ids:
                break
            wanted = [i for i in numbers if _hashes(node, i) and i not in node.contents]
            if wanted:
                await all_of([self._once(self._content, node, i) for i in wanted])
                ids = self._found(node, output, inputs)
        if ids:
            await self._index.relink(ids, _links(_sources(node, inputs)))
        return ids

    async def _second_look(self, node: Node, output: int) -> list[tuple[str, ...]] | None:
        """What the inputs are at ``slow``; None as soon as one of them rules out any hit."""
        key = _key(node, output)
        cells = self._of_inputs(self._slow, node)
        pending = dict(enumerate(cells))
        progressed = asyncio.Event()
        for cell in cells:
            cell.watch(progressed)
        while pending:
            await progressed.wait()
            progressed.clear()
            for i in [i for i, cell in pending.items() if cell.done]:
                source = _source(node, i, pending.pop(i).value)
                if not _hashes(node, i) and not self._index.reached(key, i, source):
                    return None
        return [cell.value for cell in cells]

    async def _content(self, node: Node, number: int) -> str:
        """The id of the content record of an input; needs the input's result."""
        source, output = node.inputs[number]
        result = await self._once(self._result, source, output).wait()
        compute = node.cache_map.inputs[number].content if node.cache_map else None
        assert compute is not None
        with self._reporter.running(node, stage=_COMPUTING, quiet=True):
            node.contents[number] = content_id(await compute(result))
        return node.contents[number]

    # -- result ---------------------------------------------------------------

    async def _result(self, node: Node, output: int) -> Result:
        if output in node.results:
            return node.results[output]
        ids: tuple[str, ...] = await self._once(self._slow, node, output).wait()
        result = await self._load(node, output, ids)
        if result is not None:
            return result
        if node.inputs and not node.ignores_cache:
            # Its inputs may be something known now; and another process may have been faster.
            await self._once(self._prepared, node, 0).wait()
            key = _key(node, output)
            await self._index.fetch((key,), again=True)
            inputs = [source.keys[i] for source, i in node.inputs]
            found = self._found(node, output, inputs)
            if set(found) - set(ids):
                await self._index.relink(found, _links(_sources(node, inputs)))
                result = await self._load(node, output, found)
                if result is not None:
                    return result
        await self._once(self._executed, node, 0).wait()
        if output not in node.results:
            cause = ValueError(f"the vertex made no output {output}")
            vertex = node.vertex
            raise SolveError(vertex.digest, vertex.name, vertex.locations, cause)
        return node.results[output]

    async def _load(self, node: Node, output: int, ids: Sequence[str]) -> Result | None:
        for stored in self._index.results(ids):
            result = self._solver._live.get(stored)
            if result is None:
                try:
                    result = await self._solver._results.load(stored)
                except BuilderError as error:  # a remote cache that fails: the step can still run
                    node.lost = True
                    self._reporter.warn(node, f"cached result not used: {error}")
                    continue
            if result is None:
                node.lost = True
                await self._index.drop(stored)
                continue
            if result.id != stored:
                await self._index.adopt(ids, stored, result.id)
            self._index.used(result.id)
            self._keep(node, output, result)
            self._reporter.cached(node)
            return result
        return None

    def _keep(self, node: Node, output: int, result: Result) -> None:
        node.results[output] = self._solver._live[result.id] = result

    async def _prepared(self, node: Node, _: int) -> list[Result]:
        """All inputs, and the contents by which this vertex will be found again."""
        cells = self._of_inputs(self._result, node)
        await self._once(self._mapped, node, 0).wait()
        contents = [
            self._once(self._content, node, i)
            for i in range(len(node.inputs))
            if _hashes(node, i) and i not in node.contents
        ]
        results = await all_of(cells)
        await all_of(contents)
        return results

    async def _executed(self, node: Node, _: int) -> None:
        inputs = await self._once(self._prepared, node, 0).wait()
        assert node.cache_map is not None
        sources = _sources(node, [source.keys[i] for source, i in node.inputs])
        work = identity(_definition(node.cache_map), sources)
        running = self._solver._running
        while (other := running.get(work)) is not None:
            same = await other.wait()
            if same is not None:
                if same is not node:
                    self._merge(node, same)
                return
        cell: Cell[Node | None] = Cell()
        running[work] = cell
        try:
            await self._execute(node, inputs)
            await self._save(node, work, _links(sources))
            cell.set(node)
        finally:
            del running[work]
            if not cell.done:
                cell.set(None)  # failed or stopped: whoever waited does it for itself

    async def _execute(self, node: Node, inputs: Sequence[Result]) -> None:
        assert node.op is not None
        async with AsyncExitStack() as held:
            if self._solver._slots is not None:
                await held.enter_async_context(self._solver._slots)
            node.announced, node.outcome = True, "failed"
            with self._reporter.running(node):
                results = await node.op.execute(self._reporter.job(node), inputs)
        node.outcome = "run"
        for output, result in enumerate(results):
            self._keep(node, output, result)

    async def _save(self, node: Node, work: str, links: frozenset[Link]) -> None:
        now = time.time()
        records = []
        for output, result in node.results.items():
            key = _key(node, output)
            if node.ignores_cache:
                # Not the record that the cache has: what was made from that one is stale.
                name = identity(work, [Source((os.urandom(16).hex(),))])
            else:
                name = output_key(work, output) if node.inputs else key
            records.append(new_record(name, key, links, result.id, now))
            node.keys[output] = _with_aliases(node, output, (name,))
        saving = asyncio.ensure_future(self._index.add(records))
        try:
            await asyncio.shield(saving)
        except asyncio.CancelledError:
            await saving  # what is done is done: the next build need not do it again
            raise

    def _merge(self, node: Node, same: Node) -> None:
        node.outcome = "merged"
        node.keys.update(same.keys)
        node.results.update(same.results)
        self._reporter.cached(node)


def _definition(cache_map: CacheMap) -> str:
    return "random:" + cache_map.digest.hex if cache_map.random else str(cache_map.digest)


def _key(node: Node, output: int) -> str:
    assert node.cache_map is not None
    return output_key(_definition(node.cache_map), output)


def _with_aliases(node: Node, output: int, ids: tuple[str, ...]) -> tuple[str, ...]:
    """The records of an output, with those that stand for its other names."""
    assert node.cache_map is not None
    others = (output_key(str(alias), output) for alias in node.cache_map.aliases)
    return (*ids, *(name for name in others if name not in ids))


def _source(node: Node, number: int, ids: Sequence[str]) -> Source:
    """Input ``number`` of ``node``, of which these records are known."""
    assert node.cache_map is not None
    keys = node.cache_map.inputs
    selector = keys[number].selector if number < len(keys) else None
    return Source(ids, str(selector or ""), node.contents.get(number))


def _sources(node: Node, inputs: Sequence[Sequence[str]]) -> list[Source]:
    return [_source(node, number, ids) for number, ids in enumerate(inputs)]


def _links(sources: Sequence[Source]) -> frozenset[Link]:
    """From all that is known of the inputs."""
    return frozenset(link for i, source in enumerate(sources) for link in source.links(i))


def _hashes(node: Node, number: int) -> bool:
    assert node.cache_map is not None
    inputs = node.cache_map.inputs
    return number < len(inputs) and inputs[number].content is not None
