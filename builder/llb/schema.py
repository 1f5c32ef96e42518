"""How a class says which protobuf message it is.

A field declares its number, kind and proto name once; the binary codec (``wire``) and the
JSON writers (``jsonform``) read the same declaration. Kinds are named as in proto3.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, ClassVar

from msgspec import Struct, StructMeta, field
from msgspec.structs import replace

STRING, BYTES, BOOL = "string", "bytes", "bool"
INT32, INT64, UINT32, ENUM = "int32", "int64", "uint32", "enum"
MESSAGE = "message"
SCALARS = frozenset({STRING, BYTES, BOOL, INT32, INT64, UINT32, ENUM})

_ZERO: dict[str, Any] = {
    STRING: "",
    BYTES: b"",
    BOOL: False,
    INT32: 0,
    INT64: 0,
    UINT32: 0,
}


class Member(Struct, frozen=True):
    """One alternative of a oneof: how it travels and, for a message, which class."""

    number: int
    name: str
    kind: str
    type: Any = None


class FieldSpec(Struct, frozen=True):
    """A declared field. ``members`` is filled for a oneof only, ``map`` means map<string, kind>.

    ``type`` is the class of a message or the IntEnum of an enum; ``fields`` describes a
    class that does not describe itself (a value of ``builder.oci``).
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


class _Declared(Struct, frozen=True):
    """What a field of a message is given in the place of a default: both halves of it."""

    spec: FieldSpec
    default: Any


class _MessageMeta(StructMeta):
    """Keeps the declarations of a class, and hands the defaults in them to msgspec."""

    def __new__(
        mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any
    ) -> Any:
        specs = []
        for attribute, value in namespace.items():
            if isinstance(value, _Declared):
                specs.append(replace(value.spec, attribute=attribute))
                namespace[attribute] = value.default
        namespace["protobuf"] = tuple(sorted(specs, key=lambda s: (bool(s.members), s.number)))
        return super().__new__(mcls, name, bases, namespace, **options)


class Message(Struct, frozen=True, metaclass=_MessageMeta):
    """A protobuf message. ``protobuf`` are its declared fields."""

    protobuf: ClassVar[tuple[FieldSpec, ...]]


def proto(number: int, name: str, kind: str, *, repeated: bool = False, type_: Any = None) -> Any:
    """A scalar field; absent on the wire when zero, as proto3 has it.

    ``type_`` validates a string; such a field has no default and must be on the wire.
    """
    spec = FieldSpec(number, name, kind, type_, repeated=repeated)
    if type_ is not None:
        return _Declared(spec, field())
    return _Declared(spec, () if repeated else _ZERO[kind])


def enumeration(number: int, name: str, type_: type[IntEnum]) -> Any:
    """An enum field; its zero member is the default."""
    return _Declared(FieldSpec(number, name, ENUM, type_), type_(0))


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
    return _Declared(spec, () if repeated else None)


def mapping(number: int, name: str, kind: str, type_: Any = None) -> Any:
    """A map with string keys."""
    spec = FieldSpec(number, name, kind, type_, map=True)
    return _Declared(spec, field(default_factory=dict))


def oneof(*members: Member) -> Any:
    """A field of which the value's class tells the member. None when none is set."""
    spec = FieldSpec(members[0].number, "", MESSAGE, members=members)
    return _Declared(spec, None)


def fields_of(type_: type[Message]) -> tuple[FieldSpec, ...]:
    """The declared fields in the order BuildKit writes them: by number, the oneof last."""
    return type_.protobuf


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
