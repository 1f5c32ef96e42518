"""Agents that are lent, asked by OpenSSH's own programs."""

from __future__ import annotations

import asyncio
import os
import stat
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.ops.errors import OpError
from builder.ops.ssh import messages
from builder.ops.ssh.agents import Agents, AgentSource

KINDS = ["rsa", "ecdsa", "ed25519"]


def keygen(path: Path, kind: str, *more: str) -> Path:
    size = ["-b", "2048"] if kind == "rsa" else ["-b", "384"] if kind == "ecdsa" else []
    words = ["ssh-keygen", "-q", "-t", kind, *size, "-C", "", "-f", str(path)]
    subprocess.run([*words, *(more or ("-N", ""))], check=True)
    return path


async def said(socket: Path, *command: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        env={"PATH": os.environ["PATH"], "SSH_AUTH_SOCK": str(socket)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


async def ask(socket: Path, message: bytes) -> bytes | None:
    reader, writer = await asyncio.open_unix_connection(socket)
    writer.write(messages.framed(message))
    answer = await messages.read(reader)
    writer.close()
    return answer


@pytest.fixture
def agent() -> Iterator[Path]:
    """A real ssh-agent."""
    path = Path("/tmp") / f"agent-{os.getpid()}-{os.urandom(4).hex()}"
    command = ["ssh-agent", "-D", "-a", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield path
        process.terminate()
    path.unlink(missing_ok=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["openssh", "PEM", "PKCS8"])
async def test_keys_of_files_sign(tmp_path: Path, kind: str, form: str) -> None:
    key = keygen(tmp_path / "key", kind)
    public = key.with_suffix(".pub")
    if form != "openssh" and kind != "ed25519":
        subprocess.run(
            ["ssh-keygen", "-q", "-p", "-N", "", "-m", form, "-f", str(key)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    agents = Agents({"default": AgentSource((key,))})
    async with agents.lend("") as socket:
        code, listed = await said(socket, "ssh-add", "-L")
        assert (code, listed.split()[:2]) == (0, public.read_text().split()[:2])
        # -T: sign something with the key, and check the signature
        assert await said(socket, "ssh-add", "-T", str(public)) == (0, "")
    assert not socket.parent.exists()


async def test_several_keys_are_all_there(tmp_path: Path) -> None:
    keys = tuple(keygen(tmp_path / kind, kind) for kind in KINDS)
    async with Agents({"x": AgentSource(keys)}).lend("x") as socket:
        code, listed = await said(socket, "ssh-add", "-L")
    assert (code, len(listed.splitlines())) == (0, 3)


async def test_what_is_lent_can_neither_be_filled_nor_emptied(tmp_path: Path, agent: Path) -> None:
    key, other = keygen(tmp_path / "key", "ed25519"), keygen(tmp_path / "other", "ed25519")
    assert (await said(agent, "ssh-add", "-q", str(key)))[0] == 0
    agents = Agents({"keys": AgentSource((key,)), "agent": AgentSource((agent,))})
    for id in agents.sources:
        async with agents.lend(id) as socket:
            assert await said(socket, "ssh-add", "-T", f"{key}.pub") == (0, "")
            for change in (("-q", str(other)), ("-D",), ("-d", str(key)), ("-x",)):
                code, _ = await said(socket, "ssh-add", *change)
                assert code != 0, change
            assert await ask(socket, bytes([27]) + messages.string(b"query")) == b"\x05"
            code, listed = await said(socket, "ssh-add", "-L")
            assert listed.split()[:2] == (tmp_path / "key.pub").read_text().split()[:2]
    assert (await said(agent, "ssh-add", "-L"))[1].count("ssh-ed25519") == 1


async def test_the_agent_of_the_environment_is_the_default(tmp_path: Path, agent: Path) -> None:
    await said(agent, "ssh-add", "-q", str(keygen(tmp_path / "key", "ed25519")))
    agents = Agents({"default": AgentSource()}, {"SSH_AUTH_SOCK": str(agent)})
    async with agents.lend("default") as socket:
        assert (await said(socket, "ssh-add", "-T", f"{tmp_path / 'key'}.pub"))[0] == 0
    with pytest.raises(OpError, match="invalid empty ssh agent socket"):
        async with Agents({"default": AgentSource()}).lend("default"):
            pass


async def test_a_raw_socket_hands_on_what_comes(tmp_path: Path, agent: Path) -> None:
    await said(agent, "ssh-add", "-q", str(keygen(tmp_path / "key", "ed25519")))
    async with Agents({"x": AgentSource((agent,), raw=True)}).lend("x") as socket:
        assert (await said(socket, "ssh-add", "-D"))[0] == 0
    assert (await said(agent, "ssh-add", "-L"))[0] == 1


async def test_the_socket_belongs_to_whom_it_is_lent(tmp_path: Path) -> None:
    key = keygen(tmp_path / "key", "ed25519")
    owner = os.getuid()
    async with Agents({"x": AgentSource((key,))}).lend("x", uid=owner, mode=0o640) as socket:
        info = socket.stat()
        assert (stat.S_IMODE(info.st_mode), info.st_uid) == (0o640, owner)
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o711


@pytest.mark.parametrize(
    "message",
    [b"", b"\x0d", b"\x0d\0\0\0\xffabc", b"\x0d" + messages.string(b"x") * 2, b"\x0b" * 70_000],
)
async def test_nonsense_is_refused_or_not_answered(tmp_path: Path, message: bytes) -> None:
    key = keygen(tmp_path / "key", "ed25519")
    async with Agents({"x": AgentSource((key,))}).lend("x") as socket:
        answer = await ask(socket, message)
        assert answer in (None, b"\x05") or answer[:1] == b"\x0c"
        reader, writer = await asyncio.open_unix_connection(socket)
        writer.write(struct.pack(">I", 1 << 31))
        assert await reader.read() == b""
        writer.close()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda path: path.write_text("hunter2 no key"), "failed to parse .*no key found"),
        (lambda path: keygen(path, "ed25519", "-N", "hunter2"), "passphrase protected"),
        (lambda path: None, "no such file"),
    ],
    ids=["text", "encrypted", "missing"],
)
async def test_a_key_that_cannot_be_used_is_named(tmp_path: Path, make, text: str) -> None:  # type: ignore[no-untyped-def]
    make(tmp_path / "key")
    with pytest.raises(OpError, match=text) as refused:
        async with Agents({"x": AgentSource((tmp_path / "key",))}).lend("x"):
            pass
    assert "hunter2" not in str(refused.value)


async def test_keys_and_sockets_do_not_mix(tmp_path: Path, agent: Path) -> None:
    key = keygen(tmp_path / "key", "ed25519")
    for source, text in (
        (AgentSource((key, agent)), "invalid combination of keys and sockets"),
        (AgentSource((agent, agent)), "only single socket allowed"),
        (AgentSource((key,), raw=True), "raw mode must supply exactly one socket path"),
    ):
        with pytest.raises(OpError, match=text):
            async with Agents({"x": source}).lend("x"):
                pass


async def test_what_was_not_lent_is_named() -> None:
    with pytest.raises(OpError, match='no SSH key "default" forwarded from the client'):
        async with Agents().lend(""):
            pass
    with pytest.raises(OpError, match="unset ssh forward key other"):
        async with Agents({"default": AgentSource()}).lend("other"):
            pass
