"""Whose configuration files are judged beside those of the host."""

from __future__ import annotations

import os
from pathlib import Path


def home_below(host_root: Path) -> str:
    """The user's directory on the host whose files are below ``host_root``: ``$HOME`` on this one,
    empty where that is not set; root's on another, whose users nobody here knows."""
    return os.environ.get("HOME", "").rstrip("/") if host_root == Path("/") else "/root"
