"""Where the state directory is, known without opening it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def default_root(environ: Mapping[str, str]) -> Path:
    """``$REGDOCTOR_ROOT``, else ``/var/lib/regdoctor`` for root and XDG's place for others.

    Root of a user namespace is one of the others where the host's root owns ``/var/lib``.
    """
    if environ.get("REGDOCTOR_ROOT"):
        return Path(environ["REGDOCTOR_ROOT"])
    if os.geteuid() == 0:
        shared = Path("/var/lib/regdoctor")
        if os.access(shared if shared.exists() else shared.parent, os.W_OK):
            return shared
    data = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "regdoctor"
