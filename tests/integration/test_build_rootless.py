"""Builds by a user that is not root: what comes out is what root's builds make."""

from __future__ import annotations

import io
import os
import random
import shutil
import signal
import socket
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import COMMAND, Builds, Ended, mounts_below, processes, serve_base
from tests.fixtures.plainuser import LENT, USER, as_plain_user

pytestmark = [pytest.mark.integration, pytest.mark.root]

EVERYTHING = """
FROM BASE
COPY --chown=33:34 --chmod=4750 a /owned/a
ADD capable.tar /
RUN --mount=type=secret,id=word,uid=5,mode=0440 cp -p /run/secrets/word /shown \
 && stat -c '%u %a' /shown >>/notes && rm /shown
RUN --mount=type=cache,target=/c,uid=7 touch /c/x && chown 8:9 /c/x && cp -a /c /kept
RUN --mount=type=ssh,mode=0600 test -S $SSH_AUTH_SOCK
RUN mkdir /gone && touch /gone/a /shared && ln /shared /linked && chmod 2775 /gone
RUN rm -r /gone && mkdir /gone && touch /gone/b && chown -R 1000:1001 /gone
USER 33:34
RUN id -u >/tmp/who
"""
TUN = (
    "[ -e DIR/tun ] || mknod DIR/tun c 10 200; chmod 666 DIR/tun; "
    "[ -e /dev/net/tun ] || { mkdir -p /dev/net; touch /dev/net/tun; }; "
    "mount --bind DIR/tun /dev/net/tun"
)
"""On most hosts anybody may use it; on some only root."""
CGROUPS = {
    "none": "true",
    "v1": "mount -t tmpfs x /sys/fs/cgroup; cd /sys/fs/cgroup; mkdir systemd devices; "
    "mount -t cgroup -o none,name=systemd x systemd; mount -t cgroup -o devices x devices; cd /",
    "v2": "mount -t cgroup2 x /sys/fs/cgroup",
    "hybrid": "mount -t tmpfs x /sys/fs/cgroup; cd /sys/fs/cgroup; "
    "mkdir systemd devices unified; mount -t cgroup -o none,name=systemd x systemd; "
    "mount -t cgroup -o devices x devices; mount -t cgroup2 x unified; cd /",
}


@pytest.fixture
def base(tmp_path: Path) -> Iterator[str]:
    server, reference = serve_base(tmp_path)
    with server:
        yield reference


@pytest.fixture
def plain(tmp_path: Path, base: str) -> Callable[..., Builds]:
    """Builds of a plain user; the options are those of ``as_plain_user``."""

    def make(**options: object) -> Builds:
        home = tmp_path / "home"
        prefix = as_plain_user(home, **options)  # type: ignore[arg-type]
        return Builds(home, base, prefix=prefix)

    return make


