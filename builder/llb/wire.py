"""The protobuf encoding of declared messages, byte for byte as protobuf-go writes it.

Deterministic: fields by number, the oneof last, map entries sorted by key, zero scalars left
out, empty messages kept. Decoding tolerates unknown fields (they are dropped) and refuses
everything malformed.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Any, TypeVar

from msgspec.structs import astuple

from builder.errors import BuilderError
from builder.llb.errors import LLBError
from builder.llb.schema import (
    BOOL,
    BYTES,
    ENUM,
    INT32,
    INT64,
    MESSAGE,
    STRING,
    UINT32,
    FieldSpec,
    Member,
    Message,
    fields_of,
    zero_of,
)

T = TypeVar("T", bound=Message)

MAX_BYTES = 64 << 20
"""The largest message that is decoded; BuildKit's own limit for a definition is 16 MiB."""
MAX_DEPTH = 32

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_LENGTH_DELIMITED = frozenset({STRING, BYTES, MESSAGE})
_FIXED_SIZE = {_FIXED64: 8, _FIXED32: 4}


def encode(message: Any) -> bytes:
    """The bytes of ``message``. Raises LLBError where a value does not fit its field."""
    return _encoded(message, _writers_of(message.__class__))


def decode(type_: type[T], data: bytes) -> T:
    """The ``type_`` that ``data`` holds. Raises LLBError."""
    if len(data) > MAX_BYTES:
        raise LLBError(f"message of {len(data)} bytes is larger than {MAX_BYTES}")
    decoded: T = _decode_message(type_, fields_of(type_), memoryview(data), 0)
    return decoded


# --- encoding --------------------------------------------------------------------------------
#
# What is known of a class is worked out once: each field becomes a function that appends the
# bytes of a value, tag and all.

_Write = Callable[[list[bytes], Any], None]
_Writers = tuple[tuple[int, _Write, bool], ...]
"""Which value of the struct, what writes it, and whether its zero is written too (None is absent
then)."""


def _encoded(message: Any, writers: _Writers) -> bytes:
    out: list[bytes] = []
    values = astuple(message)
    for index, write, zero_too in writers:
        value = values[index]
        if value or (zero_too and value is not None):
            write(out, value)
    return b"".join(out)


@cache
def _writers_of(type_: Any) -> _Writers:
    return _writers(type_, fields_of(type_))


def _writers(type_: Any, specs: tuple[FieldSpec, ...]) -> _Writers:
    names = type_.__struct_fields__
    return tuple(
        (names.index(spec.attribute), _writer(spec), bool(spec.members) or spec.kind == MESSAGE)
        for spec in specs
    )


def _writer(spec: FieldSpec) -> _Write:
    if spec.map:
        return _map_writer(spec)
    if spec.members:
        return _oneof_writer(spec)
    if not spec.repeated:
        return _value_writer(spec, spec.fields)
    if spec.kind in _LENGTH_DELIMITED:
        return _repeated(_value_writer(spec, spec.fields))
    return _packed_writer(spec)


def _value_writer(spec: FieldSpec | Member, fields: tuple[FieldSpec, ...] = ()) -> _Write:
    """Writes one occurrence, even of a zero: the caller decided that it is present."""
    if spec.kind == MESSAGE:
        return _message_writer(spec, fields)
    if spec.kind == STRING:
        return _string_writer(spec)
    if spec.kind == BYTES:
        tag = _varint(spec.number << 3 | _BYTES)
        return lambda out, value: out.append(tag + _varint(len(value)) + value)
    tag = _varint(spec.number << 3 | _VARINT)
    kind, name = spec.kind, spec.name
    # The same few numbers again and again, and -1 among them takes ten bytes.
    written = lru_cache(256)(lambda value: tag + _varint(_to_unsigned(kind, value, name)))
    return lambda out, value: out.append(written(value))


def _message_writer(spec: FieldSpec | Member, fields: tuple[FieldSpec, ...]) -> _Write:
    tag = _varint(spec.number << 3 | _BYTES)
    described = _writers(spec.type, fields) if fields else None

    def write(out: list[bytes], value: Any) -> None:
        inner = _encoded(value, described or _writers_of(value.__class__))
        out += (tag, _varint(len(inner)), inner)

    return write


def _string_writer(spec: FieldSpec | Member) -> _Write:
    tag = _varint(spec.number << 3 | _BYTES)

    def write(out: list[bytes], value: Any) -> None:
        try:
            data = value.encode()
        except UnicodeEncodeError as error:
            raise LLBError("string field contains invalid UTF-8") from error
        out.append(tag + _varint(len(data)) + data)

    return write


