"""Which versions of the clients a host has, as its package manager wrote down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from builder.transport.rooted import read_regular

_STATUS = "/var/lib/dpkg/status"
_MOST_BYTES = 16 << 20
"""A host with three thousand packages has four megabytes."""
_PACKAGES = {
    "docker.io": "docker",
    "docker-ce": "docker",
    "docker-engine": "docker",
    "moby-engine": "docker",
    "containerd": "containerd",
    "containerd.io": "containerd",
    "moby-containerd": "containerd",
    "podman": "podman",
    "buildah": "buildah",
    "skopeo": "skopeo",
    "cri-o": "cri-o",
    "nerdctl": "nerdctl",
    "buildkit": "buildkit",
    "docker-desktop": "docker-desktop",
}


def installed_versions(root: Path) -> dict[str, str]:
    """Client to version (``20.10.24``), of the packages that are installed below ``root``."""
    try:
        content = read_regular(root, _STATUS, _MOST_BYTES)
    except OSError:
        return {}
    return dict(_installed("\n" + content.decode("utf-8", "replace")))


def _installed(text: str) -> Iterator[tuple[str, str]]:
    for package, client in _PACKAGES.items():
        at = text.find(f"\nPackage: {package}\n")
        if at < 0:
            continue
        end = text.find("\n\n", at)
        block = text[at + 1 : end if end >= 0 else None]
        fields = dict(line.partition(": ")[::2] for line in block.splitlines() if ": " in line)
        if " installed" in fields.get("Status", "") and (found := fields.get("Version")):
            yield client, found.partition(":")[2] if ":" in found else found