def capable() -> bytes:
    """A tar with a program that may bind low ports (a file capability of version 2)."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo("capable")
        member.size, member.mode = 1, 0o755
        right = b"\1\0\0\2" + (1 << 10).to_bytes(4, "little") + bytes(12)
        member.pax_headers = {"SCHILY.xattr.security.capability": right.decode("latin-1")}
        tar.addfile(member, io.BytesIO(b"x"))
    return file.getvalue()


def run(builds: Builds, *arguments: str | Path) -> Ended:
    ended = builds.run(*arguments)
    assert ended.code == 0, ended.text
    return ended


def test_the_image_is_the_one_that_root_builds(
    tmp_path: Path, base: str, plain: Callable[..., Builds]
) -> None:
    archives = []
    by_root = Builds(tmp_path, base)
    context = by_root.context(EVERYTHING, **{"a": "x", "capable.tar": capable(), "word": "s"})
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True
    )
    for builds, ids in ((by_root, 0), (plain(before=TUN.replace("DIR", str(tmp_path))), USER)):
        builds.environment["SOURCE_DATE_EPOCH"] = "1700000000"
        key = builds.directory / f"key-{ids}"
        shutil.copy(tmp_path / "key", key)
        os.chown(key, ids, ids)
        archive = builds.directory / "made.tar"
        ended = run(
            builds,
            *("-o", f"type=oci,dest={archive},rewrite-timestamp=true", "--ssh", f"default={key}"),
            *("--secret", f"id=word,src={context}/word", context),
        )
        assert "RUN steps ran in" in ended.stderr
        assert "host's network" not in ended.stderr
        archives.append(archive.read_bytes())
    assert archives[0] == archives[1]


def test_what_is_written_beside_the_state_belongs_to_the_user(
    plain: Callable[..., Builds],
) -> None:
    builds = plain()
    out = builds.directory / "out"
    out.mkdir()
    out.chmod(0o777)
    context = builds.context("FROM BASE\nCOPY --chown=33:34 a /a\nRUN chown 1:1 /etc\n", a="x")
    run(
        builds,
        *("-o", f"type=local,dest={out}/tree", "-o", f"type=docker,dest={out}/image.tar"),
        *("-o", f"type=tar,dest={out}/root.tar", "-o", f"type=oci,tar=false,dest={out}/oci"),
        *("--iidfile", out / "id", "--metadata-file", out / "metadata"),
        *("--cache-to", f"type=local,dest={out}/cache", context),
    )
    found = {path: path.lstat().st_uid for path in out.rglob("*")}
    assert len(found) > 20
    assert {path for path, owner in found.items() if owner != USER} == set()


def test_pruning_removes_what_belongs_to_lent_ids(plain: Callable[..., Builds]) -> None:
    builds = plain()
    run(builds, builds.context("FROM BASE\nRUN mkdir /d && touch /d/f && chown -R 33:34 /d\n"))

    def lent() -> list[Path]:
        return [path for path in builds.root.rglob("*") if path.lstat().st_uid >= LENT]

    assert lent()
    command = [*builds.prefix, *COMMAND, "cache"]
    assert "RUN mkdir /d" in of_output([*command, "du", "--root", str(builds.root)])
    of_output([*command, "prune", "--all", "--force", "--root", str(builds.root)])
    assert lent() == []


def of_output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_with_one_id_the_limit_is_told_first_and_where_it_hurts(
    plain: Callable[..., Builds],
) -> None:
    builds = plain(lent=0)
    program = shutil.which("busybox")
    assert program, "busybox is missing; Debian's package is busybox-static"
    box = Path(program).read_bytes()

    def build(step: str, *flags: str) -> Ended:
        start = (
            "FROM scratch\nCOPY --chmod=755 busybox /bin/sh\nCOPY --chmod=755 busybox /bin/chown\n"
        )
        return builds.run(*flags, builds.context(f"{start}{step}\n", busybox=box))

    ended = build("RUN echo fine >/f; chown 0 /f")
    assert ended.code == 0, ended.text
    first = ended.stderr.splitlines()[0]
    assert first.startswith("notice: only one user id exists in this build")
    assert "usermod --add-subuids" in first
    assert first.endswith(" plainuser")
    told = {
        "RUN chown 33 /bin/sh": "only one user id exists in this build",
        "COPY --chown=33:34 busybox /a": "maps no such owner",
        "USER 33\nRUN true": "user 33 does not exist in this user namespace",
        "FROM BASE\nRUN true": "unpack home/app/: Invalid argument\nhint: this user namespace",
    }
    for step, words in told.items():
        ended = build(step)
        assert ended.code == 1
        assert words in ended.stderr.partition("ERROR: failed")[2]
    assert "hint:" not in build("RUN echo no; exit 3").stderr
    quiet = build("", "-q")
    assert (quiet.code, quiet.stderr) == (0, "")


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_leaves_nothing_running(plain: Callable[..., Builds], by: int) -> None:
    builds = plain()
    seconds = random.randrange(20_000, 30_000)
    context = builds.context(f"FROM BASE\nRUN echo waiting; sleep {seconds} & sleep {seconds}\n")
    ended = builds.interrupt(" waiting\n", context, by=by)
    assert ended.code == (-by if by == signal.SIGKILL else 130)

    def left() -> list[int]:
        state = str(builds.root)
        return processes(
            lambda words: words[:2] == ["sleep", str(seconds)] or any(state in w for w in words)
        )

    deadline = time.monotonic() + 10
    while left() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left() == []
    assert mounts_below(builds.root) == []
    assert builds.run(builds.context("FROM BASE\nRUN true\n")).code == 0


def test_a_step_does_not_reach_the_loopback_of_the_host(
    tmp_path: Path, plain: Callable[..., Builds]
) -> None:
    builds = plain(before=TUN.replace("DIR", str(tmp_path)))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        step = f"RUN {{}} nc -w 2 127.0.0.1 {port} -e true && echo reached it || true"
        for flag, reached in (("", False), ("--network=none", False), ("--network=host", True)):
            context = builds.context(f"FROM BASE\n{step.format(flag)}\n")
            ended = run(builds, "--allow", "network.host", "--no-cache", context)
            assert ("reached it\n" in ended.stderr) is reached, flag


def test_a_host_without_user_namespaces_is_told_which_switch(tmp_path: Path, base: str) -> None:
    # the switch is one of each namespace: in one of its own it leaves the host alone
    home = tmp_path / "home"
    switched_off = (
        *(*as_plain_user(home), "unshare", "--user", "--map-auto", "--map-root-user"),
        *("sh", "-e", "-c", 'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"', "sh"),
        *("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups"),
    )
    ended = Builds(home, base, prefix=switched_off).run(tmp_path)
    assert ended.code == 1
    assert "a plain user cannot build here: no user namespace: No space left" in ended.stderr
    assert "sysctl -w user.max_user_namespaces=15000" in ended.stderr


@pytest.mark.parametrize("kind", CGROUPS)
@pytest.mark.parametrize("who", ["root", "user"])
def test_every_cgroup_layout_has_a_sandbox(
    kind: str, who: str, tmp_path: Path, base: str, plain: Callable[..., Builds]
) -> None:
    before = f"umount -R /sys/fs/cgroup; {CGROUPS[kind]}"
    if who == "user":
        builds = plain(before=before)
    else:
        within = ("unshare", "--mount", "sh", "-e", "-c", f'{before}; exec "$@"', "sh")
        builds = Builds(tmp_path, base, prefix=within)
    ended = run(builds, builds.context("FROM BASE\nRUN ls /sys >/seen\n"))
    assert "notice: RUN steps ran in runc" in ended.stderr or "ran in crun" in ended.stderr
