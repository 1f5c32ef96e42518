"""docker's default seccomp filter for this machine, as an OCI runtime wants it.

``seccomp.json`` holds docker's list as data; which rules apply depends on the machine, the
kernel and the capabilities of the step (runtime-spec, config-linux.md, "Seccomp").
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection
from functools import lru_cache
from importlib import resources
from typing import Any

_DOCKER_ARCH = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "arm",
    "armv6l": "arm",
    "i686": "x86",
}


@lru_cache(maxsize=8)
def profile(machine: str, release: str, capabilities: frozenset[str]) -> dict[str, Any]:
    """The ``linux.seccomp`` object. ``machine`` and ``release`` are ``uname``'s.

    Treat it as read-only: it is shared by all callers.
    """
    document = json.loads(resources.files(__package__).joinpath("seccomp.json").read_bytes())
    arch = _DOCKER_ARCH.get(machine, machine)
    syscalls = [
        {key: value for key, value in rule.items() if key not in ("includes", "excludes")}
        for rule in document["syscalls"]
        if _applies(rule, arch, release, capabilities)
    ]
    out: dict[str, Any] = {
        "defaultAction": document["defaultAction"],
        "defaultErrnoRet": document["defaultErrnoRet"],
        "syscalls": syscalls,
    }
    architectures = document["architectures"].get(machine)
    if architectures:
        out["architectures"] = architectures
    return out


def host_profile(capabilities: Collection[str]) -> dict[str, Any]:
    uname = os.uname()
    return profile(uname.machine, uname.release, frozenset(capabilities))


def _applies(rule: dict[str, Any], arch: str, release: str, capabilities: frozenset[str]) -> bool:
    includes, excludes = rule.get("includes", {}), rule.get("excludes", {})
    if arch in excludes.get("arches", ()) or capabilities.intersection(excludes.get("caps", ())):
        return False
    if "arches" in includes and arch not in includes["arches"]:
        return False
    if not capabilities.issuperset(includes.get("caps", ())):
        return False
    return "minKernel" not in includes or _version(release) >= _version(includes["minKernel"])


def _version(text: str) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)
