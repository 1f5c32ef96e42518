"""The encoding against executed BuildKit vectors, and against itself."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from builder.llb import ops, wire
from builder.llb.definition import Definition, OpMetadata, ProgressGroup
from builder.llb.errors import LLBError
from builder.llb.jsonform import go_struct, protojson
from builder.llb.schema import BYTES, ENUM, INT64, MESSAGE, fields_of
from builder.oci.digest import Digest
from builder.oci.platform import Platform

VECTORS = json.loads((Path(__file__).parents[3] / "fixtures/data/llb-vectors.json").read_text())


def camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(p[:1].upper() + p[1:] for p in rest)


def from_protojson(type_: Any, data: dict[str, Any], specs: Any = None) -> Any:
    """The reverse of ``protojson``, for the vectors only."""
    arguments: dict[str, Any] = {}
    for spec in specs or fields_of(type_):
        if spec.members:
            for member in spec.members:
                if member.name in data:
                    arguments[spec.attribute] = value_of(member, data[member.name])
        elif (name := camel(spec.name)) in data:
            raw = data[name]
            if spec.map:
                arguments[spec.attribute] = {k: value_of(spec, v) for k, v in raw.items()}
            elif spec.repeated:
                arguments[spec.attribute] = tuple(value_of(spec, v) for v in raw)
            else:
                arguments[spec.attribute] = value_of(spec, raw)
    return type_(**arguments)


def value_of(spec: Any, raw: Any) -> Any:
    if spec.kind == MESSAGE:
        if spec.type is Platform:
            return Platform(raw["OS"], raw["Architecture"], raw.get("Variant", ""))
        return from_protojson(spec.type, raw, getattr(spec, "fields", None) or None)
    if spec.kind == INT64:
        return int(raw)
    if spec.kind == ENUM:
        return spec.type[raw]
    if spec.kind == BYTES:
        return base64.b64decode(raw)
    return Digest(raw) if spec.type is Digest else raw


ALL_OPS = [
    pytest.param(digest, data, id=f"{case['name']}-{digest[7:15]}")
    for case in VECTORS["cases"]
    for digest, data in case["def"].items()
]


@pytest.mark.parametrize(("digest", "data"), ALL_OPS)
def test_an_executed_op_encodes_to_its_digest(digest: str, data: dict[str, Any]) -> None:
    op = from_protojson(ops.Op, data)
    encoded = wire.encode(op)
    assert Digest.of(encoded) == digest
    assert wire.decode(ops.Op, encoded) == op
    assert protojson(op) == data


IMAGE = ops.Op(
    op=ops.SourceOp(
        "docker-image://docker.io/library/python:alpine3.14@sha256:"
        "fb93ca595ad82020cc52ff60604cddc1a6d393229ef5ecc8f6ac7c7fb52bacda"
    ),
    platform=Platform("linux", "amd64"),
    constraints=ops.Constraints(),
)


def test_the_public_provenance_vector_holds() -> None:
    image = Digest.of(wire.encode(IMAGE))
    assert image == "sha256:de26ac856cfa3a78d41f9afc56cbf99148b029f067c24adfc65a4635fc06f5fa"
    local = Digest("sha256:89e2f16e1b3612bab3c8c7f6a58b6e59b72b4453381874fed3c7827ef1b95894")
    copy = ops.Copy(
        src="/README.md",
        dest="/README.md",
        mode=-1,
        follow_symlink=True,
        dir_copy_contents=True,
        create_dest_path=True,
        allow_wildcard=True,
        allow_empty_wildcard=True,
        timestamp=-1,
    )
    op = ops.Op(
        inputs=(ops.Input(image), ops.Input(local)),
        op=ops.FileOp((ops.FileAction(secondary_input=1, action=copy),)),
        constraints=ops.Constraints(),
    )
    digest = Digest.of(wire.encode(op))
    assert digest == "sha256:0dc4de8261b5f57fb8841320b739fcfab7aa37bad994059fa7e656b1a8613b25"
    terminal = Digest.of(wire.encode(ops.Op(inputs=(ops.Input(digest),))))
    assert terminal == "sha256:d177efd10a9c6867868470b75a11251105d3a3ecc44b233623a35f31a6bb6aae"


def test_the_exec_message_holds_in_the_old_number_order() -> None:
    """BuildKit up to 0.16 wrote fields strictly by number: same content, other order."""
    op = ops.Op(
        inputs=(
            ops.Input(
                Digest("sha256:9c2983bee7ccc9a7a78e68023862d96441c6ad232f234d49167edfeb861e04cc")
            ),
        ),
        op=ops.ExecOp(
            meta=ops.Meta(
                args=("/bin/sh", "-c", "chmod 755 /app"),
                env=("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",),
                cwd="/",
                remove_mount_stubs_recursive=True,
            ),
            mounts=(ops.Mount(dest="/"),),
        ),
        platform=Platform("linux", "amd64"),
        constraints=ops.Constraints(),
    )
    head = wire.encode(replace(op, op=None, platform=None, constraints=None))
    tail = wire.encode(replace(op, inputs=(), op=None))
    middle = wire.encode(ops.Op(op=op.op))
    assert wire.encode(op) == head + tail + middle
    assert (
        Digest.of(head + middle + tail)
        == "sha256:c0550c726d1950c5e93f6f808aff011ebbf177177b23e7810bb77ecb1806b3be"
    )


def test_a_root_mount_is_three_bytes() -> None:
    assert wire.encode(ops.Mount(dest="/")) == b"\x1a\x01/"


def test_a_set_member_of_a_oneof_is_written_even_when_zero() -> None:
    assert wire.encode(ops.UserOpt(0)) == b"\x10\x00"
    assert wire.decode(ops.UserOpt, b"\x10\x00") == ops.UserOpt(0)
    assert wire.decode(ops.UserOpt, b"") == ops.UserOpt(None)


def test_the_go_form_of_an_owner_is_that_of_its_own_method() -> None:
    owner = ops.ChownOpt(user=ops.UserOpt(33), group=ops.UserOpt(ops.NamedUserOpt("www", 1)))
    assert go_struct(owner) == {
        "user": {"User": {"byId": 33}},
        "group": {"User": {"byName": {"name": "www", "input": 1}}},
    }
    assert go_struct(ops.ChownOpt(user=ops.UserOpt(0))) == {"user": {"User": {}}}


def test_unknown_fields_are_tolerated() -> None:
    unknown = b"\xf8\x7f\x01" + b"\xfa\x7f\x02ab" + b"\xf9\x7f12345678" + b"\xfd\x7f1234"
    assert wire.decode(ops.Op, wire.encode(IMAGE) + unknown) == IMAGE


def test_a_message_that_occurs_twice_is_merged() -> None:
    first, second = ops.Meta(args=("a",)), ops.Meta(cwd="/x")
    data = wire.encode(ops.ExecOp(meta=first)) + wire.encode(ops.ExecOp(meta=second))
    assert wire.decode(ops.ExecOp, data).meta == ops.Meta(args=("a",), cwd="/x")


def test_the_last_member_of_a_oneof_wins() -> None:
    exec_, source = ops.Op(op=ops.ExecOp()), ops.Op(op=ops.SourceOp("x"))
    assert wire.decode(ops.Op, wire.encode(exec_) + wire.encode(source)).op == ops.SourceOp("x")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x0a", "truncated varint"),
        (b"\x0a\x05ab", "announced"),
        (b"\x00\x01", "invalid field number"),
        (b"\x0b", "unsupported wire type"),
        (b"\x08\x01", "inputs: unexpected wire type"),
        (b"\x0a\x00", "digest is missing"),
        (b"\x0a\x03\x0a\x01x", "digest: invalid digest"),
        (b"\x1a\x03\x0a\x01\xff", "identifier: invalid UTF-8"),
        (b"\x12\x02\x18\x09", "network: unknown value 9"),
        (b"\xff" * 11, "varint longer"),
    ],
)
def test_malformed_bytes_are_refused_by_name(data: bytes, message: str) -> None:
    with pytest.raises(LLBError, match=message):
        wire.decode(ops.Op, data)


def test_values_that_do_not_fit_are_refused() -> None:
    with pytest.raises(LLBError, match="does not fit uint32"):
        wire.encode(ops.UserOpt(-1))
    with pytest.raises(LLBError, match="invalid UTF-8"):
        wire.encode(ops.Copy(src="\udcff"))


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_raise_llb_error(data: bytes) -> None:
    for type_ in (ops.Op, Definition):
        with suppress(LLBError):
            wire.decode(type_, data)


TEXT = st.text(max_size=8).filter(lambda s: s.isprintable())
INT64S = st.integers(-(1 << 63), (1 << 63) - 1)
DIGESTS = st.binary(max_size=4).map(Digest.of)
USERS = st.none() | st.builds(
    ops.UserOpt,
    st.integers(0, (1 << 32) - 1) | st.builds(ops.NamedUserOpt, TEXT, INT64S),
)
OWNERS = st.none() | st.builds(ops.ChownOpt, USERS, USERS)
INT32S = st.integers(-(1 << 31), (1 << 31) - 1)
WORDS = st.lists(TEXT, max_size=3).map(tuple)
COPIES = st.builds(
    ops.Copy, TEXT, TEXT, OWNERS, INT32S, timestamp=INT64S, include_patterns=WORDS, mode_str=TEXT
)
ACTIONS = st.builds(
    ops.FileAction,
    INT64S,
    INT64S,
    INT64S,
    COPIES
    | st.builds(ops.MkFile, TEXT, INT32S, st.binary(max_size=8), OWNERS, INT64S)
    | st.builds(ops.MkDir, TEXT, INT32S, st.booleans(), OWNERS, INT64S)
    | st.builds(ops.Rm, TEXT, st.booleans(), st.booleans())
    | st.builds(ops.Symlink, TEXT, TEXT, OWNERS, INT64S),
)
MOUNTS = st.builds(
    ops.Mount,
    INT64S,
    TEXT,
    TEXT,
    INT64S,
    st.booleans(),
    st.sampled_from(ops.MountType),
    st.none() | st.builds(ops.TmpfsOpt, INT64S),
    st.none() | st.builds(ops.CacheOpt, TEXT, st.sampled_from(ops.CacheSharing)),
)
METAS = st.builds(
    ops.Meta,
    WORDS,
    WORDS,
    TEXT,
    TEXT,
    extra_hosts=st.lists(st.builds(ops.HostIP, TEXT, TEXT), max_size=2).map(tuple),
    valid_exit_codes=st.lists(INT32S, max_size=3).map(tuple),
)
ANY_OP = (
    st.builds(ops.ExecOp, METAS, st.lists(MOUNTS, max_size=2).map(tuple))
    | st.builds(ops.SourceOp, TEXT, st.dictionaries(TEXT, TEXT, max_size=3))
    | st.builds(ops.FileOp, st.lists(ACTIONS, max_size=2).map(tuple))
    | st.builds(ops.MergeOp, st.lists(st.builds(ops.MergeInput, INT64S), max_size=3).map(tuple))
    | st.builds(
        ops.DiffOp, st.builds(ops.LowerDiffInput, INT64S), st.builds(ops.UpperDiffInput, INT64S)
    )
    | st.builds(
        ops.BuildOp, INT64S, st.dictionaries(TEXT, st.builds(ops.BuildInput, INT64S), max_size=2)
    )
)
OPS = st.builds(
    ops.Op,
    st.lists(st.builds(ops.Input, DIGESTS, INT64S), max_size=3).map(tuple),
    st.none() | ANY_OP,
    st.none() | st.builds(Platform, TEXT, TEXT, TEXT, TEXT, WORDS),
    st.none() | st.builds(ops.Constraints, WORDS),
)


@given(OPS)
@settings(max_examples=200)
def test_decoding_what_was_encoded_gives_it_back(op: ops.Op) -> None:
    assert wire.decode(ops.Op, wire.encode(op)) == op


@given(
    st.builds(
        Definition,
        st.lists(st.binary(max_size=5), max_size=3).map(tuple),
        st.dictionaries(
            TEXT,
            st.builds(
                OpMetadata,
                st.booleans(),
                st.dictionaries(TEXT, TEXT, max_size=2),
                caps=st.dictionaries(TEXT, st.booleans(), max_size=2),
                progress_group=st.none() | st.builds(ProgressGroup, TEXT, TEXT, st.booleans()),
            ),
            max_size=2,
        ),
    )
)
@settings(max_examples=50)
def test_a_definition_survives_the_wire(definition: Definition) -> None:
    assert Definition.decode(definition.encode()) == definition
