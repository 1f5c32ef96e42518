"""A plain user becomes root of a user namespace, in which a build can mount and own files.

The process itself moves, and no other takes its place: signals, exit codes, descriptors and
the working directory stay what they were. newuidmap(1) sets the ids that the administrator
lent the user; it has to run outside, so a shell that was started before waits for the move.
Without it the user's own id is the only one. See user_namespaces(7), newuidmap(1).
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
from pathlib import Path

from builder.executor import idmaps, programs
from builder.executor.types import ExecutorError
from builder.snapshot.mounts import (
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MountError,
    enter_private_mount_namespace,
    mount,
    unshare_cgroup,
    unshare_user,
)
from builder.transport.invoker import invoking_uid

_CGROUPS = Path("/sys/fs/cgroup")
_SYSCTL = Path("/proc/sys")
_SECONDS = 20.0


def enter_namespaces() -> str:
    """Give this process mounts of its own, and for a plain user a user namespace before.

    Must be called before threads are started. Returns what a build cannot do here because
    one user id is all it has; empty where it has more. Raises ExecutorError and MountError
    with what the host has to allow.
    """
    user = invoking_uid()
    if os.geteuid() == 0:
        enter_private_mount_namespace()
        _provide_cgroups()
        return _limit(user)
    said = _become_root()
    try:
        enter_private_mount_namespace()
    except MountError as error:
        raise ExecutorError(
            f"a user namespace was made, but may not mount: {os.strerror(error.errno)}",
            hint=what_forbids(),
        ) from error
    _provide_cgroups()
    return _limit(user, said)


def _provide_cgroups(mounts: Path = Path("/proc/self/mountinfo")) -> None:
    """A tree for the runtimes where none is mounted: they refuse to start without one.

    It is a mount of this process's namespace, which nobody else sees.
    """
    kinds = {line.rpartition(" - ")[2].partition(" ")[0] for line in mounts.open()}
    if kinds & {"cgroup", "cgroup2"} or not _CGROUPS.is_dir():
        return
    for kind, needed in (("cgroup2", None), ("cgroup2", unshare_cgroup), ("tmpfs", None)):
        # Mounting one is for the owner of the cgroup namespace; crun takes an empty directory.
        with contextlib.suppress(MountError):
            if needed is not None:
                needed()
            mount(kind, _CGROUPS, kind, MS_NOSUID | MS_NODEV | MS_NOEXEC)
            return


def _limit(user: int, said: str = "") -> str:
    if not idmaps.single_id():
        return ""
    return (
        "only one user id exists in this build: what gives files to other users, or becomes "
        f"one, fails (apt-get, useradd, chown, USER); {said or how_to_get_ids(user)}"
    )


def how_to_get_ids(user: int) -> str:
    """What an administrator does so that ``user`` has more ids than one."""
    ways = [] if idmaps.helpers() else ["install the package uidmap"]
    subids = (Path("/etc/subuid"), Path("/etc/subgid"))
    if not all(idmaps.lent(user, path) for path in subids):
        ways.append(
            "as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "
            + idmaps.name_of(user)
        )
    return "; ".join(ways) or "build without a user namespace around it"


def _become_root() -> str:
    """Move into a new user namespace; what newuidmap said where it could not set the ids."""
    uids, gids = idmaps.for_runtime()
    own = (f"0 {os.geteuid()} 1", f"0 {os.getegid()} 1")
    helper = _start_helper(uids, gids) if len(uids) > 1 else None
    try:
        try:
            unshare_user()
        except MountError as error:
            raise ExecutorError(
                f"a plain user cannot build here: no user namespace: {os.strerror(error.errno)}",
                hint=what_forbids(),
            ) from error
        said = _let_it_map(helper) if helper is not None else ""
    finally:
        if helper is not None:
            helper.kill()
            helper.communicate()
    _map_own("uid_map", own[0])
    _map_own("gid_map", own[1])
    return said


def _start_helper(uids: idmaps.IdMap, gids: idmaps.IdMap) -> subprocess.Popen[bytes]:
    commands = [
        shlex.join([programs.find(tool) or tool, str(os.getpid()), *_flat(ids)])
        for tool, ids in (("newuidmap", uids), ("newgidmap", gids))
    ]
    return subprocess.Popen(
        ["/bin/sh", "-c", " && ".join(("read -r _", *commands))],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def _flat(ids: idmaps.IdMap) -> list[str]:
    return [str(number) for row in ids for number in row]


def _let_it_map(helper: subprocess.Popen[bytes]) -> str:
    try:
        _, said = helper.communicate(b"go\n", timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return f"newuidmap did not end within {_SECONDS:g} seconds"
    if helper.returncode == 0:
        return ""
    lines = said.decode("utf-8", "replace").strip().splitlines()
    return f"newuidmap says: {lines[-1] if lines else f'exit code {helper.returncode}'}"


def _map_own(name: str, line: str) -> None:
    """Write a map that nobody has written yet: our own id alone, which needs no help."""
    path = Path("/proc/self", name)
    if path.read_text().strip():
        return
    try:
        if name == "gid_map":
            Path("/proc/self/setgroups").write_text("deny")
        path.write_text(line)
    except OSError as error:
        raise ExecutorError(
            f"a user namespace was made, but takes no ids: {os.strerror(error.errno or 0)}",
            hint=what_forbids(),
        ) from error


def what_forbids() -> str:
    """What has to be done so that a plain user can have namespaces here."""
    if _switch("kernel/apparmor_restrict_unprivileged_userns") == "1":
        wrong = "kernel.apparmor_restrict_unprivileged_userns=0"
    elif _switch("kernel/unprivileged_userns_clone") == "0":
        wrong = "kernel.unprivileged_userns_clone=1"
    elif _switch("user/max_user_namespaces") == "0":
        wrong = "user.max_user_namespaces=15000"
    else:
        return (
            "run it with sudo; in a container, its seccomp or security profile has to allow "
            "user namespaces"
        )
    return f"as root: sysctl -w {wrong}; or run it with sudo"


def _switch(name: str) -> str:
    try:
        return (_SYSCTL / name).read_text().strip()
    except OSError:
        return ""
