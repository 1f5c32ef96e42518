"""From what a git source asks for to a commit, its key, and its tree in a snapshot."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from builder.snapshot.types import Snapshotter
from builder.sources.errors import FULL, SourceError
from builder.sources.git.checkout import check_out
from builder.sources.git.logins import SecretOf, http_login, ssh_command
from builder.sources.git.mirror import Commit, Mirror
from builder.sources.git.program import Git, GitError, Log, Settings
from builder.sources.git.wanted import GitWanted, is_commit
from builder.transport.roots import RootPool

AgentOf = Callable[[str], AbstractAsyncContextManager[Path]]
"""Lends the socket of the ssh agent of that id; raises BuilderError where there is none."""


@dataclass(frozen=True, slots=True)
class GitSource:
    """What all repositories of a build share. ``mirrors`` outlives builds, ``run`` does not;
    ``resolve`` is curl's ``HOST:PORT:ADDR``. ``offline``: no remote is asked."""

    mirrors: Path
    run: Path
    snapshots: Snapshotter
    secret: SecretOf
    agent: AgentOf
    roots: Callable[[], RootPool]
    resolve: Sequence[str] = ()
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    offline: bool = False


class GitTree:
    """One source of a build."""

    def __init__(self, source: GitSource, wanted: GitWanted) -> None:
        self._source = source
        self.wanted = wanted
        self._commit: Commit | None = None

    @property
    def commit(self) -> str:
        """Its id, once ``key`` has been asked for."""
        return self._commit.checksum if self._commit is not None else ""

    async def key(self, log: Log) -> str:
        """BuildKit's key. Raises SourceError, GitError, BuilderError of secrets and agents."""
        self._commit = await self._resolve(log)
        wanted, commit = self.wanted, self._commit
        checksum = commit.checksum
        if commit.peeled and not wanted.keep_git_dir:
            checksum = commit.peeled
        return wanted.key(checksum, commit.ref)

    async def snapshot(self, log: Log) -> str:
        """The tree. Raises as ``key``."""
        if self._commit is None:
            await self.key(log)
        assert self._commit is not None
        wanted, source, commit = self.wanted, self._source, self._commit
        async with self._git(log) as git:
            mirror = Mirror(source.mirrors, wanted, git, commit)
            try:
                async with mirror.fetched():
                    await self._check(git, mirror)
                    with source.snapshots.prepare(None) as active:
                        await check_out(wanted, commit, mirror, git, active.path, source.run)
                        return active.commit()
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                raise SourceError(f"cannot keep {wanted.written}: {why}", hint=FULL) from error

    async def _check(self, git: Git, mirror: Mirror) -> None:
        """The id that was pinned may be that of the commit, or of a tag of it."""
        wanted, commit = self.wanted, self._commit
        assert commit is not None
        if not wanted.checksum or commit.checksum.startswith(wanted.checksum):
            return
        peeled = await git.run(
            *("rev-parse", "--verify", f"{commit.checksum}^{{}}"), git_dir=mirror.path, quiet=True
        )
        if not peeled.strip().startswith(wanted.checksum):
            raise _mismatch(wanted, commit.checksum)

    async def _resolve(self, log: Log) -> Commit:
        wanted = self.wanted
        if is_commit(wanted.ref):
            if wanted.checksum and not wanted.ref.startswith(wanted.checksum):
                raise _mismatch(wanted, wanted.ref)
            return Commit(wanted.ref, wanted.ref)
        if wanted.fetch_by_commit:
            return _pinned(wanted)
        if self._source.offline:
            raise SourceError(
                f"{wanted.written}: offline no repository is asked what {_named(wanted)} is",
                hint="name a commit that was fetched before, by its whole id",
            )
        async with self._git(log) as git:
            try:
                answer, ref = await self._ask(git)
            except GitError as error:
                hint = _login_hint(wanted, error.stderr)
                raise error.while_(
                    f"failed to fetch remote {wanted.written}"
                    if wanted.ref
                    else f"error fetching default branch for repository {wanted.written}",
                    hint=hint,
                ) from error
        commit = _chosen(answer, ref)
        if commit is None:
            raise SourceError(f"repository does not contain ref {ref}, output: {_quoted(answer)}")
        if not is_commit(commit.checksum):
            raise SourceError(f"invalid commit sha {commit.checksum!r}")
        known = (commit.checksum, commit.peeled)
        if wanted.checksum and not any(sha.startswith(wanted.checksum) for sha in known if sha):
            raise _mismatch(wanted, " or ".join(filter(None, known)))
        return commit

    async def _ask(self, git: Git) -> tuple[str, str]:
        """What the server says of the ref, and which it was: its default branch perhaps."""
        remote, ref = self.wanted.remote, self.wanted.ref
        if ref:
            return await git.run("ls-remote", "--", remote, ref, f"{ref}^{{}}"), ref
        answer = await git.run("ls-remote", "--symref", "--", remote, "HEAD")
        lines = [line.partition("\t") for line in answer.splitlines()]
        names = [text.removeprefix("ref: ") for text, _, ref in lines if text.startswith("ref: ")]
        found = [sha for sha, _, ref in lines if ref == "HEAD" and not sha.startswith("ref: ")]
        if not names or not names[0].startswith("refs/heads/") or not found:
            raise SourceError(
                f"could not find default branch for repository: {self.wanted.written}"
            )
        return f"{found[0]}\t{names[0]}\n", names[0].removeprefix("refs/heads/")

    @asynccontextmanager
    async def _git(self, log: Log) -> AsyncIterator[Git]:
        """git with this source's logins, for as long as they are lent."""
        source, wanted = self._source, self.wanted
        async with AsyncExitStack() as stack:
            temporary = TemporaryDirectory(prefix="git-", dir=source.run)
            directory = Path(stack.enter_context(temporary))
            agent = None
            if wanted.ssh_id:
                agent = await stack.enter_async_context(source.agent(wanted.ssh_id))
            login = http_login(wanted, source.secret)
            resolve = (("http.curloptResolve", text) for text in source.resolve)
            settings = Settings(
                source.environ,
                (*login.config, *resolve),
                login.secrets,
                ssh_command(wanted, directory, agent, source.environ),
                await asyncio.to_thread(_bundle, source.roots, directory),
                source.offline,
            )
            yield Git(settings, directory, log)


