"""Logins of git sources: tokens, headers, keys that are lent, and to whom they go."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest

from builder.ops.errors import OpError
from builder.ops.ssh.agents import Agents, AgentSource
from builder.sources.errors import SourceError
from tests.fixtures.gitsources import Sources
from tests.fixtures.registry import Server
from tests.fixtures.registry.messages import Answer, Request
from tests.fixtures.repositories import HttpBackend, Repository, git_daemon, make, sshd

pytestmark = pytest.mark.integration


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("secrets", "login", "expected"),
    [
        ({"GIT_AUTH_TOKEN": b"hunter2"}, "", basic("x-access-token", "hunter2")),
        ({"GIT_AUTH_TOKEN.HOST": b"hunter2"}, "", basic("x-access-token", "hunter2")),
        ({"GIT_AUTH_HEADER": basic("a", "hunter2").encode()}, "", basic("a", "hunter2")),
        ({"GIT_AUTH_HEADER.HOST": b"Bearer hunter2"}, "", "Bearer hunter2"),
        ({}, "me:hunter2@", basic("me", "hunter2")),
    ],
)
async def test_logins(
    sources: Sources,
    served: Path,
    repository: Repository,
    secrets: dict[str, bytes],
    login: str,
    expected: str,
) -> None:
    with Server(HttpBackend(served, login=expected)) as server:
        plain = f"{server.url}/repo.git"
        with pytest.raises(SourceError, match="could not read Username") as refused:
            await sources.files(plain)
        assert f"GIT_AUTH_TOKEN.{server.authority}" in refused.value.hint
        sources.secrets = {
            name.replace("HOST", server.authority): value for name, value in secrets.items()
        }
        url = f"http://{login}{server.authority}/repo.git"
        assert (await sources.files(url))["a"] == "one"
        await sources.in_tree(url, "status")
    assert b"hunter2" not in sources.said
    encoded = expected.split()[1].encode()
    for path in sources.root.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"hunter2" not in data, path
            assert encoded not in data, path


class Elsewhere:
    """Sends every request to the same path of another server."""

    def __init__(self, base: str) -> None:
        self.base = base

    def answer(self, request: Request) -> Answer:
        return Answer(302, (("Location", f"{self.base}{request.target}"),))


@pytest.mark.parametrize("secret", ["GIT_AUTH_TOKEN", "GIT_AUTH_HEADER"])
async def test_a_login_does_not_follow_a_redirect_to_another_host(
    sources: Sources, served: Path, repository: Repository, secret: str
) -> None:
    sources.secrets[secret] = b"Bearer hunter2"
    with (
        Server(HttpBackend(served, login="x"), listen=("127.0.0.2", 0)) as other,
        Server(Elsewhere(other.url)) as server,
    ):
        with pytest.raises(SourceError):
            await sources.files(f"{server.url}/repo.git")
        assert all(seen.header("Authorization") == "" for seen in other.seen)


async def test_a_login_does_not_go_to_submodules_of_other_hosts(
    sources: Sources, served: Path
) -> None:
    inner, outer = make(served / "inner.git"), make(served / "outer.git")
    inner.commit(i="inner")
    login = basic("x-access-token", "hunter2")
    with (
        Server(HttpBackend(served, login=login), listen=("127.0.0.2", 0)) as other,
        Server(HttpBackend(served, login=login)) as server,
        git_daemon(served) as base,
    ):
        outer.git("submodule", "--quiet", "add", f"{base}/inner.git", "in")
        outer.git("config", "-f", ".gitmodules", "submodule.in.url", f"{other.url}/inner.git")
        outer.commit()
        sources.secrets["GIT_AUTH_TOKEN"] = b"hunter2"
        with pytest.raises(SourceError, match="failed to update submodules for"):
            await sources.files(f"{server.url}/outer.git")
        assert other.seen
        assert all(seen.header("Authorization") == "" for seen in other.seen)


@pytest.mark.root
async def test_ssh_with_a_key_that_is_lent(
    sources: Sources, repository: Repository, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    with sshd(tmp_path / "sshd", key.with_suffix(".pub").read_text()) as server:
        url = server.url(repository.path)
        with pytest.raises(OpError, match='no SSH key "default" forwarded'):
            await sources.files(url, mountsshsock="default")
        with pytest.raises(SourceError, match="Permission denied"):
            await sources.files(url)
        sources.agents = Agents({"default": AgentSource((key,))})
        assert (await sources.files(url, mountsshsock="default"))["a"] == "one"
        strict = {"mountsshsock": "default", "knownsshhosts": server.host_key}
        assert (await sources.files(url, **strict))["a"] == "one"
        strict["knownsshhosts"] = server.host_key.replace("AAAAC3", "AAAAC4")
        with pytest.raises(SourceError, match="Host key verification failed"):
            await sources.files(url, **strict)


@pytest.mark.root
async def test_a_host_that_this_machine_knows_by_another_key_is_not_believed(
    sources: Sources, repository: Repository, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    sources.agents = Agents({"default": AgentSource((key,))})
    with sshd(tmp_path / "sshd", key.with_suffix(".pub").read_text()) as server:
        other = key.with_suffix(".pub").read_text().split()[1]
        known = tmp_path / ".ssh" / "known_hosts"
        known.parent.mkdir()
        known.write_text(f"[127.0.0.1]:{server.port} ssh-ed25519 {other}\n")
        with pytest.raises(SourceError, match="Host key verification failed"):
            await sources.files(server.url(repository.path), mountsshsock="default")
        assert known.read_text().count("\n") == 1
