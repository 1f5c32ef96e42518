"""Building graphs, and loading them: order, sharing, names, and what is refused."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from builder.llb import ops, wire
from builder.llb.definition import Definition, Location, OpMetadata, Position, Range, SourceFile
from builder.llb.errors import LLBError
from builder.llb.graph import describe, load
from builder.llb.state import (
    DiffVertex,
    ExecVertex,
    FileStep,
    FileVertex,
    MergeVertex,
    MountSpec,
    Output,
    SourceVertex,
    marshal,
)
from builder.oci.digest import Digest


def named(name: str) -> OpMetadata:
    return OpMetadata(description={"llb.customname": name})


def source(identifier: str, name: str = "") -> SourceVertex:
    return SourceVertex(named(name or identifier), op=ops.SourceOp(identifier))


def exec_of(base: Output | None, *mounts: MountSpec) -> ExecVertex:
    root = MountSpec(ops.Mount(dest="/"), base, writes=True)
    return ExecVertex(meta=ops.Meta(args=("x",), cwd="/"), mounts=(root, *mounts))


def decoded(definition: Definition) -> list[ops.Op]:
    return [wire.decode(ops.Op, raw) for raw in definition.def_]


def test_inputs_come_before_users_and_each_digest_once() -> None:
    base = source("a")
    run = exec_of(base.output())
    merged = MergeVertex(layers=(run.output(), base.output(), run.output()))
    definition = marshal(merged.output())
    assert [type(op.op) for op in decoded(definition)] == [
        ops.SourceOp,
        ops.ExecOp,
        ops.MergeOp,
        type(None),
    ]
    merge = decoded(definition)[2].op
    assert isinstance(merge, ops.MergeOp)
    assert [i.input for i in merge.inputs] == [0, 1, 0]


def test_equal_ops_made_twice_are_one_input_with_merged_metadata() -> None:
    first, second = source("a", "first"), source("a", "second")
    first.locations = (Location(ranges=(Range(Position(1), Position(1)),)),)
    second.locations = (Location(),)
    mount = MountSpec(ops.Mount(dest="/b", readonly=True), second.output())
    definition = marshal(exec_of(first.output(), mount).output())
    run = decoded(definition)[1]
    assert len(run.inputs) == 1
    digest = run.inputs[0].digest
    assert definition.metadata[digest].description["llb.customname"] == "second"
    assert definition.source is not None
    assert len(definition.source.locations[digest].locations) == 2


def test_mounts_are_sorted_and_numbered_by_what_they_write() -> None:
    extra = [
        MountSpec(ops.Mount(dest="/z"), source("z").output(), writes=True),
        MountSpec(ops.Mount(dest="/a", readonly=True), source("a").output()),
    ]
    vertex = exec_of(source("r").output(), *extra)
    definition = marshal(vertex.output_of("/z"))
    run = next(op.op for op in decoded(definition) if isinstance(op.op, ops.ExecOp))
    assert [(m.dest, m.input, m.output) for m in run.mounts] == [
        ("/", 0, 0),
        ("/a", 1, -1),
        ("/z", 2, 1),
    ]
    assert decoded(definition)[-1].inputs[0].index == 1
    with pytest.raises(LLBError, match="no output for mount /a"):
        vertex.output_of("/a")


def test_a_named_owner_is_looked_up_where_the_file_op_starts() -> None:
    owner = ops.ChownOpt(ops.UserOpt(ops.NamedUserOpt("www")), ops.UserOpt(5))
    steps = (FileStep(ops.MkDir("/x", owner=owner)),)
    for base, number in ((source("a").output(), 0), (None, -1)):
        made = decoded(marshal(FileVertex(base=base, steps=steps).output()))[-2].op
        assert isinstance(made, ops.FileOp)
        action = made.actions[0].action
        assert isinstance(action, ops.MkDir)
        wanted = ops.ChownOpt(ops.UserOpt(ops.NamedUserOpt("www", number)), ops.UserOpt(5))
        assert action.owner == wanted


def test_scratch_has_an_empty_definition() -> None:
    assert marshal(None) == Definition()


def test_a_deep_chain_is_built_and_loaded_without_recursion() -> None:
    output = source("a").output()
    for number in range(3000):
        vertex = exec_of(output)
        vertex.meta = replace(vertex.meta, env=(f"N={number}",))
        output = vertex.output()
    graph = load(marshal(output))
    assert len(graph.vertices) == 3001


def test_a_loaded_vertex_tells_name_locations_and_inputs() -> None:
    base = source("docker-image://a", "[1/2] FROM a")
    base.locations = (Location(ranges=(Range(Position(3), Position(4)),)),)
    run = exec_of(base.output())
    run.metadata = OpMetadata(ignore_cache=True)
    definition = marshal(run.output(), [SourceFile("Dockerfile", b"data", b"", "Dockerfile")])
    graph = load(Definition.decode(definition.encode()))
    vertex, index = graph.result
    assert (vertex.name, vertex.ignore_cache, index) == ("x", True, 0)
    parent = vertex.inputs[0].vertex
    assert parent.name == "[1/2] FROM a"
    (place,) = parent.locations
    assert (place.info.filename, place.info.data) == ("Dockerfile", b"data")
    assert [(r.start, r.end) for r in place.ranges] == [(3, 4)]
    assert list(graph.vertices) == [parent.digest, vertex.digest]


def test_ops_without_a_name_are_described() -> None:
    copy = ops.FileAction(action=ops.Copy(src="/a", dest="/b"))
    rm = ops.FileAction(action=ops.Rm("/c"))
    link = ops.FileAction(action=ops.Symlink("/o", "/n"))
    assert describe(ops.FileOp((copy, rm, link))) == "copy /a /b, rm /c, symlink /o -> /n"
    assert describe(ops.FileOp((ops.FileAction(),))) == "nothing", "a definition may lack it"
    assert describe(ops.MergeOp()) == "merge"
    assert describe(ops.DiffOp()) == "diff"


CONSTRAINTS = ops.Constraints()
A = wire.encode(ops.Op(op=ops.SourceOp("a"), constraints=CONSTRAINTS))


def definition_of(*middle: ops.Op, result: ops.Op | None = None) -> Definition:
    raw = [A, *map(wire.encode, middle)]
    last = result or ops.Op((ops.Input(Digest.of(raw[-1])),))
    return Definition((*raw, wire.encode(last)))


ON_A = (ops.Input(Digest.of(A)),)
META = ops.Meta(args=("x",), cwd="/")
ROOT = ops.Mount(dest="/")


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (Definition(), "it needs an op"),
        (Definition((A,)), "it needs an op"),
        (definition_of(result=ops.Op()), "one input and nothing else"),
        (definition_of(result=ops.Op(ON_A, ops.SourceOp("x"))), "one input and nothing else"),
        (definition_of(result=ops.Op((ops.Input(Digest.of(b"")),))), "missing input digest"),
        (definition_of(result=ops.Op((ops.Input(Digest.of(A), 1),))), "has no output 1"),
        (definition_of(ops.Op(ON_A, ops.SourceOp("x"))), "a source has no inputs"),
        (definition_of(ops.Op(ON_A)), "invalid op: empty"),
        (definition_of(ops.Op(ON_A, ops.ExecOp(META))), "exec without a root mount"),
        (definition_of(ops.Op(ON_A, ops.ExecOp(None, (ROOT,)))), "exec without arguments"),
        (
            definition_of(ops.Op(ON_A, ops.ExecOp(META, (ROOT, ops.Mount(1, dest="/x"))))),
            "mount /x has no input 1",
        ),
        (definition_of(ops.Op(ON_A, ops.FileOp())), "file op without actions"),
        (
            definition_of(ops.Op(ON_A, ops.FileOp((ops.FileAction(1, action=ops.Rm("/")),)))),
            "file action 0 has no input 1",
        ),
        (definition_of(ops.Op(ON_A, ops.MergeOp((ops.MergeInput(),)))), "fewer than two"),
        (definition_of(ops.Op(ON_A, ops.DiffOp(ops.LowerDiffInput(1)))), "without both sides"),
    ],
)
def test_a_definition_with_holes_is_refused(definition: Definition, message: str) -> None:
    with pytest.raises(LLBError, match=message):
        load(definition)


def test_a_diff_of_two_outputs_loads() -> None:
    lower, upper = source("a"), source("b")
    graph = load(marshal(DiffVertex(lower=lower.output(), upper=upper.output()).output()))
    assert [edge.vertex.name for edge in graph.result.vertex.inputs] == ["a", "b"]
