"""Steps run in a real runtime, over a root of BusyBox: what they see, may do, and leave."""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from builder.executor import (
    ExecMount,
    ExecutorError,
    ExitError,
    Network,
    Process,
    Ulimit,
)
from builder.executor.sandbox import RuntimeExecutor, open_executor

pytestmark = [pytest.mark.integration, pytest.mark.root]

PATH = "PATH=/bin"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with BusyBox and nothing else: no /etc, /dev, /proc, /sys."""
    directory = tmp_path / "root"
    (directory / "bin").mkdir(parents=True)
    program = shutil.which("busybox")
    assert program, "busybox is missing; Debian's package is busybox-static"
    shutil.copy(program, directory / "bin" / "sh")
    (directory / "bin" / "busybox").symlink_to("sh")
    return directory


@pytest.fixture
async def executor(tmp_path: Path) -> AsyncIterator[RuntimeExecutor]:
    opened = await open_executor(tmp_path / "state")
    yield opened
    await opened.aclose()


async def shell(executor: RuntimeExecutor, root: Path, script: str, **options: object) -> str:
    """What ``script`` says on both streams. Without a network unless one is asked for."""
    options = {"network": Network.NONE, "env": (PATH,), **options}
    said: list[bytes] = []
    process = Process(args=("/bin/sh", "-c", script), **options)  # type: ignore[arg-type]
    await executor.run(root, process, lambda _, data: said.append(data))
    return b"".join(said).decode()


async def test_streams_are_told_apart_as_they_come(executor: RuntimeExecutor, root: Path) -> None:
    seen: list[tuple[int, bytes, float]] = []
    process = Process(
        args=("/bin/sh", "-c", "echo one; sleep 0.5; echo two >&2"),
        env=(PATH,),
        network=Network.NONE,
    )
    await executor.run(root, process, lambda s, data: seen.append((s, data, time.monotonic())))
    assert [(stream, data) for stream, data, _ in seen] == [(1, b"one\n"), (2, b"two\n")]
    assert seen[1][2] - seen[0][2] > 0.3


async def test_environment_directory_and_names_are_those_of_the_step(
    executor: RuntimeExecutor, root: Path
) -> None:
    said = await shell(
        executor, root, "pwd; hostname; echo $A; cat /etc/hosts; tr '\\0' '\\n' </proc/1/environ",
        env=(PATH, "A=b c"), cwd="/made/here", hostname="box", extra_hosts=(("db", "10.0.0.7"),),
    )  # fmt: skip
    lines = said.splitlines()
    assert lines[:3] == ["/made/here", "box", "b c"]
    assert "127.0.0.1\tlocalhost box" in lines
    assert "10.0.0.7\tdb" in lines
    assert {line.split("=")[0] for line in lines[6:] if "=" in line} <= {"PATH", "A", "HOME"}


async def test_the_sandbox_is_dockers(executor: RuntimeExecutor, root: Path) -> None:
    said = await shell(
        executor, root,
        "exec 2>&1; grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status; ls -la /dev;"
        "cat /proc/kcore | busybox wc -c; echo x >/proc/sys/kernel/hostname;"
        "mount -t tmpfs x /tmp; busybox unshare -m true; chroot / busybox true && echo chrooted;"
        "touch /sys/x; mknod /sda b 8 0 && cat /sda; ls /sys/firmware | busybox wc -l; ps",
    )  # fmt: skip
    assert "CapEff:\t00000000a80425fb" in said
    assert "NoNewPrivs:\t0" in said
    assert "Seccomp:\t2" in said
    assert "sda" not in said.split("grep")[0].split("total")[1].split("\n0\n")[0]
    assert said.count("Read-only file system") == 2
    assert "chrooted" in said
    assert "permission denied" in said
    assert "can't open '/sda': Operation not permitted" in said
    assert "unshare" in said
    assert "PID" in said
    assert len([line for line in said.splitlines() if "sh -c" in line or " ps" in line]) <= 3


async def test_insecure_may_mount(executor: RuntimeExecutor, root: Path) -> None:
    (root / "mnt").mkdir()
    script = "mount -t tmpfs x /mnt && echo mounted; grep Seccomp: /proc/self/status"
    said = await shell(executor, root, script, insecure=True)
    assert "mounted" in said
    assert "Seccomp:\t0" in said


async def test_insecure_keeps_its_capabilities_as_a_user_and_has_buildkits_devices(
    executor: RuntimeExecutor, root: Path
) -> None:
    script = "grep -E 'Cap(Eff|Amb)' /proc/self/status; busybox ls /dev /dev/net"
    said = await shell(executor, root, script, insecure=True, user="5")
    effective, ambient = (int(line.split()[1], 16) for line in said.splitlines()[:2])
    assert effective == ambient > 0xA80425FB
    assert {"fuse", "loop-control", "loop7", "tun", "kmsg"} <= set(said.splitlines())


async def test_a_root_without_anything_gets_nothing_but_the_kernels_directories(
    executor: RuntimeExecutor, root: Path
) -> None:
    source = root.parent / "source"
    source.mkdir()
    mounts = (ExecMount("/cache/deep/dir", source=source), ExecMount("/t", kind="tmpfs"))
    await shell(executor, root, "test -f /etc/hosts && echo x >/t/x", mounts=mounts)
    assert sorted(os.listdir(root)) == ["bin", "dev", "proc", "sys"]
    assert all(os.listdir(root / name) == [] for name in ("dev", "proc", "sys"))


async def test_the_time_of_etc_does_not_tell_of_the_stubs(
    executor: RuntimeExecutor, root: Path
) -> None:
    (root / "etc").mkdir()
    os.utime(root / "etc", (1_000_000_000, 1_000_000_000))
    await shell(executor, root, "cat /etc/resolv.conf")
    assert (root / "etc").stat().st_mtime == 1_000_000_000
    await shell(executor, root, "echo x >/etc/made; mkdir -p /etc/sub")
    assert sorted(os.listdir(root / "etc")) == ["made", "sub"]
    assert (root / "etc").stat().st_mtime > 1_000_000_000


async def test_mounts_are_what_was_asked_for(executor: RuntimeExecutor, root: Path) -> None:
    source = root.parent / "source"
    source.mkdir()
    (source / "file").write_text("from the host\n")
    mounts = (
        ExecMount("/ro", source=source, readonly=True),
        ExecMount("/rw", source=source),
        ExecMount("/one/file", source=source / "file", readonly=True),
        ExecMount("/small", kind="tmpfs", tmpfs_size=65536),
        ExecMount("/exec", kind="tmpfs"),
    )
    said = await shell(
        executor, root,
        "cat /ro/file /one/file; touch /ro/x; touch /rw/made; "
        "echo 'echo ran' >/exec/x; chmod +x /exec/x; /exec/x; "
        "busybox dd if=/dev/zero of=/small/x bs=1k count=100 2>&1; busybox df /dev/shm;"
        "busybox stat -c '%a %n' /exec; cat /proc/mounts",
        mounts=mounts, shm_size=1 << 20,
    )  # fmt: skip
    assert said.count("from the host") == 2
    assert "/ro/x: Read-only file system" in said
    assert "ran" in said.splitlines()
    assert "1777 /exec" in said
    assert sum(" /exec " in line for line in said.splitlines()) == 1
    hosts = next(line for line in said.splitlines() if " /etc/hosts " in line)
    assert {"ro", "nosuid", "nodev", "noexec"} <= set(hosts.split()[3].split(","))
    assert "No space left on device" in said
    assert "1024" in said
    assert (source / "made").exists()


async def test_a_mount_over_shared_memory_sets_its_size_and_leaves_no_trace(
    executor: RuntimeExecutor, root: Path
) -> None:
    mounts = (ExecMount("/dev/shm", kind="tmpfs", tmpfs_size=1 << 20),)
    script = (
        "busybox df /dev/shm; grep -c ' /dev/shm ' /proc/mounts; busybox stat -c %a /dev/shm;"
        "echo x >/dev/shm/x && cat /dev/shm/x"
    )
    said = await shell(executor, root, script, mounts=mounts, user="5")
    assert " 1024 " in said
    assert said.splitlines()[-3:-1] == ["1", "1777"]
    assert said.endswith("\nx\n")
    assert sorted(os.listdir(root)) in (["bin", "proc", "sys"], ["bin", "dev", "proc", "sys"])


async def test_a_tmpfs_has_the_mode_of_the_directory_below_and_may_be_read_only(
    executor: RuntimeExecutor, root: Path
) -> None:
    (root / "own").mkdir(0o750)
    (root / "own").chmod(0o750)
    mounts = (ExecMount("/own", kind="tmpfs"), ExecMount("/ro", kind="tmpfs", readonly=True))
    script = "busybox stat -c '%a %n' /own /ro; touch /own/x && echo made; touch /ro/x; :"
    said = await shell(executor, root, script, mounts=mounts)
    assert {"750 /own", "1777 /ro", "made"} <= set(said.splitlines())
    assert "/ro/x: Read-only file system" in said
    assert sorted(os.listdir(root)) == ["bin", "dev", "own", "proc", "sys"]


async def test_of_two_mounts_at_one_place_the_later_counts(
    executor: RuntimeExecutor, root: Path
) -> None:
    source = root.parent / "source"
    source.mkdir()
    (source / "names").write_text("10.0.0.9 own\n")
    mounts = (
        ExecMount("/m", source=source),
        ExecMount("/m", kind="tmpfs"),
        ExecMount("/etc/hosts", source=source / "names"),
    )
    script = "cat /etc/hosts; busybox ls /m; grep -cE ' (/m|/etc/hosts) ' /proc/mounts"
    said = await shell(executor, root, script, mounts=mounts)
    assert said == "10.0.0.9 own\n2\n"


async def test_a_guarded_mount_runs_no_program(executor: RuntimeExecutor, root: Path) -> None:
    source = root.parent / "source"
    source.mkdir()
    (source / "program").write_text("#!/bin/sh\necho ran\n")
    (source / "program").chmod(0o755)
    mounts = (ExecMount("/p", source=source / "program", readonly=True, guarded=True),)
    said = await shell(executor, root, "exec 2>&1; /p; cat /p", mounts=mounts)
    assert "Permission denied" in said
    assert said.splitlines()[-1] == "echo ran"


async def test_the_parent_of_the_cgroup_counts_from_the_top(
    executor: RuntimeExecutor, root: Path
) -> None:
    said = await shell(executor, root, "cat /proc/self/cgroup", cgroup_parent="walk/below")
    groups = {line.split(":", 2)[2].rpartition("/")[0] for line in said.splitlines()}
    assert groups <= {"/walk/below", ""}


async def test_a_users_name_ids_groups_and_directory(executor: RuntimeExecutor, root: Path) -> None:
    (root / "etc").mkdir()
    (root / "etc" / "passwd").write_text("app:x:1000:1001::/:/bin/sh\n")
    (root / "etc" / "group").write_text("app:x:1001:\nstaff:x:50:app\n")
    said = await shell(
        executor, root,
        "id -u; id -g; id -G; busybox stat -c '%u:%g %a' .; echo x >/dev/stdout;"
        "touch /x 2>/dev/null || echo denied",
        user="app", cwd="/work",
    )  # fmt: skip
    assert said.splitlines()[:5] == ["1000", "1001", "1001 50", "1000:1001 755", "x"]
    assert said.endswith("denied\n")
    with pytest.raises(ExecutorError) as caught:
        await shell(executor, root, "true", user="bob")
    assert str(caught.value).endswith(
        "did not complete successfully: unable to find user bob: no matching entries in passwd file"
    )


async def test_limits_are_set(executor: RuntimeExecutor, root: Path) -> None:
    said = await shell(
        executor, root, "ulimit -n; ulimit -H -n", ulimits=(Ulimit("nofile", 100, 200),)
    )
    assert said.split() == ["100", "200"]


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 3", 3), ("sh -c 'kill -9 $$'; exit $?", 137), ('echo "a\\n"\nexit 4', 4)],
)
async def test_another_exit_code_is_an_error_in_the_words_of_buildkit(
    executor: RuntimeExecutor, root: Path, script: str, code: int
) -> None:
    with pytest.raises(ExitError) as caught:
        await shell(executor, root, script)
    assert caught.value.code == code
    quoted = script.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    assert str(caught.value) == (
        f'process "/bin/sh -c {quoted}" did not complete successfully: exit code: {code}'
    )
    await shell(executor, root, script, valid_exit_codes=(code,))


async def test_a_program_that_is_not_there_is_the_steps_failure(
    executor: RuntimeExecutor, root: Path
) -> None:
    said: list[bytes] = []
    process = Process(args=("/nope", "x"), network=Network.NONE)
    with pytest.raises(ExitError) as caught:
        await executor.run(root, process, lambda _, data: said.append(data))
    assert b"/nope" in b"".join(said)
    assert "no /nope" in caught.value.hint
    (root / "other").write_bytes(b"\x7fELF" + bytes(60))
    (root / "other").chmod(0o755)
    with pytest.raises(ExitError) as caught:
        await executor.run(root, Process(args=("/other",), network=Network.NONE), lambda *_: None)
    assert "another architecture" in caught.value.hint


async def test_what_the_runtime_cannot_do_is_not_blamed_on_the_step(
    executor: RuntimeExecutor, root: Path
) -> None:
    with pytest.raises(ExecutorError, match=f"{executor.name} could not start the step") as caught:
        await shell(executor, root, "true", ulimits=(Ulimit("nonsense", 1, 1),))
    assert not isinstance(caught.value, ExitError)


async def test_a_flood_of_output_is_clipped_and_does_not_stop_the_step(
    executor: RuntimeExecutor, root: Path
) -> None:
    said = await shell(executor, root, "busybox yes | busybox head -c 5000000; echo end >&2")
    assert "[output clipped, log limit 200KiB/s reached]" in said
    assert len(said) < 3_000_000
    assert "end" in said


async def test_nothing_runs_on_when_the_first_process_ends(
    executor: RuntimeExecutor, root: Path
) -> None:
    started = time.monotonic()
    said = await shell(executor, root, "sleep 1000 & echo started")
    assert said == "started\n"
    assert time.monotonic() - started < 10


async def test_many_steps_side_by_side_do_not_disturb_each_other(
    executor: RuntimeExecutor, root: Path
) -> None:
    (root / "etc").mkdir()
    for name in ("hosts", "resolv.conf"):
        (root / "etc" / name).touch()
    said = await asyncio.gather(*(shell(executor, root, f"echo {n}") for n in range(6)))
    assert said == [f"{n}\n" for n in range(6)]


async def test_the_choice_of_the_runtime_is_kept(tmp_path: Path, executor: RuntimeExecutor) -> None:
    assert executor.name.split()[0] in ("crun", "runc")
    again = await open_executor(tmp_path / "state")
    assert again.name == executor.name
    await again.aclose()
