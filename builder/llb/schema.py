"""How a frozen dataclass says which protobuf message it is.

A field declares its number, kind and proto name once; the binary codec (``wire``) and the
JSON writers (``jsonform``) read the same declaration. Kinds are named as in proto3.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any

STRING, BYTES, BOOL = "string", "bytes", "bool"
INT32, INT64, UINT32, ENUM = "int32", "int64", "uint32", "enum"
MESSAGE = "message"
SCALARS = frozenset({STRING, BYTES, BOOL, INT32, INT64, UINT32, ENUM})

_KEY = "protobuf"
_ZERO: dict[str, Any] = {
    STRING: "",
    BYTES: b"",
    BOOL: False,
    INT32: 0,
    INT64: 0,
    UINT32: 0,
}


@dataclass(frozen=True, slots=True)
class Member:
    """One alternative of a oneof: how it travels and, for a message, which class."""

    number: int
    name: str
    kind: str
    type: Any = None


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A declared field. ``members`` is filled for a oneof only, ``map`` means map<string, kind>.

    ``type`` is the dataclass of a message or the IntEnum of an enum; ``fields`` describes a
    dataclass that does not describe itself (a value of ``builder.oci``).
    """

    number: int
    name: str
    kind: str
    type: Any = None
    repeated: bool = False
    map: bool = False
    members: tuple[Member, ...] = ()
    attribute: str = ""
    fields: tuple[FieldSpec, ...] = ()


def proto(number: int, name: str, kind: str, *, repeated: bool = False, type_: Any = None) -> Any:
    """A scalar field; absent on the wire when zero, as proto3 has it.

    ``type_`` validates a string; such a field has no default and must be on the wire.
    """
    spec = FieldSpec(number, name, kind, type_, repeated=repeated)
    if type_ is not None:
        return dataclasses.field(metadata={_KEY: spec})
    return dataclasses.field(default=() if repeated else _ZERO[kind], metadata={_KEY: spec})


def enumeration(number: int, name: str, type_: type[IntEnum]) -> Any:
    """An enum field; its zero member is the default."""
    return dataclasses.field(
        default=type_(0), metadata={_KEY: FieldSpec(number, name, ENUM, type_)}
    )


def message(
    number: int,
    name: str,
    type_: Any,
    *,
    repeated: bool = False,
    fields: tuple[FieldSpec, ...] = (),
) -> Any:
    """A message field; None (or an empty tuple) when absent. An empty message is written."""
    spec = FieldSpec(number, name, MESSAGE, type_, repeated=repeated, fields=fields)
    return dataclasses.field(default=() if repeated else None, metadata={_KEY: spec})


def mapping(number: int, name: str, kind: str, type_: Any = None) -> Any:
    """A map with string keys."""
    spec = FieldSpec(number, name, kind, type_, map=True)
    return dataclasses.field(default_factory=dict, metadata={_KEY: spec})


def oneof(*members: Member) -> Any:
    """A field of which the value's class tells the member. None when none is set."""
    spec = FieldSpec(members[0].number, "", MESSAGE, members=members)
    return dataclasses.field(default=None, metadata={_KEY: spec})


def fields_of(type_: Any) -> tuple[FieldSpec, ...]:
    """The declared fields in the order BuildKit writes them: by number, the oneof last."""
    return _fields_of(type_)


@cache
def _fields_of(type_: Any) -> tuple[FieldSpec, ...]:
    specs = [
        dataclasses.replace(f.metadata[_KEY], attribute=f.name)
        for f in dataclasses.fields(type_)
        if _KEY in f.metadata
    ]
    return tuple(sorted(specs, key=lambda s: (bool(s.members), s.number)))


def member_of(spec: FieldSpec, value: Any) -> Member:
    """The member of the oneof that ``value`` is."""
    for member in spec.members:
        if isinstance(value, member.type):
            return member
    raise TypeError(f"{type(value).__name__} is no member of {spec.attribute}")


def zero_of(spec: FieldSpec) -> Any:
    """What an absent field of that declaration decodes to."""
    if spec.map:
        return {}
    if spec.repeated:
        return ()
    if spec.members or spec.kind == MESSAGE:
        return None
    if spec.kind == ENUM:
        return spec.type(0)
    return _ZERO[spec.kind]
