"""``--cache-to`` and ``--cache-from`` values, read as buildx reads them.

``type=registry,ref=R``, ``type=local,dest=DIR``, ``type=inline``; an import without ``=`` is
the reference of a registry cache.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping

from msgspec import Struct

from builder.errors import BuilderError
from builder.oci import reference as references
from builder.oci.digest import Digest, InvalidDigest
from builder.oci.gobool import parse_bool
from builder.oci.reference import InvalidReference, Reference

_BLOBS = frozenset(
    {
        *("mode", "compression", "compression-level", "force-compression"),
        *("oci-mediatypes", "image-manifest"),
    }
)
_EXPORTS: Mapping[str, frozenset[str]] = {
    "inline": frozenset({"mode", "ignore-error"}),
    "registry": _BLOBS | {"ref", "registry.insecure", "ignore-error"},
    "local": _BLOBS | {"dest", "tag", "ignore-error"},
}
_IMPORTS: Mapping[str, frozenset[str]] = {
    "registry": frozenset({"ref", "registry.insecure"}),
    "local": frozenset({"src", "digest", "tag"}),
}
_ELSEWHERE: Mapping[str, str] = {
    "gha": "it is a private service that only a runner of GitHub Actions can reach",
    "s3": "it needs a client of Amazon's storage",
    "azblob": "it needs a client of Azure's storage",
}
_BOOLEANS = frozenset(
    {"oci-mediatypes", "image-manifest", "ignore-error", "registry.insecure", "force-compression"}
)
_COMPRESSIONS = ("gzip", "zstd", "uncompressed")


class CacheOptionError(BuilderError):
    """A ``--cache-to`` or ``--cache-from`` value that makes no sense (a usage error)."""


class CacheOption(Struct, frozen=True):
    """One value; ``type`` is ``inline``, ``registry`` or ``local``."""

    type: str
    attributes: Mapping[str, str]

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean attribute, as Go's ParseBool reads it."""
        text = self.attributes.get(name, "")
        return default if not text else parse_bool(text) is True

    @property
    def reference(self) -> Reference:
        """Where a registry cache is; the tag is ``latest`` where none is given."""
        return references.parse(self.attributes["ref"])

    @property
    def place(self) -> str:
        """What messages call it."""
        attributes = self.attributes
        return attributes.get("ref") or attributes.get("dest") or attributes.get("src") or self.type

    @property
    def everything(self) -> bool:
        """Whether ``mode=max`` was asked for: results of every step, not of the image's only."""
        return self.attributes.get("mode") == "max"

    @property
    def docker_types(self) -> bool:
        return not self.flag("oci-mediatypes", default=True)

    @property
    def image_manifest(self) -> bool:
        """An image manifest, or the index of older versions."""
        return self.flag("image-manifest", default=not self.docker_types)


def parse_export(text: str) -> CacheOption:
    """Raises CacheOptionError."""
    option = _parse(text, "--cache-to", _EXPORTS)
    attributes = option.attributes
    if option.type == "local" and not attributes.get("dest"):
        raise CacheOptionError("local cache exporter requires dest")
    if attributes.get("mode", "min") not in ("min", "max"):
        raise CacheOptionError(f"--cache-to {text}: mode is min or max")
    if attributes.get("compression", "gzip") not in _COMPRESSIONS:
        raise CacheOptionError(
            f"--cache-to {text}: compression {attributes['compression']!r} is not supported",
            hint=f"choose {', '.join(_COMPRESSIONS)}",
        )
    if not attributes.get("compression-level", "0").isdecimal():
        raise CacheOptionError(f"--cache-to {text}: compression-level is a number")
    if option.docker_types and option.image_manifest:
        raise CacheOptionError(
            f"--cache-to {text}: OCI mediatypes are required for image-manifest cache format"
        )
    return option


def parse_import(text: str) -> CacheOption:
    """Raises CacheOptionError."""
    if "=" not in text:
        text = f"type=registry,ref={text}"
    option = _parse(text, "--cache-from", _IMPORTS)
    attributes = option.attributes
    if option.type == "local" and not attributes.get("src"):
        raise CacheOptionError("local cache importer requires src")
    if attributes.get("digest"):
        try:
            Digest(attributes["digest"])
        except InvalidDigest as error:
            raise CacheOptionError(f"--cache-from {text}: {error}") from error
    return option


def _parse(text: str, flag: str, known: Mapping[str, frozenset[str]]) -> CacheOption:
    kind, attributes = _fields(text, flag)
    if kind in _ELSEWHERE:
        raise CacheOptionError(
            f"{flag}: type={kind} is not supported: {_ELSEWHERE[kind]}",
            hint="use type=registry or type=local, which every builder reads",
        )
    if kind not in known:
        hint = f"known are {', '.join(known)}"
        if kind == "inline":
            hint = "an inline cache is read from its image: type=registry,ref=IMAGE"
        raise CacheOptionError(f"{flag}: unknown cache type {kind!r}", hint=hint)
    for key, value in attributes.items():
        if key not in known[kind]:
            raise CacheOptionError(f"{flag}: type={kind} does not support the attribute {key!r}")
        if key in _BOOLEANS and parse_bool(value) is None:
            raise CacheOptionError(f"{flag}: attribute {key}: {value!r} is no boolean")
    if kind == "registry":
        _check_reference(attributes.get("ref", ""), flag)
    return CacheOption(kind, attributes)


def _fields(text: str, flag: str) -> tuple[str, dict[str, str]]:
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error as error:
        raise CacheOptionError(f"invalid {flag} {text!r}: {error}") from error
    attributes: dict[str, str] = {}
    for item in rows[0] if rows else ():
        key, equals, value = item.partition("=")
        if not equals:
            raise CacheOptionError(f"invalid value {item} in {flag} {text!r}", hint="use key=value")
        attributes[key.strip().lower()] = value
    kind = attributes.pop("type", "")
    if not kind:
        raise CacheOptionError(f"type is required for {flag} {text!r}")
    return kind, attributes


def _check_reference(text: str, flag: str) -> None:
    if not text:
        raise CacheOptionError(f"{flag}: a registry cache requires ref")
    try:
        references.parse(text)
    except InvalidReference as error:
        raise CacheOptionError(f"{flag}: ref={text}: {error.why}") from error
