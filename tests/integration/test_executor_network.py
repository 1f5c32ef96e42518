"""What a step reaches: the world by a way out, never this host's loopback."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import secrets
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.executor import ExecutorError, Network, Process, programs
from builder.executor.network.bridge import BRIDGE
from builder.executor.sandbox import open_executor

pytestmark = [pytest.mark.integration, pytest.mark.root]

ANSWER = b"reached\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "root"
    (directory / "bin").mkdir(parents=True)
    program = shutil.which("busybox")
    assert program, "busybox is missing; Debian's package is busybox-static"
    for name in ("sh", "nc", "ip", "cat", "sleep"):
        shutil.copy(program, directory / "bin" / name)
    return directory


@contextlib.contextmanager
def listener(address: str, port: int = 0) -> Iterator[int]:
    """Answers every connection to ``address``; yields the port."""
    server = socket.create_server((address, port))

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    connection.sendall(ANSWER)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, int]]:
    """A listener in a network namespace of its own, which this host has a route to."""
    name, port = f"t{secrets.token_hex(3)}", 8080
    # Of the addresses reserved for tests of networks (RFC 2544), four at random.
    subnet = ipaddress.IPv4Network("198.18.0.0/15")[4 * secrets.randbelow(2**15)]
    ours, address = f"{subnet + 1}/30", str(subnet + 2)
    script = (
        "import socket\n"
        f"server = socket.create_server(({address!r}, {port}))\n"
        "print('ready', flush=True)\n"
        f"while True:\n  c, _ = server.accept()\n  c.sendall({ANSWER!r})\n  c.close()\n"
    )

    def ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True)

    ip("netns", "add", name)
    try:
        ip("link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", "netns", name)
        ip("addr", "add", ours, "dev", f"{name}a")
        ip("link", "set", f"{name}a", "up")
        ip("-n", name, "addr", "add", f"{address}/30", "dev", f"{name}b")
        ip("-n", name, "link", "set", f"{name}b", "up")
        # No route back to the steps' addresses: only translated packets get an answer.
        command = ["ip", "netns", "exec", name, sys.executable, "-c", script]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            assert server.stdout.readline() == b"ready\n"
            yield address, port
            server.terminate()
    finally:
        ip("netns", "del", name)


async def run(
    tmp_path: Path, root: Path, script: str, network: Network = Network.SANDBOX, **options: object
) -> tuple[str, tuple[str, ...]]:
    executor = await open_executor(tmp_path / "state", **options)  # type: ignore[arg-type]
    said: list[bytes] = []
    step = Process(args=("/bin/sh", "-c", script), env=("PATH=/bin",), network=network)
    try:
        await executor.run(root, step, lambda _, data: said.append(data))
        return b"".join(said).decode(), executor.notices
    finally:
        await executor.aclose()


@pytest.mark.parametrize("way", ["bridge", "slirp4netns"])
async def test_a_way_out_leads_to_the_world_and_not_to_the_hosts_loopback(
    tmp_path: Path, root: Path, elsewhere: tuple[str, int], way: str
) -> None:
    address, port = elsewhere
    with listener("127.0.0.1") as local:
        script = (
            f"nc -w 3 127.0.0.1 {local} </dev/null || echo refused\n"
            "gateway=$(ip route | while read a b c d; do [ $a = default ] && echo $c; done)\n"
            f"nc -w 3 $gateway {local} </dev/null || echo gateway refused\n"
            f"sleep 1 | nc -w 3 {address} {port}\n"  # nc closes its side with its input
            "cat /etc/resolv.conf"
        )
        said, notices = await run(tmp_path, root, script, ways_out=(way,))
    lines = said.splitlines()
    assert "refused" in lines
    assert "gateway refused" in lines
    assert lines.count("reached") == 1
    assert any(line.startswith("nameserver ") for line in lines)
    assert "nameserver 127." not in said
    assert not any("host's network" in notice for notice in notices)


async def test_without_a_network_there_is_only_a_loopback(tmp_path: Path, root: Path) -> None:
    with listener("127.0.0.1") as local:
        script = f"ip -o link; nc -w 2 127.0.0.1 {local} </dev/null || echo refused"
        said, _ = await run(tmp_path, root, script, Network.NONE)
    assert "lo: <LOOPBACK,UP" in said
    assert len([line for line in said.splitlines() if "link/" in line]) == 1
    assert "refused" in said


async def test_the_hosts_network_is_the_hosts(tmp_path: Path, root: Path) -> None:
    with listener("127.0.0.1") as local:
        said, notices = await run(
            tmp_path, root, f"nc -w 3 127.0.0.1 {local} </dev/null", Network.HOST
        )
    assert said == "reached\n"
    assert notices == ()


async def test_where_no_way_works_the_hosts_network_is_used_and_said(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = tmp_path / "only"
    only.mkdir()
    for name in ("runc", "crun", "sh"):
        program = shutil.which(name)
        assert program
        (only / name).symlink_to(program)
    monkeypatch.setenv("PATH", str(only))
    monkeypatch.setattr(programs, "ADMINISTRATION", ())
    with listener("127.0.0.1") as local:
        said, notices = await run(tmp_path, root, f"nc -w 3 127.0.0.1 {local} </dev/null")
    assert said == "reached\n"
    (notice,) = notices
    assert "use the host's network" in notice
    assert "neither nft nor iptables found" in notice
    assert "slirp4netns not found" in notice


async def test_the_bridge_goes_with_its_last_user(tmp_path: Path, root: Path) -> None:
    first = await open_executor(tmp_path / "a", ways_out=("bridge",))
    second = await open_executor(tmp_path / "b", ways_out=("bridge",))
    seen: list[bytes] = []
    step = Process(args=("/bin/sh", "-c", "ip -o -4 addr show eth0"), env=("PATH=/bin",))
    for executor in (first, second):
        await executor.run(root, step, lambda _, data: seen.append(data))
    assert len(set(seen)) == 2, "two builds never share an address"
    await first.aclose()
    assert Path("/sys/class/net", BRIDGE).exists()
    await second.run(root, step, lambda _, data: seen.append(data))
    assert seen[2] == seen[1], "the namespace is used again"
    await second.aclose()


async def test_steps_side_by_side_have_addresses_of_their_own(tmp_path: Path, root: Path) -> None:
    (root / "etc").mkdir()
    for name in ("hosts", "resolv.conf"):
        (root / "etc" / name).touch()
    executor = await open_executor(tmp_path / "state", ways_out=("bridge",))
    seen: list[bytes] = []
    step = Process(args=("/bin/sh", "-c", "ip -o -4 addr show eth0; sleep 1"), env=("PATH=/bin",))
    try:
        await asyncio.gather(
            *(executor.run(root, step, lambda _, data: seen.append(data)) for _ in range(5))
        )
    finally:
        await executor.aclose()
    assert len(set(seen)) == 5


async def test_an_insecure_step_that_breaks_its_network_does_not_break_the_next(
    tmp_path: Path, root: Path
) -> None:
    executor = await open_executor(tmp_path / "state", ways_out=("bridge",))
    said: list[bytes] = []
    broken = Process(args=("/bin/sh", "-c", "ip link del eth0"), env=("PATH=/bin",), insecure=True)
    step = Process(args=("/bin/sh", "-c", "ip -o link show eth0"), env=("PATH=/bin",))
    try:
        await executor.run(root, broken, lambda *_: None)
        await executor.run(root, step, lambda _, data: said.append(data))
        with pytest.raises(ExecutorError):
            await executor.run(
                root,
                Process(args=("/bin/sh", "-c", "ip link del eth0 2>&1"), env=("PATH=/bin",)),
                lambda *_: None,
            )
    finally:
        await executor.aclose()
    assert b"eth0" in b"".join(said)
