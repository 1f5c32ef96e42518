"""Annotations that an output asks for, by the attribute grammar of BuildKit.

``annotation.KEY``, ``annotation-TYPE.KEY`` and ``annotation-TYPE[PLATFORM].KEY``, where TYPE
is ``manifest`` (the default), ``index``, ``manifest-descriptor`` or ``index-descriptor``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from builder.oci import platform as platforms
from builder.oci.platform import Platform

TYPES = ("manifest", "index", "manifest-descriptor", "index-descriptor")
_FORM = re.compile(
    r"annotation(?:-(?P<type>[a-z-]+?))?(?:\[(?P<platform>[^\]]*)\])?\.(?P<key>.+)", re.DOTALL
)
_PREFIX = "annotation"


class Annotation(Struct, frozen=True):
    """One annotation; without a platform it is for all of them."""

    type: str
    platform: Platform | None
    key: str
    value: str


def is_annotation(name: str) -> bool:
    """Whether an attribute means to be one."""
    return name.startswith((_PREFIX + ".", _PREFIX + "-", _PREFIX + "["))


def parse(name: str, value: str) -> Annotation | None:
    """The annotation of an attribute; None where it has not that form.

    Raises InvalidPlatform.
    """
    found = _FORM.fullmatch(name)
    if found is None:
        return None
    kind = found["type"] or "manifest"
    platform = platforms.parse(found["platform"]) if found["platform"] is not None else None
    if kind not in TYPES or (platform is not None and kind.startswith("index")):
        return None
    return Annotation(kind, platform, found["key"], value)


class Annotations(Struct, frozen=True):
    """All annotations of an output, by where they go."""

    items: tuple[Annotation, ...] = ()

    @classmethod
    def of(cls, attributes: Mapping[str, str]) -> Annotations:
        found = (parse(name, value) for name, value in attributes.items() if is_annotation(name))
        return cls(tuple(item for item in found if item is not None))

    def manifest(self, platform: Platform) -> dict[str, str]:
        return self._select("manifest", platform)

    def descriptor(self, platform: Platform) -> dict[str, str]:
        """Of the manifest's descriptor in the index, or in the layout."""
        return self._select("manifest-descriptor", platform)

    @property
    def index(self) -> dict[str, str]:
        return self._select("index", None)

    @property
    def index_descriptor(self) -> dict[str, str]:
        return self._select("index-descriptor", None)

    def _select(self, kind: str, platform: Platform | None) -> dict[str, str]:
        """Those for all platforms first, so that one for this platform wins."""
        fitting = [item for item in self.items if item.type == kind]
        general = {item.key: item.value for item in fitting if item.platform is None}
        special = {
            item.key: item.value
            for item in fitting
            if item.platform is not None
            and platform is not None
            and platforms.matches(item.platform, platform)
        }
        return general | special
