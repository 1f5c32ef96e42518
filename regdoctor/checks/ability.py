"""What a host can do, judged from what was seen of it; how to get what it lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from regdoctor.model.ability import Ability
from regdoctor.observations.ability import HostAbility

_FALSE = {"0", "f", "F", "false", "False", "FALSE"}
_TRUE = {"1", "t", "T", "true", "True", "TRUE"}
_OVERLAY_FOR_USERS = (5, 11)
_BUILDKIT_ENGINE = (18, 9)
_BUILDKIT_CLI = (23, 0)
_NO_CGROUPS = " (without cgroups)"
_LITTLE = 5 * 10**9
_CLIENTS = (
    *("docker", "dockerd", "docker-buildx", "buildkitd", "containerd", "ctr", "nerdctl"),
    *("podman", "buildah", "skopeo", "crane", "crio", "k3s", "kind", "kubectl", "helm"),
)
_SETTINGS = {
    "kernel.unprivileged_userns_clone": ("0", "1"),
    "user.max_user_namespaces": ("0", "15000"),
    "kernel.apparmor_restrict_unprivileged_userns": ("1", "0"),
}
"""The value that forbids plain users a namespace, and the one that allows it."""


def abilities(seen: HostAbility) -> tuple[Ability, ...]:
    """In the order of a build: the host, the user, the file system, the sandbox, the rest."""
    return (
        _kernel(seen),
        _build(seen),
        _namespaces(seen),
        *_ids(seen),
        *_files(seen),
        _cgroups(seen),
        *_sandbox(seen),
        *_network(seen),
        _foreign(seen),
        *(_tool(seen, name, package, what) for name, package, what in _TOOLS),
        _disk(seen),
        _clients(seen),
        *_buildkit(seen),
    )


_TOOLS = (
    ("git", "git", "contexts and ADD from repositories"),
    ("ssh", "openssh-client", "repositories by ssh"),
)


def _kernel(seen: HostAbility) -> Ability:
    return Ability("kernel", "told", f"Linux {seen.kernel.release} {seen.kernel.machine}")


def _build(seen: HostAbility) -> Ability:
    who = f"as {seen.user}" + ("" if seen.uid == 0 else ", in a user namespace")
    trial = seen.trial
    if trial.refused:
        return Ability("build", "missing", f"not {who}: {trial.refused}", trial.remedy)
    if not _working(trial.sandboxes):
        return Ability("build", "limited", f"{who}, but no RUN step", "see sandbox")
    return Ability("build", "works", who)


def _namespaces(seen: HostAbility) -> Ability:
    topic = "user namespaces"
    switches = seen.kernel.switches
    told = ", ".join(f"{name}={value}" for name, value in switches.items())
    shut = {
        name: allowing
        for name, (forbidding, allowing) in _SETTINGS.items()
        if switches.get(name) == forbidding
    }
    if not shut:
        return Ability(topic, "works", told or "the kernel has no switch that forbids them")
    remedy = "as root: sysctl -w " + " ".join(f"{k}={v}" for k, v in shut.items())
    return Ability(topic, "limited", f"not for plain users: {told}", remedy)


def _ids(seen: HostAbility) -> Iterator[Ability]:
    if seen.uid == 0:
        return
    users, groups = seen.trial.lent
    said = f"{users} user ids and {groups} group ids for {seen.user}"
    ways = []
    if not seen.trial.helpers:
        said += ", newuidmap is missing"
        ways.append("install uidmap")
    if not (users and groups):
        lend = "usermod --add-subuids 100000-165535 --add-subgids 100000-165535"
        ways.append(f"as root: {lend} {seen.user}")
    if ways:
        said += ": apt-get, useradd, chown and USER fail in RUN"
    yield Ability("lent ids", "limited" if ways else "works", said, "; ".join(ways))


def _files(seen: HostAbility) -> Iterator[Ability]:
    trial = seen.trial
    if trial.refused:
        return
    if trial.driver == "overlay":
        yield Ability("snapshots", "works", "overlay")
        return
    remedy = ""
    if "overlay" not in seen.kernel.file_systems:
        remedy = "as root: modprobe overlay"
    elif seen.uid and _numbers(seen.kernel.release) < _OVERLAY_FOR_USERS:
        remedy = "a kernel of 5.11 or later lets plain users mount overlays"
    else:
        remedy = "put the state directory on ext4, xfs or btrfs with --root"
    said = f"{trial.driver}, which is slower: {trial.no_overlay}"
    yield Ability("snapshots", "limited", said, remedy)


def _cgroups(seen: HostAbility) -> Ability:
    return Ability("cgroups", "told", seen.kernel.cgroups)


def _sandbox(seen: HostAbility) -> Iterator[Ability]:
    trial = seen.trial
    if trial.refused:
        return
    working = _working(trial.sandboxes)
    told = dict.fromkeys(
        f"{n.removesuffix(_NO_CGROUPS)}: {s}" for n, s in trial.sandboxes.items() if s
    )
    refused = "; ".join(told)
    if working:
        version = seen.programs.get(working[0].split()[0], "")
        said = " ".join(filter(None, (working[0], version)))
        others = f" ({refused})" if refused else ""
        if working[0].endswith(_NO_CGROUPS):
            said += ": RUN steps have no limits and no CAP_MKNOD"
        yield Ability("sandbox", "works", said + others)
    elif not trial.sandboxes:
        yield Ability("sandbox", "missing", "neither runc nor crun is here", "install runc or crun")
    else:
        yield Ability(
            "sandbox",
            "missing",
            refused,
            "allow namespaces and mounts, as root or by the profile of a container around it",
        )


def _network(seen: HostAbility) -> Iterator[Ability]:
    trial = seen.trial
    if trial.refused:
        return
    working = _working(trial.networks)
    if working:
        yield Ability("network of RUN", "works", working[0])
        return
    refused = "; ".join(f"{name}: {said}" for name, said in trial.networks.items())
    ways = ["install passt or slirp4netns"]
    if "/dev/net/tun" in refused:
        ways = ["as root: chmod 666 /dev/net/tun"]
    elif seen.uid == 0:
        ways.append("nftables for a bridge")
    said = f"the host's, its loopback included ({refused})"
    yield Ability("network of RUN", "limited", said, ", or ".join(ways))


def _foreign(seen: HostAbility) -> Ability:
    if seen.kernel.foreign:
        names = ", ".join(name.removeprefix("qemu-") for name in seen.kernel.foreign)
        return Ability("other platforms", "works", f"RUN for {names} by emulation")
    said = "RUN for this machine's platform alone"
    return Ability("other platforms", "limited", said, "install qemu-user-static")


def _tool(seen: HostAbility, name: str, package: str, what: str) -> Ability:
    if name in seen.programs:
        return Ability(name, "works", seen.programs[name] or "version unknown")
    return Ability(name, "limited", f"missing: no {what}", f"install {package}")


def _disk(seen: HostAbility) -> Ability:
    said = f"{_size(seen.free)} of {_size(seen.size)} free at {seen.state}"
    if seen.free < _LITTLE:
        return Ability("disk", "limited", said, "regdoctor cache prune, or another --root")
    return Ability("disk", "works", said)


def _clients(seen: HostAbility) -> Ability:
    found = [f"{name} {seen.programs[name]}".strip() for name in _CLIENTS if name in seen.programs]
    return Ability("clients", "told", ", ".join(found) or "none found")


def _buildkit(seen: HostAbility) -> Iterator[Ability]:
    """Whether ``docker build`` uses BuildKit: the variable, then what the CLI takes for granted."""
    topic = "docker's BuildKit"
    client = _numbers(seen.programs.get("docker", ""))
    if "docker" not in seen.programs:
        return
    engine = _numbers(seen.programs.get("dockerd", ""))
    value = seen.docker_buildkit or ""
    if engine and engine < _BUILDKIT_ENGINE:
        said = f"off: the engine is {seen.programs['dockerd']}, before 18.09"
        yield Ability(topic, "limited", said, "upgrade docker")
    elif value in _FALSE:
        said = f"off: DOCKER_BUILDKIT={value}"
        yield Ability(topic, "limited", said, "unset DOCKER_BUILDKIT")
    elif client and client < _BUILDKIT_CLI:
        yield _old_client(seen, topic, value)
    elif "docker-buildx" not in seen.programs:
        said = "off: docker 23.0 and later need the plugin buildx for it, which is missing"
        remedy = "install docker-buildx-plugin (docker's packages) or docker-buildx"
        yield Ability(topic, "limited", said, remedy)
    else:
        why = f"DOCKER_BUILDKIT={value}" if value in _TRUE else "the default since 23.0"
        yield Ability(topic, "works", f"on: {why}")


def _old_client(seen: HostAbility, topic: str, value: str) -> Ability:
    version = seen.programs["docker"]
    if value in _TRUE:
        return Ability(topic, "works", f"on: DOCKER_BUILDKIT={value}")
    if seen.daemon_buildkit:
        return Ability(topic, "works", "on: features.buildkit in /etc/docker/daemon.json")
    said = f"off: docker {version} wants it turned on"
    if seen.daemon_buildkit is False:
        said = "off: features.buildkit is false in /etc/docker/daemon.json"
    remedy = 'export DOCKER_BUILDKIT=1, or "features": {"buildkit": true} in daemon.json'
    return Ability(topic, "limited", said, remedy)


def _working(tried: Mapping[str, str]) -> list[str]:
    return [name for name, said in tried.items() if not said]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


def _size(number: int) -> str:
    return f"{number / 1e9:.1f} GB"
