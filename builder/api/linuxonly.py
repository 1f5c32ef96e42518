"""Images for Windows are refused, by one sentence, before anything of them is fetched."""

from __future__ import annotations

import json

from builder.api.errors import RequestError
from builder.api.request import BuildRequest
from builder.errors import BuilderError
from builder.oci.platform import Platform
from builder.oci.reference import Reference

_ONLY = "only images for Linux can be built"
_HINT = "build images for Windows on a Windows host, with docker"


class WindowsImage(BuilderError):
    """A base image whose config says that it is for Windows."""


def refuse_windows_platforms(request: BuildRequest) -> None:
    """Raises RequestError where the result would be for Windows."""
    for platform in request.platforms:
        if platform.os == "windows":
            raise RequestError(f"--platform {platform}: {_ONLY}", hint=_HINT)


def refuse_windows_base(reference: Reference, wanted: Platform, config: bytes) -> None:
    """Raises WindowsImage for an image that was asked for, or turns out to be, for Windows."""
    document = json.loads(config)
    found = document.get("os") if isinstance(document, dict) else ""
    if "windows" in (wanted.os, found):
        raise WindowsImage(f"{reference} is an image for Windows: {_ONLY}", hint=_HINT)
