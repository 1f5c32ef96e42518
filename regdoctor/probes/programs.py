"""Asks the programs of this host for their versions, where no package manager tells."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

SECONDS = 5.0
_COMMANDS = {
    "docker": ("dockerd", "--version"),
    "containerd": ("containerd", "--version"),
    "buildkit": ("buildkitd", "--version"),
    "podman": ("podman", "--version"),
    "buildah": ("buildah", "--version"),
    "skopeo": ("skopeo", "--version"),
    "cri-o": ("crio", "--version"),
    "nerdctl": ("nerdctl", "--version"),
    "k3s": ("k3s", "--version"),
    "rke2": ("rke2", "--version"),
    "kind": ("kind", "--version"),
    "crane": ("crane", "version"),
}
_VERSION = re.compile(r"\bv?(\d+\.\d+(?:\.\d+)?[^\s,)]*)")


def asked_versions(known: Mapping[str, str]) -> dict[str, str]:
    """``known`` and what the programs on PATH say that are not in it. Blocking."""
    wanted = {
        client: command
        for client, command in _COMMANDS.items()
        if client not in known and shutil.which(command[0])
    }
    with ThreadPoolExecutor(max_workers=4) as pool:
        said = pool.map(_asked, wanted.values())
        found = dict(zip(wanted, said, strict=True))
    return {**known, **{client: version for client, version in found.items() if version}}


def _asked(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = _VERSION.search(done.stdout[:4096])
    return found[1] if found else ""
