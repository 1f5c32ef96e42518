"""``--build-context``: what each name stands for, as the frontend is told."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from builder.api.errors import RequestError
from builder.api.inputs import ignored, read_input
from builder.api.steps import step
from builder.api.work import Work
from builder.errors import BuilderError
from builder.events import Emit
from builder.frontend.dockerfile import DockerfileError
from builder.frontend.dockerfile.gitref import parse_git_ref
from builder.oci import reference as references
from builder.oci.credentials import without_credentials
from builder.oci.digest import Digest
from builder.oci.platform import Platform
from builder.sources.image import ImageSource
from builder.sources.layout import find_image

_IMAGE = "docker-image:"
_LAYOUT = "oci-layout://"


class NamedContexts:
    """``values`` and ``ignores`` are the frontend's options; this is its LayoutResolver too.

    ``emit`` gets the steps of look-ups.
    """

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.ignores: dict[str, tuple[str, ...]] = {}
        self.layouts: dict[str, ImageSource] = {}
        self.emit: Emit = lambda event: None

    async def resolve_layout_config(
        self, store: str, digest: Digest, platform: Platform, *, log_name: str
    ) -> bytes:
        """Raises SourceError."""
        with step(self.emit, log_name):
            images = self.layouts[store]
            # the name is of no use: a layout is asked for a digest
            reference = references.parse(f"layout@{digest}")
            return (await images.find(reference, platform)).config


def named_contexts(given: Mapping[str, str], work: Work) -> NamedContexts:
    """Raises RequestError for what cannot be a context."""
    named = NamedContexts()
    for name, value in given.items():
        if value.startswith((_IMAGE, "target:")) or _is_fetched(value):
            named.values[name] = value
        elif value.startswith(_LAYOUT):
            _add_layout(named, name, value.removeprefix(_LAYOUT), work)
        else:
            _add_directory(named, name, value, work)
    return named


def _is_fetched(value: str) -> bool:
    if value.startswith(("http://", "https://")):
        return True
    try:
        return parse_git_ref(value) is not None
    except DockerfileError:
        return True  # the frontend says what is wrong with it


def _add_layout(named: NamedContexts, name: str, text: str, work: Work) -> None:
    try:
        root, tag, digest = find_image(text)
    except BuilderError as error:
        raise RequestError(
            f"failed to get build context {name}: {error}", hint=error.hint
        ) from error
    store = secrets.token_hex(12)
    named.layouts[store] = work.layout(store, root)
    named.values[name] = f"{_LAYOUT}{store}:{tag}@{digest}"


def _add_directory(named: NamedContexts, name: str, text: str, work: Work) -> None:
    path = Path(text)
    if not path.is_dir():
        shown = without_credentials(text)
        raise RequestError(f"failed to get build context {name}: {shown}: no such directory")
    named.values[name] = f"local:{name}"
    work.directories[name] = path
    ignore = path / ".dockerignore"
    if ignore.exists():
        data = read_input(ignore, path, f"failed to read {name}/.dockerignore")
        named.ignores[name] = ignored(data, ignore.name)
