"""A root directory for one run of a program: the host's /usr, and the files of a case."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.fixtures.programs import COMPILED
from tests.replay.hostfiles import expanded

_OWN = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "etc/resolv.conf": "nameserver 127.0.0.1\noptions attempts:1 timeout:1\n",
    "etc/containers/policy.json": '{"default":[{"type":"insecureAcceptAnything"}]}',
    "etc/containers/storage.conf": (
        '[storage]\ndriver = "vfs"\n'
        'runroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n'
    ),
    "etc/containers/containers.conf": (
        '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
    ),
    "x/ctx/x": "x\n",
    "x/containerd.toml": 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n',
}
"""What a program wants to run at all; none of it says anything about a registry."""
_DIRECTORIES = ("dev", "proc", "sys", "tmp", "var/tmp", "run", "root", "usr", "peers", "x")
_LINKS = ("bin", "sbin", "lib", "lib64")
_ENTER = """
set -e
cd "$1"
mount --bind . .
cd "$1"
mount --rbind /usr usr
mount --rbind /dev dev
mount --rbind /sys sys
[ ! -d "$2" ] || mount --bind "$2" peers
mount -t proc proc proc
pivot_root . .
umount -l .
cd /
exec /bin/sh -c "$3"
"""
_NAMESPACES = ("--mount", "--pid", "--fork", "--kill-child", "--propagation", "private")
PATH = "/usr/sbin:/usr/bin:/peers"


def prepared(root: Path, case: Mapping[str, Any], names: Mapping[str, str], pki: Any) -> None:
    """Fills ``root``, which is not there yet, with what the case's program will find."""
    for each in _DIRECTORIES:
        (root / each).mkdir(parents=True)
    for each in _LINKS:
        (root / each).symlink_to(f"usr/{each}")
    hosts = "".join(f"{address} {name}\n" for name, address in names.items())
    _write(root / "etc/hosts", f"127.0.0.1 localhost\n{hosts}".encode())
    _write(root / "x/ctx/Dockerfile", f"FROM {case['reference']}\nCOPY x /x\n".encode())
    for path, text in _OWN.items():
        _write(root / path, text.encode())
    for path, text in case["files"].items():
        _write(root / path.lstrip("/"), expanded(text, pki))
    for path in case.get("empty_dirs", ()):
        (root / path.lstrip("/")).mkdir(parents=True, exist_ok=True)


def run(root: Path, script: str, environment: Mapping[str, str], seconds: float) -> tuple[int, str]:
    """Status and output of a shell line in ``root``; nothing that it started outlives it."""
    line = ("unshare", *_NAMESPACES, "sh", "-c", _ENTER, "enter", root, COMPILED, script)
    process = subprocess.Popen(
        line,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"PATH": PATH, "HOME": "/root", **environment},
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        return -1, f"{output.decode(errors='replace')}\nno end after {seconds} s"
    return process.returncode, output.decode(errors="replace")


def removed(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)


def addresses(names: Mapping[str, str], servers: Sequence[Mapping[str, Any]]) -> None:
    """Gives the loopback of this network namespace every address that a case has."""
    wanted = {*names.values(), *(server["ip"] for server in servers)}
    lines = "".join(
        f"addr replace {each}/32 dev lo\n" for each in sorted(wanted) if not each.startswith("127.")
    )
    subprocess.run(["ip", "-batch", "-"], input=f"link set lo up\n{lines}", text=True, check=True)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.chmod(path, 0o600 if b"PRIVATE KEY" in content else 0o644)
