"""Files of this host that clients read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A file's content, or why it could not be read (``error``: an errno name)."""

    content: bytes = b""
    error: str = ""


@dataclass(frozen=True, slots=True)
class HostFiles:
    """Client configuration as it lies on disk. Paths are absolute, as the client sees them.

    ``directories`` maps a directory to the names in it; ``files`` a file to its content.
    A path in neither does not exist; a directory that may not be listed stands among the
    files with its error. ``home`` is the user's home directory, ``environment`` what a command
    of the user's would have of the variables that clients read. ``versions`` are those of the
    clients that are installed, by name (``docker``, ``containerd``). ``judged_by`` names the
    program whose rules a client is judged by, where it is not the usual one (``podman`` by
    ``buildah``), and ``asked`` an image of a registry, where the run is about one: some settings
    hold for a part of a registry. Secrets in files are replaced before they come here.
    """

    files: Mapping[str, FileSeen] = field(default_factory=dict)
    directories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    home: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    judged_by: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)

    def text(self, path: str) -> str | None:
        """The file as text, None where it is missing or unreadable."""
        seen = self.files.get(path)
        if seen is None or seen.error:
            return None
        return seen.content.decode("utf-8", "replace")


IN_IMAGES = "images"
"""The name of the ``RootsSeen`` that clients have in a container: the public roots alone."""


@dataclass(frozen=True, slots=True)
class RootsSeen:
    """A pool of trusted certificates (DER) and where it was read."""

    certificates: tuple[bytes, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnTrust:
    """What regdoctor itself was told to trust for an endpoint beyond the system's pool."""

    certificates: tuple[bytes, ...] = ()
    sources: tuple[str, ...] = ()
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class AskedClients:
    """Whose eyes the user asked to look through; a fault is an error where it breaks them."""

    names: tuple[str, ...]