def _bundle(roots: Callable[[], RootPool], directory: Path) -> Path:
    path = directory / "roots.pem"
    path.write_text("".join(map(ssl.DER_cert_to_PEM_cert, roots().certificates)))
    return path


def _pinned(wanted: GitWanted) -> Commit:
    """Nothing is asked: the commit is fetched by its id, and gets the name that was given."""
    if not wanted.checksum:
        raise SourceError("fetch-by-commit requires a checksum or a commit SHA ref")
    if not is_commit(wanted.checksum):
        raise SourceError(
            f'fetch-by-commit requires a full commit SHA checksum, got "{wanted.checksum}"'
        )
    ref = wanted.ref
    if ref and not ref.startswith("refs/"):
        ref = f"refs/heads/{ref}"
    return Commit(ref or wanted.checksum, wanted.checksum)


def _chosen(answer: str, ref: str) -> Commit | None:
    """What ``ref`` means: itself below ``refs/``, else the branch, else the tag."""
    found = {
        name: sha for sha, _, name in (line.partition("\t") for line in answer.splitlines()) if sha
    }
    tag = f"refs/tags/{ref.removeprefix('refs/tags/')}"
    for name in (f"refs/{ref.removeprefix('refs/')}", f"refs/heads/{ref}", tag):
        if name in found:
            peeled = found.get(f"{name}^{{}}", "") if name == tag else ""
            return Commit(name, found[name], peeled)
    return None


def _named(wanted: GitWanted) -> str:
    return wanted.ref or "its default branch"


def _mismatch(wanted: GitWanted, found: str) -> SourceError:
    return SourceError(f"expected checksum to match {wanted.checksum}, got {found}")


def _login_hint(wanted: GitWanted, stderr: str) -> str:
    if "could not read Username" in stderr or "Authentication failed" in stderr:
        return f"{wanted.host} wants a login: --secret id=GIT_AUTH_TOKEN.{wanted.host},..."
    if "Permission denied" in stderr and wanted.ssh_id:
        return "the keys that --ssh lends are not known there"
    return ""


def _quoted(text: str) -> str:
    return '"' + text.replace("\n", "\\n").replace("\t", "\\t") + '"'
