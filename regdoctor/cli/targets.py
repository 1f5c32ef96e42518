"""What a TARGET of the command line means."""

from __future__ import annotations

import re
from pathlib import Path

from builder.oci.reference import InvalidReference, parse
from builder.transport import Endpoint, InvalidEndpoint
from regdoctor.cli.faults import UsageError
from regdoctor.diagnose import Wanted
from regdoctor.model.target import Target

_HOST_AND_PORT = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[^\[\]:/@\s]+)(?::(?P<port>\d+))?")


def wanted(text: str) -> Wanted:
    """A path, a URL, a registry or an image, tried in this order. Raises UsageError.

    ``name:1234`` without a dot is a registry where the number has four or more digits, else
    an image and its tag; ``docker.io/library/name:1234`` is always an image.
    """
    if "://" in text:
        return _url(text)
    if _is_path(text):
        return _build(text)
    if _is_registry(text):
        return Wanted(Target("registry", text), domains=(_domain(text),))
    try:
        reference = parse(text)
    except InvalidReference as error:
        hint = "a target is a directory, a Dockerfile, an image, a registry (host:port) or a URL"
        raise UsageError(str(error), hint=hint) from error
    return Wanted(Target("image", text), references=(reference,))


def _url(text: str) -> Wanted:
    try:
        endpoint = Endpoint.parse(text)
    except InvalidEndpoint as error:
        raise UsageError(str(error), hint="URLs begin with http:// or https://") from error
    return Wanted(Target("url", text), addresses=(endpoint,))


def _is_path(text: str) -> bool:
    return text in (".", "..") or text.startswith(("./", "../", "/")) or Path(text).exists()


def _build(text: str) -> Wanted:
    from regdoctor.cli.dockerfiles import references_of

    uses = references_of(Path(text))
    references = tuple(dict.fromkeys(reference for reference, _ in uses))
    return Wanted(Target("build", text), references=references, platforms=uses)


def _is_registry(text: str) -> bool:
    found = _HOST_AND_PORT.fullmatch(text)
    if found is None:
        return False
    host, port = found["host"], found["port"] or ""
    return "." in host or host.startswith("[") or host == "localhost" or len(port) >= 4


def _domain(text: str) -> str:
    try:
        Endpoint.parse(text)
    except InvalidEndpoint as error:
        raise UsageError(str(error)) from error
    return "docker.io" if text in ("index.docker.io", "registry-1.docker.io") else text
