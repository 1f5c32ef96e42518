"""Definitions that no Dockerfile makes, solved by the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builder.api.request import BuildRequest
from builder.api.work import Work
from builder.engine.state import State, open_state
from builder.events import Event, VertexEvent
from builder.llb import ops as llb
from builder.llb.definition import Definition, OpMetadata
from builder.llb.state import (
    DiffVertex,
    ExecVertex,
    FileStep,
    FileVertex,
    InputNumbers,
    MergeVertex,
    MountSpec,
    Output,
    Vertex,
    marshal,
)
from builder.ops.results import Tree
from builder.registry import RegistryConfig, Session
from builder.solver.errors import SolveError


@dataclass
class Engine:
    """``work`` is what a build has; a state without mounts, so any user can run this."""

    state: State
    work: Work
    events: list[Event] = field(default_factory=list)

    async def files(self, output: Output | None) -> dict[str, str]:
        return self.read((await self.work.engine.solve([marshal(output)]))[0])

    def read(self, tree: Tree) -> dict[str, str]:
        with self.state.snapshots.view(tree.snapshot) as root:
            paths = [path for path in root.rglob("*") if path.is_file()]
            return {str(path.relative_to(root)): path.read_text() for path in paths}

    def cached(self) -> dict[str, bool]:
        ended = [e for e in self.events if isinstance(e, VertexEvent) and e.completed]
        return {event.name: event.cached for event in ended}


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    request = BuildRequest(
        context=None, root=tmp_path, registry=RegistryConfig(environ={}), max_parallelism=1
    )
    with open_state(tmp_path / "state", snapshotter="copy") as state:
        async with Session(config=request.registry, environ={}) as session:
            work = Work(request, state, session)
            engine = Engine(state, work)
            work.emit.to(engine.events.append)
            yield engine
            await work.aclose()


def write(base: Output | None, /, **files: str) -> Output:
    """``base`` with files; an empty one is removed."""
    steps = tuple(
        FileStep(
            llb.MkFile(f"/{name}", 0o644, content.encode(), timestamp=10**9)
            if content
            else llb.Rm(f"/{name}")
        )
        for name, content in files.items()
    )
    return FileVertex(base=base, steps=steps).output()


def diff(lower: Output | None, upper: Output | None) -> Output:
    return DiffVertex(lower=lower, upper=upper).output()


def merge(*layers: Output) -> Output:
    return MergeVertex(layers=layers).output()


async def test_a_diff_of_what_stands_on_the_other_is_its_own_layers(engine: Engine) -> None:
    base = write(None, a="1", b="1")
    upper = write(write(base, c="2", a=""), d="3", b="2")
    assert await engine.files(diff(base, upper)) == {"c": "2", "d": "3", "b": "2"}
    (tree,) = await engine.work.engine.solve([marshal(diff(base, upper))])
    (mine,) = await engine.work.engine.solve([marshal(upper)])
    own = engine.state.chains.layers(mine.snapshot)
    assert engine.state.chains.layers(tree.snapshot) == own[1:]


async def test_what_a_diff_deletes_is_deleted_where_it_is_merged(engine: Engine) -> None:
    base, other = write(None, a="1", b="1"), write(None, a="other", x="x")
    gone = diff(base, write(base, a=""))
    assert await engine.files(merge(other, gone)) == {"x": "x"}


async def test_a_diff_of_trees_that_know_nothing_of_each_other(engine: Engine) -> None:
    lower, upper = write(None, a="same", b="1", c="c"), write(None, a="same", b="2", d="d")
    changed = diff(lower, upper)
    assert await engine.files(changed) == {"b": "2", "d": "d"}
    assert await engine.files(merge(lower, changed)) == {"a": "same", "b": "2", "d": "d"}


async def test_a_diff_with_nothing(engine: Engine) -> None:
    tree = write(None, a="1")
    assert await engine.files(diff(None, tree)) == {"a": "1"}
    assert await engine.files(diff(tree, tree)) == {}
    assert await engine.files(diff(None, None)) == {}
    assert await engine.files(diff(tree, None)) == {}
    assert await engine.files(merge(write(None, a="2", z="z"), diff(tree, None))) == {"z": "z"}


class BuildVertex(Vertex, eq=False):
    """A build op with the definition in ``source``."""

    source: Output | None = None
    attrs: dict[str, str] = msgspec.field(default_factory=dict)
    builder: int = -1
    name: str = "buildkit.llb.definition"

    def sources(self) -> list[Output]:
        return [self.source] if self.source is not None else []

    def build(self, inputs: InputNumbers) -> Any:
        given = {self.name: llb.BuildInput(inputs(self.source))}
        return llb.BuildOp(builder=self.builder, inputs=given, attrs=self.attrs)


def holding(definition: Definition, name: str = "buildkit.llb.definition") -> Output:
    data = definition.encode()
    step = FileStep(llb.MkFile(f"/{name}", 0o644, data, timestamp=0))
    return FileVertex(steps=(step,)).output()


async def test_a_definition_that_a_step_has_written_is_solved(engine: Engine) -> None:
    inner = marshal(write(write(None, a="1"), b="2"))
    assert await engine.files(BuildVertex(source=holding(inner)).output()) == {"a": "1", "b": "2"}
    other = BuildVertex(source=holding(inner, "x"), attrs={"llbbuild.filename": "x"})
    within = marshal(write(other.output(), c="3"))
    twice = BuildVertex(OpMetadata(description={"llb.customname": "twice"}), source=holding(within))
    assert await engine.files(twice.output()) == {"a": "1", "b": "2", "c": "3"}
    assert engine.cached()["twice"] is False


@pytest.mark.parametrize(
    ("vertex", "text"),
    [
        (BuildVertex(source=write(None, a="1")), "failed to open buildkit.llb.definition"),
        (
            BuildVertex(source=write(None, **{"buildkit.llb.definition": "\xff"})),
            "failed to parse llb proto definition",
        ),
        (BuildVertex(source=write(None, a="1"), builder=0), "only LLB builder is currently"),
        (BuildVertex(source=write(None, a="1"), name="x"), "no llb definition input"),
        (BuildVertex(), "invalid index -1"),
        (
            BuildVertex(
                source=write(None, a="1"),
                attrs={"llbbuild.filename": "../../../../../etc/hostname"},
            ),
            "failed to open",
        ),
    ],
)
async def test_a_nested_definition_that_cannot_be_had(
    engine: Engine, vertex: BuildVertex, text: str
) -> None:
    with pytest.raises(SolveError, match=text):
        await engine.files(vertex.output())


async def test_a_nested_definition_may_do_no_more_than_the_build(engine: Engine) -> None:
    step = ExecVertex(
        meta=llb.Meta(args=("true",), cwd="/"),
        mounts=(MountSpec(llb.Mount(dest="/"), write(None, a="1"), writes=True),),
        security=llb.SecurityMode.INSECURE,
    )
    with pytest.raises(SolveError, match=r"security\.insecure is not allowed"):
        await engine.files(BuildVertex(source=holding(marshal(step.output()))).output())