def _repeated(write_one: _Write) -> _Write:
    def write(out: list[bytes], values: Any) -> None:
        for value in values:
            write_one(out, value)

    return write


def _packed_writer(spec: FieldSpec) -> _Write:
    tag = _varint(spec.number << 3 | _BYTES)

    def write(out: list[bytes], values: Any) -> None:
        packed = b"".join(_varint(_to_unsigned(spec.kind, each, spec.name)) for each in values)
        out.append(tag + _varint(len(packed)) + packed)

    return write


def _map_writer(spec: FieldSpec) -> _Write:
    tag = _varint(spec.number << 3 | _BYTES)
    write_key = _string_writer(Member(1, "key", STRING))
    write_value = _value_writer(Member(2, "value", spec.kind, spec.type))

    def write(out: list[bytes], entries: Any) -> None:
        for key in sorted(entries):
            parts: list[bytes] = []
            write_key(parts, key)
            write_value(parts, entries[key])
            entry = b"".join(parts)
            out.append(tag + _varint(len(entry)) + entry)

    return write


def _oneof_writer(spec: FieldSpec) -> _Write:
    writers = [(member.type, _value_writer(member)) for member in spec.members]

    def write(out: list[bytes], value: Any) -> None:
        for type_, write_member in writers:
            if isinstance(value, type_):
                write_member(out, value)
                return
        raise TypeError(f"{type(value).__name__} is no member of {spec.attribute}")

    return write


_SHORT = tuple(bytes((value,)) for value in range(0x80))


def _varint(value: int) -> bytes:
    if value < 0x80:
        return _SHORT[value]
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_RANGES = {
    INT32: (-(1 << 31), (1 << 31) - 1),
    INT64: (-(1 << 63), (1 << 63) - 1),
    UINT32: (0, (1 << 32) - 1),
    ENUM: (-(1 << 31), (1 << 31) - 1),
    BOOL: (0, 1),
}


def _to_unsigned(kind: str, value: int, name: str) -> int:
    low, high = _RANGES[kind]
    if not low <= value <= high:
        raise LLBError(f"{name}: {value} does not fit {kind}")
    return int(value) & 0xFFFFFFFFFFFFFFFF


# --- decoding --------------------------------------------------------------------------------


