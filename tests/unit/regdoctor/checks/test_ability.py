"""What a host can do, judged from what was seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from regdoctor.checks.ability import abilities
from regdoctor.model.ability import Ability
from regdoctor.observations.ability import HostAbility, Kernel, Trial

TRIAL = Trial(
    driver="overlay",
    sandboxes={"crun": "", "runc": ""},
    networks={"bridge": "no", "pasta": ""},
    lent=(65536, 65536),
    helpers=True,
)
HOST = HostAbility(
    kernel=Kernel("6.1.0-13-amd64", "x86_64", {}, "v2", ("qemu-aarch64",), ("ext4", "overlay")),
    user="ann",
    uid=1000,
    trial=TRIAL,
    state="/home/ann/state",
    free=50 * 10**9,
    size=100 * 10**9,
    programs={
        "crun": "1.8.1", "git": "2.39.5", "ssh": "9.2p1",
        "docker": "24.0.7", "dockerd": "24.0.7", "docker-buildx": "0.11.2",
    },
)  # fmt: skip
BUILDKIT = "docker's BuildKit"


def about(topic: str, seen: HostAbility) -> Ability:
    (found,) = [each for each in abilities(seen) if each.topic == topic]
    return found


def tried(**changed: Any) -> HostAbility:
    return replace(HOST, trial=replace(TRIAL, **changed))


def switched(name: str, value: str) -> HostAbility:
    return replace(HOST, kernel=replace(HOST.kernel, switches={name: value}))


def test_a_host_that_has_everything_has_no_remedy() -> None:
    found = abilities(HOST)
    assert {each.state for each in found} == {"works", "told"}
    assert not any(each.remedy for each in found)
    assert about("build", HOST).said == "as ann, in a user namespace"
    assert about("sandbox", HOST).said == "crun 1.8.1"
    assert about("network of RUN", HOST).said == "pasta"
    assert about("clients", HOST).said == "docker 24.0.7, dockerd 24.0.7, docker-buildx 0.11.2"


def test_a_build_that_is_refused_is_told_once_with_its_remedy() -> None:
    seen = tried(refused="no user namespace", remedy="sysctl", driver="", sandboxes={})
    found = about("build", seen)
    assert (found.state, found.remedy) == ("missing", "sysctl")
    topics = {each.topic for each in abilities(seen)}
    assert topics.isdisjoint({"sandbox", "snapshots", "network of RUN"})


@pytest.mark.parametrize(
    ("name", "forbidding", "allowing"),
    [
        ("kernel.unprivileged_userns_clone", "0", "1"),
        ("user.max_user_namespaces", "0", "15000"),
        ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ],
)
def test_each_switch_that_forbids_namespaces(name: str, forbidding: str, allowing: str) -> None:
    found = about("user namespaces", switched(name, forbidding))
    assert (found.state, found.remedy) == ("limited", f"as root: sysctl -w {name}={allowing}")
    assert about("user namespaces", switched(name, allowing)).state == "works"


def test_ids_that_are_not_lent() -> None:
    nothing = about("lent ids", tried(lent=(0, 0), helpers=False))
    assert nothing.state == "limited"
    assert nothing.remedy.startswith("install uidmap; as root: usermod --add-subuids")
    assert nothing.remedy.endswith(" ann")
    assert about("lent ids", tried(helpers=False)).remedy == "install uidmap"
    assert not [each for each in abilities(replace(HOST, uid=0)) if each.topic == "lent ids"]


def test_a_slower_file_system_says_why() -> None:
    seen = tried(driver="copy", no_overlay="overlay does not work in /x: no")
    assert about("snapshots", seen).said.endswith("overlay does not work in /x: no")
    assert "--root" in about("snapshots", seen).remedy
    old = replace(seen, kernel=replace(seen.kernel, release="5.4.0"))
    assert "5.11" in about("snapshots", old).remedy
    without = replace(seen, kernel=replace(seen.kernel, file_systems=("ext4",)))
    assert about("snapshots", without).remedy == "as root: modprobe overlay"


def test_sandboxes_that_do_not_work() -> None:
    seen = tried(sandboxes={"crun": "no", "runc": "", "crun (without cgroups)": "no"})
    assert about("sandbox", seen).said == "runc (crun: no)"
    seen = tried(sandboxes={"runc": "no", "runc (without cgroups)": ""})
    assert "no limits" in about("sandbox", seen).said
    seen = tried(sandboxes={"runc": "no"})
    assert (about("sandbox", seen).state, about("sandbox", seen).said) == ("missing", "runc: no")
    assert about("build", seen).state == "limited"
    assert about("sandbox", tried(sandboxes={})).remedy == "install runc or crun"


def test_a_host_s_network_is_a_limit() -> None:
    found = about("network of RUN", tried(networks={"pasta": "pasta not found"}))
    assert (found.state, found.remedy) == ("limited", "install passt or slirp4netns")
    found = about("network of RUN", tried(networks={"slirp4netns": 'open("/dev/net/tun"): no'}))
    assert found.remedy == "as root: chmod 666 /dev/net/tun"


def test_a_disk_that_is_almost_full() -> None:
    assert about("disk", replace(HOST, free=10**9)).state == "limited"
    assert about("disk", HOST).said == "50.0 GB of 100.0 GB free at /home/ann/state"


@pytest.mark.parametrize(
    ("client", "engine", "variable", "daemon", "on"),
    [
        ("24.0.7", "24.0.7", None, None, True),
        ("24.0.7", "24.0.7", "0", None, False),
        ("24.0.7", "24.0.7", "1", False, True),
        ("24.0.7", "24.0.7", None, False, True),
        ("23.0.0", "", None, None, True),
        ("20.10.24", "20.10.24", None, None, False),
        ("20.10.24", "20.10.24", None, True, True),
        ("20.10.24", "20.10.24", None, False, False),
        ("20.10.24", "20.10.24", "1", False, True),
        ("20.10.24", "20.10.24", "false", True, False),
        ("18.09.1", "18.09.1", "1", None, True),
        ("18.06.3", "18.06.3", "1", True, False),
        ("24.0.7", "18.06.3", "1", None, False),
    ],
)
def test_buildkit_is_on_or_off(
    client: str, engine: str, variable: str | None, daemon: bool | None, on: bool
) -> None:
    programs = {"docker": client, "docker-buildx": "0.11.2"} | (
        {"dockerd": engine} if engine else {}
    )
    seen = replace(HOST, programs=programs, docker_buildkit=variable, daemon_buildkit=daemon)
    found = about(BUILDKIT, seen)
    assert found.said.startswith("on: " if on else "off: ")
    assert bool(found.remedy) is not on


def test_a_new_docker_without_buildx_has_no_buildkit() -> None:
    found = about(BUILDKIT, replace(HOST, programs={"docker": "24.0.7", "dockerd": "24.0.7"}))
    assert "plugin buildx" in found.said
    assert "docker-buildx" in found.remedy
    assert not [each for each in abilities(replace(HOST, programs={})) if each.topic == BUILDKIT]
