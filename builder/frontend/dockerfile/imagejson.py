"""The config document of a base image, as Go reads it into its struct: known keys in any case,
null as if left out, times in one spelling, wrong types refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from builder.frontend.dockerfile.errors import DockerfileError
from builder.oci.goquote import go_quote

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)", re.ASCII)
_TIME_PARTS = (
    ("2006", r"\d{4}"),
    ("-", "-"),
    ("01", r"\d\d"),
    ("-", "-"),
    ("02", r"\d\d"),
    ("T", "T"),
    ("15", r"\d\d"),
    (":", ":"),
    ("04", r"\d\d"),
    (":", ":"),
    ("05", r"\d\d(?:[.,]\d+)?"),
    ("Z07:00", r"Z|[+-]\d\d:\d\d"),
)
_KINDS = {
    str: "string",
    bool: "bool",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
}

Reader = Callable[[Any, str], Any]


def read_image_json(data: bytes) -> dict[str, Any]:
    """The fields that are set, by their names in Go's tags. Raises DockerfileError."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DockerfileError(f"failed to parse image config: {error}") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise _wrong(document, "", "v1.DockerOCIImage")
    found: dict[str, Any] = _struct(_IMAGE, "v1.DockerOCIImage")(document, "")
    return found


def _wrong(value: Any, path: str, type_: str) -> DockerfileError:
    where = f"Go struct field DockerOCIImage.{path}" if path else "Go value"
    if path.rpartition(".")[2].isdigit():
        where = f"DockerOCIImage.{path}"
    return DockerfileError(
        f"failed to parse image config: json: cannot unmarshal {_KINDS[type(value)]} into "
        f"{where} of type {type_}"
    )


def _plain(type_: type, name: str) -> Reader:
    def read(value: Any, path: str) -> Any:
        if type(value) is not type_:
            raise _wrong(value, path, name)
        return value

    return read


def _list(item: Reader, name: str, zero: Any) -> Reader:
    def read(value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise _wrong(value, path, name)
        return [
            zero if each is None else item(each, f"{path}.{number}")
            for number, each in enumerate(value)
        ]

    return read


def _map(item: Reader, name: str) -> Reader:
    def read(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong(value, path, name)
        return {
            key: "" if each is None else item(each, f"{path}.{key}") for key, each in value.items()
        }

    return read


def _struct(fields: Mapping[str, Reader], name: str) -> Reader:
    by_letters = {field.lower(): field for field in fields}

    def read(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong(value, path, name)
        out = {}
        for key, each in value.items():
            field = by_letters.get(key.lower())
            if field is not None and each is not None:
                out[field] = fields[field](each, f"{path}.{field}" if path else field)
        return out

    return read


def _time(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise _wrong(value, path, "time.Time")
    match = _TIME.fullmatch(value)
    if match is None:
        raise DockerfileError(f"failed to parse image config: {_not_a_time(value)}")
    fraction = (match[2] or "")[:9].rstrip("0")
    zone = "Z" if match[3][1:] == "00:00" else match[3]
    return match[1] + (f".{fraction}" if fraction else "") + zone


def _not_a_time(text: str) -> str:
    rest = text
    for name, pattern in _TIME_PARTS:
        match = re.match(pattern, rest, re.ASCII)
        if match is None:
            why = f"cannot parse {go_quote(rest)} as {go_quote(name)}"
            break
        rest = rest[match.end() :]
    else:
        why = f"extra text: {go_quote(rest)}"
    return f'parsing time {go_quote(text)} as "2006-01-02T15:04:05Z07:00": {why}'


_STRING = _plain(str, "string")
_STRINGS = _list(_STRING, "[]string", "")
_DURATION = _plain(int, "time.Duration")
_HEALTHCHECK = {
    "Test": _STRINGS,
    "Interval": _DURATION,
    "Timeout": _DURATION,
    "StartPeriod": _DURATION,
    "StartInterval": _DURATION,
    "Retries": _plain(int, "int"),
}
_PLACES = _map(lambda _value, _path: {}, "map[string]struct {}")
_CONFIG = {
    "User": _STRING,
    "ExposedPorts": _PLACES,
    "Env": _STRINGS,
    "Entrypoint": _STRINGS,
    "Cmd": _STRINGS,
    "Volumes": _PLACES,
    "WorkingDir": _STRING,
    "Labels": _map(_STRING, "map[string]string"),
    "StopSignal": _STRING,
    "ArgsEscaped": _plain(bool, "bool"),
    "Healthcheck": _struct(_HEALTHCHECK, "v1.HealthcheckConfig"),
    "OnBuild": _STRINGS,
    "Shell": _STRINGS,
}
_HISTORY = {
    "created": _time,
    "created_by": _STRING,
    "author": _STRING,
    "comment": _STRING,
    "empty_layer": _plain(bool, "bool"),
}
_LAYERS = {"type": _STRING, "diff_ids": _list(_plain(str, "digest.Digest"), "[]digest.Digest", "")}
_IMAGE = {
    "created": _time,
    "author": _STRING,
    "architecture": _STRING,
    "os": _STRING,
    "os.version": _STRING,
    "os.features": _STRINGS,
    "variant": _STRING,
    "config": _struct(_CONFIG, "v1.DockerOCIImageConfig"),
    "rootfs": _struct(_LAYERS, "v1.RootFS"),
    "history": _list(_struct(_HISTORY, "v1.History"), "[]v1.History", {}),
}
