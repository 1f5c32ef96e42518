"""How each client is run: the shell line that starts its daemon, where it has one, and asks."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

_READY = (
    "until {probe} >/dev/null 2>&1; do "
    "kill -0 $! 2>/dev/null || {{ tail -c 2000 /x/daemon.log; exit 97; }}; sleep 0.05; done; "
)
"""Waits for the daemon that was started last; exit status 97 where it has ended."""


def script(case: Mapping[str, Any]) -> str:
    """The line that does what the case's command says, with what runs only here around it."""
    prepare = case.get("prepare", "")
    line = _BY_CLIENT[case["client"]](case)
    return f"{prepare}; {line}" if prepare else line


def _plain(case: Mapping[str, Any]) -> str:
    return str(case["command"])


def _ctr(case: Mapping[str, Any]) -> str:
    ready = _READY.format(probe="test -S /run/containerd/containerd.sock && ctr version")
    daemon = (
        "env -i PATH=$PATH HOME=/root containerd --config /x/containerd.toml >/x/daemon.log 2>&1 & "
    )
    return f"{daemon}{ready}CONTAINERD_SNAPSHOTTER=native {case['command']}"


def _buildkitd(case: Mapping[str, Any]) -> str:
    daemon = (
        "buildkitd --oci-worker-net host --oci-worker-snapshotter native >/x/daemon.log 2>&1 & "
    )
    ready = _READY.format(probe="buildctl debug workers")
    return f"{daemon}{ready}{_client(case)}{case['command']}"


def _dockerd(case: Mapping[str, Any]) -> str:
    # A layer that does not come is asked for once: the tries after it take more than a minute.
    daemon = (
        "dockerd --iptables=false --ip6tables=false --bridge=none --storage-driver=vfs "
        "--max-download-attempts=1 >/x/daemon.log 2>&1 & "
    )
    ready = _READY.format(probe="docker version")
    return f"{daemon}{ready}{_client(case)}{case['command']}"


def _client(case: Mapping[str, Any]) -> str:
    """The environment of the command, which is not that of its daemon."""
    given = {"HOME": "/root", **case.get("client_env", {})}
    words = " ".join(f"{name}={shlex.quote(value)}" for name, value in given.items())
    return f"env -i PATH=$PATH {words} "


_BY_CLIENT = {
    "skopeo": _plain,
    "crane": _plain,
    "podman": _plain,
    "buildah": _plain,
    "ctr": _ctr,
    "buildkitd": _buildkitd,
    "docker-pull": _dockerd,
    "docker-build": _dockerd,
}
