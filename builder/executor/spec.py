"""The OCI runtime configuration of one step (runtime-spec, config.md and config-linux.md).

The isolation is docker's for a build: 14 capabilities, the default seccomp filter, masked
and read-only paths, own pid, ipc, uts and mount namespaces. ``insecure`` lifts all of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct

from builder.executor import seccomp
from builder.executor.devices import insecure_devices
from builder.executor.hostfiles import DEFAULT_HOSTNAME
from builder.executor.types import Process, Resources
from builder.executor.users import Identity

DEFAULT_CAPABILITIES = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FSETID",
    "CAP_FOWNER",
    "CAP_MKNOD",
    "CAP_NET_RAW",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETFCAP",
    "CAP_SETPCAP",
    "CAP_NET_BIND_SERVICE",
    "CAP_SYS_CHROOT",
    "CAP_KILL",
    "CAP_AUDIT_WRITE",
)
"""docker's defaults."""

# fmt: off
_ALL_CAPABILITIES = (  # in the order of their bits (linux/capability.h)
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID",
    "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW",
    "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT",
    "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD",
    "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG",
    "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
)
# fmt: on

MASKED_PATHS = (
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap",
)
READONLY_PATHS = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
DEFAULT_SHM_SIZE = 64 * 1024 * 1024

_GUARDS = ("nosuid", "noexec", "nodev")


class Sandbox(Struct, frozen=True):
    """What this host allows, the same for every step.

    ``capabilities``: the bounding set. ``cgroups``: whether the runtime makes one;
    ``unified``: a pure version 2 tree. ``device_cgroup``: device nodes are filtered.
    ``uid_map`` and ``gid_map``: ``(inside, outside, count)`` of the user namespace that the
    runtime makes for a plain user, empty for none. ``groups``: supplementary groups can be
    set. ``terminal_group``: group 5 exists here, to own pseudo-terminals. ``nested``: this
    process is in a user namespace already.
    """

    capabilities: frozenset[str]
    cgroups: bool = True
    unified: bool = False
    device_cgroup: bool = True
    uid_map: tuple[tuple[int, int, int], ...] = ()
    gid_map: tuple[tuple[int, int, int], ...] = ()
    groups: bool = True
    terminal_group: bool = True
    nested: bool = False

    @property
    def user_namespace(self) -> bool:
        """Whether a step is in a user namespace: this process's, or one made for it."""
        return self.nested or bool(self.uid_map)


class Bind(Struct, frozen=True):
    """A resolved mount of a step: ``dest`` has no links any more. No source: a tmpfs.

    ``guarded``: no programs, set-user-ID bits or devices count in it. ``mode`` and ``size``
    (bytes, 0 for the kernel's choice) are those of a tmpfs.
    """

    dest: str
    source: Path | None
    readonly: bool
    size: int = 0
    mode: int = 0o1777
    guarded: bool = False


def bounding_capabilities() -> frozenset[str]:
    """The capabilities that a child of this process can still get."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapBnd:"):
            mask = int(line.split()[1], 16)
            return frozenset(
                f"CAP_{name}" for bit, name in enumerate(_ALL_CAPABILITIES) if mask >> bit & 1
            )
    return frozenset(DEFAULT_CAPABILITIES)


def runtime_config(
    root: Path,
    process: Process,
    identity: Identity,
    binds: Iterable[Bind],
    *,
    sandbox: Sandbox,
    network: Path | None,
    private_network: bool,
    cgroup: str = "",
) -> dict[str, Any]:
    """``config.json`` of a bundle. ``network`` is a namespace to join; without one the step
    gets an empty namespace where ``private_network``, else the host's."""
    capabilities = _capabilities(process, sandbox)
    linux: dict[str, Any] = {
        "namespaces": _namespaces(sandbox, network, private_network),
        "resources": {"devices": _device_rules(process), **_limits(process.resources)},
    }
    if cgroup:
        linux["cgroupsPath"] = cgroup
    if sandbox.uid_map:
        linux["uidMappings"] = _mappings(sandbox.uid_map)
        linux["gidMappings"] = _mappings(sandbox.gid_map)
    if process.insecure:
        # A user namespace has no say over devices.
        linux["devices"] = [] if sandbox.user_namespace else insecure_devices()
    else:
        linux["maskedPaths"] = list(MASKED_PATHS)
        linux["readonlyPaths"] = list(READONLY_PATHS)
        linux["seccomp"] = seccomp.host_profile(capabilities)
    return {
        "ociVersion": "1.0.2",
        "process": _process(process, identity, capabilities, sandbox.groups),
        "root": {"path": str(root)},
        "hostname": process.hostname or DEFAULT_HOSTNAME,
        "mounts": _last_of_each(
            [
                *_system_mounts(process, sandbox, private_network or network is not None),
                *(_bind(bind) for bind in binds),
            ]
        ),
        "linux": linux,
    }


