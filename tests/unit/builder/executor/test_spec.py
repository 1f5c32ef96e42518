"""The runtime configuration: what a step may do, and what insecure adds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from builder.executor.spec import (
    DEFAULT_CAPABILITIES,
    Bind,
    Sandbox,
    bounding_capabilities,
    runtime_config,
)
from builder.executor.types import Process, Ulimit
from builder.executor.users import Identity

EVERYTHING = frozenset({*DEFAULT_CAPABILITIES, "CAP_SYS_ADMIN", "CAP_NET_ADMIN"})


def config(process: Process | None = None, **options: Any) -> dict[str, Any]:
    sandbox = options.pop("sandbox", Sandbox(EVERYTHING))
    network = options.pop("network", None)
    private = options.pop("private_network", True)
    identity = options.pop("identity", Identity())
    binds = options.pop("binds", ())
    return runtime_config(
        Path("/root"), process or Process(("true",)), identity, binds,
        sandbox=sandbox, network=network, private_network=private, **options,
    )  # fmt: skip


def namespaces(document: dict[str, Any]) -> set[str]:
    return {item["type"] for item in document["linux"]["namespaces"]}


def mount(document: dict[str, Any], dest: str) -> dict[str, Any]:
    return next(item for item in document["mounts"] if item["destination"] == dest)


def test_a_step_gets_the_fourteen_capabilities_and_may_gain_privileges_by_setuid() -> None:
    process = config()["process"]
    assert process["capabilities"]["bounding"] == list(DEFAULT_CAPABILITIES)
    assert len(DEFAULT_CAPABILITIES) == 14
    assert set(process["capabilities"]) == {"bounding", "effective", "permitted"}
    assert process["noNewPrivileges"] is False


def test_only_capabilities_that_this_process_has_are_given() -> None:
    document = config(sandbox=Sandbox(frozenset({"CAP_CHOWN"})))
    assert document["process"]["capabilities"]["bounding"] == ["CAP_CHOWN"]
    assert "CAP_CHOWN" in bounding_capabilities() or not bounding_capabilities()


def test_without_a_device_cgroup_no_device_nodes_can_be_made() -> None:
    document = config(sandbox=Sandbox(EVERYTHING, cgroups=False, device_cgroup=False))
    assert "CAP_MKNOD" not in document["process"]["capabilities"]["bounding"]


def test_kernel_files_are_masked_or_read_only() -> None:
    linux = config()["linux"]
    assert {"/proc/kcore", "/proc/keys", "/sys/firmware"} <= set(linux["maskedPaths"])
    assert {"/proc/sys", "/proc/sysrq-trigger"} <= set(linux["readonlyPaths"])
    assert linux["seccomp"]["defaultAction"] == "SCMP_ACT_ERRNO"
    assert linux["resources"]["devices"][0] == {"allow": False, "access": "rwm"}
    assert "ro" in mount(config(), "/sys")["options"]
    assert "ro" in mount(config(), "/sys/fs/cgroup")["options"]


def test_insecure_lifts_all_of_it() -> None:
    document = config(Process(("true",), insecure=True))
    assert document["process"]["capabilities"]["effective"] == sorted(EVERYTHING)
    assert {"seccomp", "maskedPaths", "readonlyPaths"}.isdisjoint(document["linux"])
    assert document["linux"]["resources"]["devices"] == [{"allow": True, "access": "rwm"}]
    assert document["process"]["capabilities"]["ambient"] == sorted(EVERYTHING)
    assert any(device["path"] == "/dev/fuse" for device in document["linux"]["devices"])
    assert "rw" in mount(document, "/sys/fs/cgroup")["options"]


def test_namespaces_follow_the_network_and_the_cgroup_version() -> None:
    assert namespaces(config()) == {"pid", "ipc", "uts", "mount", "network"}
    assert "network" not in namespaces(config(private_network=False))
    assert "cgroup" in namespaces(config(sandbox=Sandbox(EVERYTHING, unified=True)))
    joined = config(network=Path("/proc/1/fd/9"))["linux"]["namespaces"]
    assert {"type": "network", "path": "/proc/1/fd/9"} in joined


def test_a_user_namespace_binds_the_hosts_sysfs_where_it_has_the_hosts_network() -> None:
    nested = Sandbox(EVERYTHING, uid_map=((0, 1000, 1),), gid_map=((0, 100, 1),))
    document = config(sandbox=nested, private_network=False)
    assert mount(document, "/sys")["options"][0] == "rbind"
    assert document["linux"]["uidMappings"] == [{"containerID": 0, "hostID": 1000, "size": 1}]
    assert document["linux"]["gidMappings"] == [{"containerID": 0, "hostID": 100, "size": 1}]
    assert mount(config(sandbox=nested), "/sys")["type"] == "sysfs"


def test_groups_that_cannot_be_set_are_not_asked_for() -> None:
    alone = Sandbox(EVERYTHING, groups=False, terminal_group=False)
    document = config(identity=Identity(5, 6, (7,)), sandbox=alone)
    assert document["process"]["user"] == {"uid": 5, "gid": 6, "additionalGids": []}
    assert not any("gid=" in option for option in mount(document, "/dev/pts")["options"])
    assert "gid=5" in mount(config(), "/dev/pts")["options"]


def test_sizes_limits_and_names_are_those_of_the_step() -> None:
    process = Process(
        ("a", "b"), env=("A=b",), cwd="/w", hostname="h", shm_size=4096,
        ulimits=(Ulimit("nofile", 10, 20), Ulimit("core", -1, -1)),
    )  # fmt: skip
    document = config(process, identity=Identity(5, 6, (7, 6)), cgroup="/parent/x")
    assert "size=4096" in mount(document, "/dev/shm")["options"]
    assert document["hostname"] == "h"
    assert document["linux"]["cgroupsPath"] == "/parent/x"
    assert document["process"]["rlimits"] == [
        {"type": "RLIMIT_NOFILE", "soft": 10, "hard": 20},
        {"type": "RLIMIT_CORE", "soft": 2**64 - 1, "hard": 2**64 - 1},
    ]
    assert document["process"]["user"] == {"uid": 5, "gid": 6, "additionalGids": [6, 7]}
    assert config()["hostname"] == "buildkitsandbox"
    assert "size=67108864" in mount(config(), "/dev/shm")["options"]


def test_binds_come_after_the_system_mounts_in_their_order() -> None:
    binds = (Bind("/a", Path("/src"), readonly=True), Bind("/t", None, readonly=False, size=9))
    document = config(binds=binds)
    first, second = document["mounts"][-2:]
    assert first == {
        "destination": "/a", "type": "bind", "source": "/src",
        "options": ["rbind", "rprivate", "ro"],
    }  # fmt: skip
    assert second["type"] == "tmpfs"
    assert {"size=9", "mode=1777"} <= set(second["options"])


def test_a_mount_over_one_of_the_sandbox_takes_its_place() -> None:
    before = [item["destination"] for item in config()["mounts"]]
    document = config(binds=(Bind("/dev/shm", None, readonly=False, size=9),))
    assert [item["destination"] for item in document["mounts"]] == before
    assert "size=9" in mount(document, "/dev/shm")["options"]


def test_an_insecure_step_in_a_user_namespace_gets_no_devices() -> None:
    nested = Sandbox(EVERYTHING, nested=True)
    assert config(Process(("true",), insecure=True), sandbox=nested)["linux"]["devices"] == []
