"""Where the programs are that a step needs around it."""

from __future__ import annotations

import os
import shutil

ADMINISTRATION = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Searched after PATH: runc and nft are there, and a plain user's PATH often has it not."""


def find(name: str) -> str | None:
    """The absolute path of a program by its name (or of a path itself); None if missing."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *ADMINISTRATION))
    return shutil.which(name, path=path)


def environment() -> dict[str, str]:
    """What a program that outlasts a step's start is told: nothing that the user's own
    environment may hold in secret, and no socket of whoever started us."""
    kept = ("PATH", "HOME", "XDG_RUNTIME_DIR")
    return {name: os.environ[name] for name in kept if name in os.environ}
