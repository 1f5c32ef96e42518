"""Dataclasses to JSON values and back, driven by their annotations alone.

Shapes: a dataclass is an object keyed by field name, a tuple an array, ``bytes`` base64
text, a ``Literal`` its value, a mapping an object with text keys. Nothing is declared twice:
a new field of an observation or of the report travels without another line here.
"""

from __future__ import annotations

import base64
import binascii
import functools
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, cast

T = TypeVar("T")


class CodecError(ValueError):
    """A JSON value that is not the shape its type asks for; says where."""


def encode(value: Any) -> Any:
    """``value`` as JSON values (dict, list, str, int, float, bool, None)."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list | frozenset | set):
        return [encode(item) for item in value]
    return value


def decode(kind: type[T], data: Any, *, where: str = "$") -> T:
    """The value of type ``kind`` that ``encode`` wrote as ``data``.

    Unknown keys are ignored, so that an older tool reads what a newer one saved; a missing
    key takes the field's default. Raises CodecError.
    """
    return cast("T", _decode(kind, data, where))


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _decode(kind: Any, data: Any, where: str) -> Any:
    origin = typing.get_origin(kind)
    if kind is Any or kind is object:
        return data
    if origin is typing.Literal:
        if data not in typing.get_args(kind):
            raise CodecError(f"{where}: {data!r} is none of {typing.get_args(kind)}")
        return data
    if origin in (typing.Union, types.UnionType):
        return _decode_optional(kind, data, where)
    if origin is tuple:
        return _decode_tuple(kind, data, where)
    if origin is not None and issubclass(origin, Mapping):
        value_kind = typing.get_args(kind)[1]
        _require(isinstance(data, dict), "an object", where)
        return {key: _decode(value_kind, item, f"{where}.{key}") for key, item in data.items()}
    if is_dataclass(kind):
        return _decode_dataclass(cast("type", kind), data, where)
    return _decode_scalar(kind, data, where)


def _decode_optional(kind: Any, data: Any, where: str) -> Any:
    choices = [choice for choice in typing.get_args(kind) if choice is not type(None)]
    if data is None and len(choices) < len(typing.get_args(kind)):
        return None
    if len(choices) != 1:
        raise TypeError(f"{where}: {kind} is not one type or None")
    return _decode(choices[0], data, where)


def _decode_tuple(kind: Any, data: Any, where: str) -> Any:
    _require(isinstance(data, list), "an array", where)
    args = typing.get_args(kind)
    if len(args) == 2 and args[1] is Ellipsis:
        return tuple(_decode(args[0], item, f"{where}[{i}]") for i, item in enumerate(data))
    _require(len(data) == len(args), f"{len(args)} items", where)
    return tuple(
        _decode(each, item, f"{where}[{i}]")
        for i, (each, item) in enumerate(zip(args, data, strict=True))
    )


def _decode_dataclass(kind: type, data: Any, where: str) -> Any:
    _require(isinstance(data, dict), "an object", where)
    hints = _hints(kind)
    values: dict[str, Any] = {}
    for field in fields(kind):
        if field.name in data:
            path = f"{where}.{field.name}"
            values[field.name] = _decode(hints[field.name], data[field.name], path)
        elif field.default is MISSING and field.default_factory is MISSING:
            raise CodecError(f"{where}: no {field.name!r}")
    return kind(**values)


def _decode_scalar(kind: Any, data: Any, where: str) -> Any:
    if kind is bytes:
        _require(isinstance(data, str), "base64 text", where)
        try:
            return base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError) as error:
            raise CodecError(f"{where}: not base64") from error
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        return float(data)
    if kind is int and isinstance(data, bool):
        raise CodecError(f"{where}: expected int")
    _require(isinstance(data, kind), kind.__name__, where)
    return data


def _require(truth: bool, what: str, where: str) -> None:
    if not truth:
        raise CodecError(f"{where}: expected {what}")