def _decode_message(type_: Any, specs: tuple[FieldSpec, ...], data: memoryview, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise LLBError(f"message nested deeper than {MAX_DEPTH}")
    by_number: dict[int, tuple[FieldSpec, Member | None]] = {}
    for spec in specs:
        if spec.members:
            by_number.update({m.number: (spec, m) for m in spec.members})
        else:
            by_number[spec.number] = (spec, None)
    values: dict[str, Any] = {}
    parts: dict[str, tuple[FieldSpec | Member, list[memoryview]]] = {}
    for number, wire_type, payload in _records(data):
        known = by_number.get(number)
        if known is None:
            continue
        spec, member = known
        kind = member.kind if member else spec.kind
        if spec.map or kind in _LENGTH_DELIMITED:
            if wire_type != _BYTES:
                raise LLBError(f"{_name(spec, member)}: unexpected wire type {wire_type}")
        elif wire_type != _VARINT and not (spec.repeated and wire_type == _BYTES):
            raise LLBError(f"{_name(spec, member)}: unexpected wire type {wire_type}")
        if spec.map:
            key, value = _decode_entry(spec, payload, depth)
            values.setdefault(spec.attribute, {})[key] = value
        elif spec.repeated:
            _decode_repeated(spec, payload, depth, values.setdefault(spec.attribute, []))
        elif kind == MESSAGE:
            # A message that occurs twice is merged, which is the same as joining its bytes.
            target: FieldSpec | Member = member or spec
            seen = parts.get(spec.attribute)
            if seen is not None and seen[0] is target:
                seen[1].append(payload)
            else:
                values.pop(spec.attribute, None)
                parts[spec.attribute] = (target, [payload])
        else:
            parts.pop(spec.attribute, None)
            values[spec.attribute] = _decode_scalar(member or spec, payload)
    for attribute, (target, chunks) in parts.items():
        joined = chunks[0] if len(chunks) == 1 else memoryview(b"".join(chunks))
        inner = target.fields if isinstance(target, FieldSpec) and target.fields else None
        values[attribute] = _decode_message(
            target.type, inner or fields_of(target.type), joined, depth + 1
        )
    return _construct(type_, specs, values)


def _construct(type_: Any, specs: tuple[FieldSpec, ...], values: dict[str, Any]) -> Any:
    arguments: dict[str, Any] = {}
    for spec in specs:
        value = values.get(spec.attribute)
        if value is None:
            if spec.kind == STRING and spec.type is not None and not spec.repeated:
                raise LLBError(f"{spec.name} is missing")
            value = zero_of(spec)
        arguments[spec.attribute] = tuple(value) if spec.repeated else value
    return type_(**arguments)


def _name(spec: FieldSpec, member: Member | None) -> str:
    return member.name if member else spec.name


def _decode_repeated(spec: FieldSpec, payload: Any, depth: int, into: list[Any]) -> None:
    if spec.kind == MESSAGE:
        inner = spec.fields or fields_of(spec.type)
        into.append(_decode_message(spec.type, inner, payload, depth + 1))
    elif spec.kind in _LENGTH_DELIMITED or isinstance(payload, int):
        into.append(_decode_scalar(spec, payload))
    else:
        position = 0
        while position < len(payload):
            raw, position = _read_varint(payload, position)
            into.append(_decode_scalar(spec, raw))


def _decode_entry(spec: FieldSpec, data: memoryview, depth: int) -> tuple[str, Any]:
    key: Any = ""
    value: Any = None
    value_spec = Member(2, f"{spec.name} value", spec.kind, spec.type)
    for number, wire_type, payload in _records(data):
        wanted = _BYTES if number == 1 or spec.kind in _LENGTH_DELIMITED else _VARINT
        if number in (1, 2) and wire_type != wanted:
            raise LLBError(f"{spec.name}: unexpected wire type {wire_type} in a map entry")
        if number == 1:
            key = _decode_scalar(Member(1, f"{spec.name} key", STRING), payload)
        elif number == 2 and spec.kind == MESSAGE:
            value = _decode_message(spec.type, fields_of(spec.type), payload, depth + 1)
        elif number == 2:
            value = _decode_scalar(value_spec, payload)
    if value is None:
        if spec.kind == MESSAGE:
            value = _decode_message(spec.type, fields_of(spec.type), memoryview(b""), depth + 1)
        else:
            value = zero_of(FieldSpec(2, "value", spec.kind, spec.type))
    return key, value


def _decode_scalar(spec: FieldSpec | Member, payload: Any) -> Any:
    kind = spec.kind
    if kind == STRING:
        try:
            text = bytes(payload).decode()
            # A oneof's member carries its Python class, a plain string its validator.
            return spec.type(text) if spec.type not in (None, str) else text
        except UnicodeDecodeError as error:
            raise LLBError(f"{spec.name}: invalid UTF-8") from error
        except BuilderError as error:
            raise LLBError(f"{spec.name}: {error}") from error
    if kind == BYTES:
        return bytes(payload)
    if kind == BOOL:
        return payload != 0
    if kind == UINT32:
        return payload & 0xFFFFFFFF
    signed = _to_signed(payload, 64 if kind == INT64 else 32)
    if kind == ENUM:
        try:
            return spec.type(signed)
        except ValueError as error:
            raise LLBError(f"{spec.name}: unknown value {signed}") from error
    return signed


def _to_signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _records(data: memoryview) -> Iterator[tuple[int, int, Any]]:
    """Field number, wire type and payload (an int for a varint) of each record."""
    position, end = 0, len(data)
    while position < end:
        tag, position = _read_varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        if not 0 < number < 1 << 29:
            raise LLBError(f"invalid field number {number}")
        if wire_type == _VARINT:
            value, position = _read_varint(data, position)
            yield number, wire_type, value
            continue
        if wire_type == _BYTES:
            length, position = _read_varint(data, position)
        elif wire_type in _FIXED_SIZE:
            length = _FIXED_SIZE[wire_type]
        else:
            raise LLBError(f"field {number}: unsupported wire type {wire_type}")
        if length > end - position:
            raise LLBError(f"field {number}: {length} bytes announced, {end - position} left")
        payload = data[position : position + length]
        position += length
        if wire_type in _FIXED_SIZE:
            format_ = "<Q" if wire_type == _FIXED64 else "<I"
            yield number, wire_type, struct.unpack(format_, payload)[0]
        else:
            yield number, wire_type, payload


def _read_varint(data: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data):
            raise LLBError("truncated varint")
        byte = data[position]
        position += 1
        if shift == 63 and byte > 1:
            raise LLBError("varint longer than 64 bits")
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
