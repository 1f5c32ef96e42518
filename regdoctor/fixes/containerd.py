"""Where containerd's CRI plugin looks for certificates and mirrors, and how to make it look."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass

from regdoctor.clients.containerd_config import (
    CONFIG,
    NEW_PLUGIN,
    OLD_PLUGIN,
    WrongConfig,
    registry_settings,
)
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.onhost import version_of
from regdoctor.model.finding import FileChange
from regdoctor.observations.host import HostFiles

CERTS = "/etc/containerd/certs.d"
_LINE = re.compile(r"^[ \t]*config_path[ \t]*=.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Root:
    """``directory`` holds one per registry; ``change`` is what config.toml lacks for it."""

    directory: str
    change: tuple[FileChange, ...] = ()

    @property
    def condition(self) -> str:
        """The rest of a sentence: what else has to be done."""
        return "; set config_path and restart containerd" if self.change else ""


def root_of(files: HostFiles) -> Root:
    """The directory that is read now, or the usual one and what makes it be read.

    The default of 2.2 and every other list has no effect there: the transfer service takes
    ``config_path`` for one directory.
    """
    release = version_of(files, "cri").version
    try:
        settings = registry_settings(Filesystem(files), release, CONFIG)
    except WrongConfig:
        return Root(CERTS)
    roots = settings.config_path.split(":") if settings.config_path else []
    if roots and roots[0] and (settings.local or len(roots) == 1):
        return Root(roots[0].rstrip("/"))
    if settings.legacy:
        return Root(CERTS)
    return Root(CERTS, (FileChange(CONFIG, _diff(files, newer=release.since(2))),))


def _diff(files: HostFiles, *, newer: bool) -> str:
    text = files.text(CONFIG) or ""
    line = f'config_path = "{CERTS}"'
    written = _LINE.search(text)
    if written is not None:
        indent = written[0][: len(written[0]) - len(written[0].lstrip())]
        return f"-{written[0]}\n+{indent}{line}\n"
    try:
        number = tomllib.loads(text).get("version")
    except tomllib.TOMLDecodeError:
        number = None
    head = "" if text else f"+version = {3 if newer else 2}\n"
    plugin = NEW_PLUGIN if newer and number in (None, 3) else OLD_PLUGIN
    return f'{head}+[plugins."{plugin}".registry]\n+  {line}\n'
