"""Dataclasses to JSON and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regdoctor.model.codec import CodecError, decode, encode


@dataclass(frozen=True)
class Inner:
    octets: bytes = b""
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True)
class Outer:
    name: str
    number: int = 0
    moment: float = 0.0
    inner: tuple[Inner, ...] = ()
    pair: tuple[str, int] = ("", 0)
    table: Mapping[str, Inner] = field(default_factory=dict)
    maybe: Inner | None = None


inners = st.builds(Inner, st.binary(), st.sampled_from(["a", "b"]))
outers = st.builds(
    Outer,
    st.text(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(inners).map(tuple),
    st.tuples(st.text(), st.integers()),
    st.dictionaries(st.text(), inners),
    st.none() | inners,
)


@given(outers)
def test_what_is_written_is_read_back_through_json(value: Outer) -> None:
    assert decode(Outer, json.loads(json.dumps(encode(value)))) == value


def test_unknown_keys_are_ignored_and_missing_ones_take_their_default() -> None:
    assert decode(Outer, {"name": "x", "new": 1}) == Outer("x")


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"name": 1},
        {"name": "x", "number": "1"},
        {"name": "x", "number": True},
        {"name": "x", "inner": {}},
        {"name": "x", "inner": [{"kind": "c"}]},
        {"name": "x", "inner": [{"octets": "%"}]},
        {"name": "x", "pair": ["a"]},
    ],
)
def test_another_shape_is_refused(data: object) -> None:
    with pytest.raises(CodecError):
        decode(Outer, data)


def test_the_refusal_says_where() -> None:
    with pytest.raises(CodecError, match=r"\$\.inner\[1\]\.kind"):
        decode(Outer, {"name": "x", "inner": [{}, {"kind": "c"}]})
