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