def _process(
    process: Process, identity: Identity, capabilities: list[str], groups: bool
) -> dict[str, Any]:
    return {
        "terminal": False,
        "user": {
            "uid": identity.uid,
            "gid": identity.gid,
            "additionalGids": list(dict.fromkeys((identity.gid, *identity.groups)))
            if groups
            else [],
        },
        "args": list(process.args),
        "env": list(process.env),
        "cwd": process.cwd or "/",
        "capabilities": {
            "bounding": capabilities,
            "effective": capabilities,
            "permitted": capabilities,
            # An insecure step keeps them as another user than root, too.
            **({"inheritable": capabilities, "ambient": capabilities} if process.insecure else {}),
        },
        "rlimits": [
            {
                "type": f"RLIMIT_{limit.name.upper()}",
                "soft": _unsigned(limit.soft),
                "hard": _unsigned(limit.hard),
            }
            for limit in process.ulimits
        ],
        "noNewPrivileges": False,
    }


def _mappings(ids: tuple[tuple[int, int, int], ...]) -> list[dict[str, int]]:
    return [
        {"containerID": inside, "hostID": outside, "size": count} for inside, outside, count in ids
    ]


def _unsigned(limit: int) -> int:
    """-1 is RLIM_INFINITY, which the runtime-spec writes as an unsigned number."""
    return limit % 2**64


def _capabilities(process: Process, sandbox: Sandbox) -> list[str]:
    if process.insecure:
        return sorted(sandbox.capabilities)
    wanted = [name for name in DEFAULT_CAPABILITIES if name in sandbox.capabilities]
    if not sandbox.device_cgroup and not sandbox.user_namespace:
        # Nothing filters devices then: a step could make the node of the host's disk.
        wanted.remove("CAP_MKNOD")
    return wanted


def _namespaces(
    sandbox: Sandbox, network: Path | None, private_network: bool
) -> list[dict[str, str]]:
    out = [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]
    if network is not None:
        out.append({"type": "network", "path": str(network)})
    elif private_network:
        out.append({"type": "network"})
    if sandbox.unified and sandbox.cgroups:
        out.append({"type": "cgroup"})
    if sandbox.uid_map:
        out.append({"type": "user"})
    return out


def _last_of_each(mounts: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One mount for each place: a step's own stands where the sandbox's was."""
    return list({mount["destination"]: mount for mount in mounts}.values())


def _mount(dest: str, kind: str, source: str, *options: str) -> dict[str, Any]:
    return {"destination": dest, "type": kind, "source": source, "options": list(options)}


def _system_mounts(process: Process, sandbox: Sandbox, own_network: bool) -> list[dict[str, Any]]:
    access = "rw" if process.insecure else "ro"
    terminal_group = ("gid=5",) if sandbox.terminal_group else ()
    size = process.shm_size or DEFAULT_SHM_SIZE
    mounts = [
        _mount("/proc", "proc", "proc", *_GUARDS),
        _mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        _mount(
            "/dev/pts",
            "devpts",
            "devpts",
            "nosuid",
            "noexec",
            "newinstance",
            "ptmxmode=0666",
            "mode=0620",
            *terminal_group,
        ),
        _mount("/dev/shm", "tmpfs", "shm", *_GUARDS, "mode=1777", f"size={size}"),  # noqa: S108
        _mount("/dev/mqueue", "mqueue", "mqueue", *_GUARDS),
    ]
    if sandbox.user_namespace and not own_network:
        # sysfs belongs to the network namespace: with the host's it can only be bound.
        mounts.append(_mount("/sys", "none", "/sys", "rbind", *_GUARDS, "ro"))
        return mounts
    mounts.append(_mount("/sys", "sysfs", "sysfs", *_GUARDS, access))
    if sandbox.cgroups and not sandbox.user_namespace:
        mounts.append(_mount("/sys/fs/cgroup", "cgroup", "cgroup", *_GUARDS, "relatime", access))
    return mounts


def _bind(bind: Bind) -> dict[str, Any]:
    if bind.source is None:
        # Programs may be run from it, as in BuildKit: a step unpacks and runs in its /tmp.
        size = (f"size={bind.size}",) if bind.size else ()
        access = ("ro",) if bind.readonly else ()
        mode = f"mode={bind.mode:04o}"
        return _mount(bind.dest, "tmpfs", "tmpfs", "nosuid", mode, *size, *access)
    access = ("ro",) if bind.readonly else ("rw",)
    guards = _GUARDS if bind.guarded else ()
    return _mount(bind.dest, "bind", str(bind.source), "rbind", "rprivate", *guards, *access)


def _limits(wanted: Resources) -> dict[str, Any]:
    """``memory`` and ``cpu`` of the resources, without what is not limited."""
    memory = {"limit": wanted.memory, "swap": wanted.memory_swap}
    cpu = {
        "shares": wanted.cpu_shares,
        "quota": wanted.cpu_quota,
        "period": wanted.cpu_period,
        "cpus": wanted.cpuset_cpus,
        "mems": wanted.cpuset_mems,
    }
    kinds: dict[str, dict[str, Any]] = {"memory": memory, "cpu": cpu}
    limited = {kind: {k: v for k, v in values.items() if v} for kind, values in kinds.items()}
    return {kind: values for kind, values in limited.items() if values}


def _device_rules(process: Process) -> list[dict[str, Any]]:
    if process.insecure:
        return [{"allow": True, "access": "rwm"}]
    rules: list[dict[str, Any]] = [{"allow": False, "access": "rwm"}]
    # Any node may be made (debootstrap does), only the harmless ones used: the runtimes
    # add null, zero, full, random, urandom, tty, console and the pseudo-terminals.
    rules += [{"allow": True, "type": kind, "access": "m"} for kind in ("c", "b")]
    return rules
