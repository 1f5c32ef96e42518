"""The two JSON forms of declared messages: protojson, and Go's ``encoding/json``.

protojson (``frontend.convertllb`` answers in it): lowerCamelCase names, 64-bit integers as
strings, enums by name. ``encoding/json`` of the generated Go structs (BuildKit's cache keys
are made of it): proto names, numbers, a oneof as its own Go method writes it, ``{"byId":1}``.
Both leave out zero values and write bytes as base64.
"""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

from builder.llb.schema import (
    BYTES,
    ENUM,
    INT64,
    MESSAGE,
    FieldSpec,
    Member,
    fields_of,
    member_of,
)


def protojson(message: Any) -> dict[str, Any]:
    """``message`` as protojson has it, keys in declaration order."""
    out: dict[str, Any] = {}
    for spec in _by_number(message.__class__):
        value = getattr(message, spec.attribute)
        if spec.members:
            if value is not None:
                member = member_of(spec, value)
                out[member.name] = _protojson_value(member, value, ())
        elif value is not None and (spec.kind == MESSAGE or value):
            if spec.map or spec.repeated:
                if value:
                    out[_camel(spec.name)] = _protojson_items(spec, value)
            else:
                out[_camel(spec.name)] = _protojson_value(spec, value, spec.fields)
    return out


def _protojson_items(spec: FieldSpec, value: Any) -> Any:
    if spec.map:
        return {key: _protojson_value(spec, value[key], ()) for key in sorted(value)}
    return [_protojson_value(spec, item, spec.fields) for item in value]


def _protojson_value(spec: FieldSpec | Member, value: Any, fields: tuple[FieldSpec, ...]) -> Any:
    if spec.kind == MESSAGE:
        if fields:
            return {s.name: _plain(v) for s in fields if (v := getattr(value, s.attribute))}
        return protojson(value)
    if spec.kind == INT64:
        return str(value)
    if spec.kind == ENUM:
        return value.name
    if spec.kind == BYTES:
        return base64.b64encode(value).decode()
    return value


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


@cache
def _by_number(type_: Any) -> tuple[FieldSpec, ...]:
    return tuple(sorted(fields_of(type_), key=lambda spec: spec.number))


@cache
def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part[:1].upper() + part[1:] for part in rest)


def go_struct(message: Any) -> dict[str, Any]:
    """``message`` as ``encoding/json`` writes the generated Go struct (for ``gojson.dumps``)."""
    out: dict[str, Any] = {}
    for spec in _by_number(message.__class__):
        value = getattr(message, spec.attribute)
        if spec.members:
            # The Go field of a oneof has no omitempty tag; its members have.
            out[spec.attribute.capitalize()] = (
                _go_member(member_of(spec, value), value) if value else {}
            )
        elif spec.map:
            if value:
                out[spec.name] = {key: _go_value(spec, value[key], ()) for key in sorted(value)}
        elif spec.repeated:
            if value:
                out[spec.name] = [_go_value(spec, item, spec.fields) for item in value]
        elif value is not None and (spec.kind == MESSAGE or value):
            out[spec.name] = _go_value(spec, value, spec.fields)
    return out


def _go_member(member: Member, value: Any) -> dict[str, Any]:
    name = "byId" if member.name == "byID" else member.name
    return {name: _go_value(member, value, ())}


def _go_value(spec: FieldSpec | Member, value: Any, fields: tuple[FieldSpec, ...]) -> Any:
    if spec.kind == MESSAGE:
        if fields:
            return {s.name: _plain(v) for s in fields if (v := getattr(value, s.attribute))}
        return go_struct(value)
    if spec.kind == ENUM:
        return int(value)
    if spec.kind == BYTES:
        return base64.b64encode(value).decode()
    return value
