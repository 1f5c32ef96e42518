"""docker's filter, for the machine and the capabilities at hand."""

from __future__ import annotations

from typing import Any

from builder.executor.seccomp import profile
from builder.executor.spec import DEFAULT_CAPABILITIES

DEFAULT = frozenset(DEFAULT_CAPABILITIES)
MODERN = "6.1.0-18-amd64"


def allowed(document: dict[str, Any]) -> set[str]:
    """The names allowed with any argument."""
    return {
        name
        for rule in document["syscalls"]
        if rule["action"] == "SCMP_ACT_ALLOW" and "args" not in rule
        for name in rule["names"]
    }


def test_what_is_not_listed_fails_with_eperm() -> None:
    document = profile("x86_64", MODERN, DEFAULT)
    assert document["defaultAction"] == "SCMP_ACT_ERRNO"
    assert document["defaultErrnoRet"] == 1
    assert {"mount", "unshare", "bpf", "keyctl", "userfaultfd", "reboot"}.isdisjoint(
        allowed(document)
    )


def test_ordinary_work_is_allowed() -> None:
    names = allowed(profile("x86_64", MODERN, DEFAULT))
    assert {"openat", "execve", "fork", "chroot", "mknod", "statx", "ptrace"} <= names


def test_a_clone_may_not_make_namespaces_and_clone3_is_denied_softly() -> None:
    document = profile("x86_64", MODERN, DEFAULT)
    rules = {rule["names"][0]: rule for rule in document["syscalls"] if len(rule["names"]) == 1}
    assert rules["clone"]["args"] == [{"index": 0, "value": 0x7E020000, "op": "SCMP_CMP_MASKED_EQ"}]
    assert rules["clone3"] == {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}


def test_socket_families_that_reach_the_host_are_not_allowed() -> None:
    document = profile("x86_64", MODERN, DEFAULT)
    families = {
        argument["value"]
        for rule in document["syscalls"]
        if rule["names"] == ["socket"]
        for argument in rule["args"]
    }
    assert {38, 40}.isdisjoint(families)  # AF_ALG, AF_VSOCK
    assert {12, 16, 17} <= families


def test_capabilities_widen_the_list() -> None:
    names = allowed(profile("x86_64", MODERN, DEFAULT | {"CAP_SYS_ADMIN"}))
    assert {"mount", "clone", "clone3", "unshare"} <= names


def test_the_machine_decides_what_applies() -> None:
    amd64, arm64 = (profile(machine, MODERN, DEFAULT) for machine in ("x86_64", "aarch64"))
    assert "arch_prctl" in allowed(amd64)
    assert "arch_prctl" not in allowed(arm64)
    assert "cacheflush" in allowed(arm64)
    assert amd64["architectures"] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    assert "architectures" not in profile("ppc64le", MODERN, DEFAULT)
    s390 = profile("s390x", MODERN, DEFAULT)
    clone = next(rule for rule in s390["syscalls"] if rule["names"] == ["clone"])
    assert clone["args"][0]["index"] == 1


def test_an_old_kernel_does_not_get_ptrace() -> None:
    assert "ptrace" not in allowed(profile("x86_64", "4.4.0", DEFAULT))
    assert "ptrace" in allowed(profile("x86_64", "4.8.0-1", DEFAULT))
