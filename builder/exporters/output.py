"""``--output`` values, read as buildx reads them: ``type=oci,dest=x``, ``DIR`` or ``-``."""

from __future__ import annotations

import csv
from collections.abc import Mapping

from msgspec import Struct

from builder.exporters.annotations import TYPES, is_annotation
from builder.exporters.annotations import parse as parse_annotation
from builder.exporters.errors import OutputError
from builder.oci.gobool import parse_bool
from builder.oci.platform import InvalidPlatform

STDOUT = "-"

_LAYERS = frozenset({"compression", "compression-level", "force-compression", "rewrite-timestamp"})
_IMAGE = _LAYERS | {"name", "oci-artifact", "oci-mediatypes", "source-date-epoch"}
_FILES = frozenset({"dest", "platform-split", "source-date-epoch"})

_KNOWN: Mapping[str, frozenset[str]] = {
    "image": _IMAGE
    | {
        "push",
        "push-by-digest",
        "name-canonical",
        "store",
        "unpack",
        "registry.insecure",
        "dangling-name-prefix",
        "danglingemptyonly",
    },
    "oci": _IMAGE | {"dest", "tar"},
    "docker": _IMAGE | {"dest", "tar"},
    "local": _FILES | {"mode"},
    "tar": _FILES,
    "cacheonly": frozenset(),
}
"""The types, and the attributes that each takes."""

_BOOLEANS = frozenset(
    {
        "push",
        "push-by-digest",
        "name-canonical",
        "store",
        "unpack",
        "danglingemptyonly",
        "tar",
        "platform-split",
        "oci-artifact",
        "oci-mediatypes",
        "force-compression",
        "rewrite-timestamp",
        "registry.insecure",
    }
)
_COMPRESSIONS = ("gzip", "zstd", "uncompressed")


class Output(Struct, frozen=True):
    """One ``--output``. ``registry`` has become ``image`` with ``push``.

    ``dest`` is a path, ``-`` or empty; the other attributes are in ``attributes``.
    """

    type: str
    dest: str
    attributes: Mapping[str, str]

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean attribute, as Go's ParseBool reads it."""
        text = self.attributes.get(name, "")
        return default if not text else parse_bool(text) is True

    def epoch(self, default: int | None) -> int | None:
        """The attribute source-date-epoch, in seconds."""
        text = self.attributes.get("source-date-epoch")
        return int(text) if text else default

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the image; one attribute holds several, separated by commas."""
        return tuple(name for name in self.attributes.get("name", "").split(",") if name)


def parse(text: str) -> Output:
    """Raises OutputError with one line that says what is wrong."""
    fields = _fields(text)
    if len(fields) == 1 and fields[0] == text and not text.startswith("type="):
        return Output("tar", STDOUT, {}) if text == STDOUT else Output("local", text, {})
    kind = ""
    attributes: dict[str, str] = {}
    for item in fields:
        key, equals, value = item.partition("=")
        if not equals:
            raise OutputError(
                text, f"invalid value {item} in output {text!r}", hint="use key=value"
            )
        key = key.strip()
        if not is_annotation(key):
            key = key.lower()
        if key == "type":
            kind = value
        else:
            attributes[key] = value
    if not kind:
        raise OutputError(text, f"type is required for output {text!r}")
    if kind == "registry":
        kind = "image"
        attributes.setdefault("push", "true")
    _check(text, kind, attributes)
    return Output(kind, attributes.pop("dest", ""), attributes)


def _fields(text: str) -> list[str]:
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error as error:
        raise OutputError(text, f"invalid output {text!r}: {error}") from error
    if not rows or not rows[0]:
        raise OutputError(text, "an output needs a type or a destination")
    return rows[0]


def _check(text: str, kind: str, attributes: Mapping[str, str]) -> None:
    known = _KNOWN.get(kind)
    if known is None:
        names = ", ".join((*_KNOWN, "registry"))
        raise OutputError(text, f"unknown output type {kind!r}", hint=f"known are {names}")
    for key, value in attributes.items():
        if known >= _IMAGE and is_annotation(key):
            _check_annotation(text, key, value)
            continue
        if key not in known:
            raise OutputError(text, f"output type {kind} does not support the attribute {key!r}")
        if key in ("source-date-epoch", "compression-level") and not value.isdecimal():
            raise OutputError(text, f"attribute {key} of output {kind}: {value!r} is no number")
        if key == "compression" and value not in _COMPRESSIONS:
            raise OutputError(
                text,
                f"compression {value!r} is not supported",
                hint="its writers are not in reach of this program: choose gzip or zstd"
                if value == "estargz"
                else f"choose {', '.join(_COMPRESSIONS)}",
            )
        if key in _BOOLEANS and parse_bool(value) is None:
            raise OutputError(text, f"attribute {key} of output {kind}: {value!r} is no boolean")
    if parse_bool(attributes.get("oci-artifact", "")) and (
        parse_bool(attributes.get("oci-mediatypes", "")) is False
    ):
        raise OutputError(
            text, 'exporter option "oci-artifact=true" conflicts with "oci-mediatypes=false"'
        )
    if kind == "local":
        if not attributes.get("dest"):
            raise OutputError(text, "dest is required for local output")
        if attributes["dest"] == STDOUT:
            raise OutputError(text, "dest cannot be stdout for local output")
        if attributes.get("mode", "copy") != "copy":
            raise OutputError(text, f"output type local does not support mode={attributes['mode']}")
    if parse_bool(attributes.get("tar", "")) is False and attributes.get("dest", STDOUT) in (
        "",
        STDOUT,
    ):
        raise OutputError(text, f"output type {kind} with tar=false needs a directory as dest")


def _check_annotation(text: str, key: str, value: str) -> None:
    try:
        understood = parse_annotation(key, value)
    except InvalidPlatform as error:
        raise OutputError(text, f"annotation attribute {key!r}: {error}") from error
    if understood is None:
        types = ", ".join(TYPES)
        raise OutputError(
            text,
            f"annotation attribute {key!r} is not understood",
            hint=f"the form is annotation-TYPE[PLATFORM].KEY; types are {types}, "
            "those of an index have no platform",
        )
