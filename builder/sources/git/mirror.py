"""The commits of a remote that were fetched so far: a bare repository in the state directory.

One build at a time writes to it. What was fetched is held by refs below ``refs/kept``, so
that the next fetch can say what is here already.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from msgspec import Struct

from builder.oci.digest import Digest
from builder.sources.errors import SourceError
from builder.sources.git.program import Git, GitError
from builder.sources.git.wanted import GitWanted, is_commit

_POLL = 0.05
_DAMAGED = ("is empty", "is corrupt", "bad object", "loose object", "not a git repository")
"""What git says of a repository that a crash has left half written."""


class Commit(Struct, frozen=True):
    """``checksum`` is what ``ref`` names: a commit, or the tag object of one, and then
    ``peeled`` is the commit. ``ref`` is whole (``refs/heads/x``), or a commit id."""

    ref: str
    checksum: str
    peeled: str = ""


class Mirror:
    """Of one remote. ``root`` is shared by all of them."""

    def __init__(self, root: Path, wanted: GitWanted, git: Git, commit: Commit) -> None:
        self._wanted = wanted
        self._git = git
        self._commit = commit
        self._sha256 = len(commit.checksum) == 64
        name = Digest.of(f"{wanted.remote}\0{self._sha256}".encode()).hex
        self.path = root / name
        self._root = root
        self.kept = f"refs/kept/{Digest.of(commit.ref.encode()).hex}"
        """The ref that holds the commit once ``fetched`` has been entered."""

    @asynccontextmanager
    async def fetched(self) -> AsyncIterator[None]:
        """The commit is in ``path`` for the length of this. Raises GitError, SourceError."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    await asyncio.sleep(_POLL)
            await self._fetch_once()
            yield
        finally:
            os.close(lock)

    async def _fetch_once(self) -> None:
        fresh = not self.path.exists()
        try:
            await self._fetch()
        except GitError as error:
            if fresh or not any(text in error.stderr for text in _DAMAGED):
                raise
            shutil.rmtree(self.path)
            await self._fetch()

    async def _fetch(self) -> None:
        await self._make()
        await asyncio.to_thread(self._clean)
        commit = self._commit
        if not await self._has(commit.checksum):
            if self._git.offline:
                raise SourceError(
                    f"{self._wanted.written}: {commit.checksum} is not in the state directory, "
                    "and offline no repository is asked",
                    hint="build once without --offline, so that it is there",
                )
            if self._wanted.fetch_by_commit or is_commit(commit.ref):
                await self._fetch_commit()
            else:
                await self._fetch_ref()
        await self._run("update-ref", self.kept, commit.checksum)

    async def _fetch_ref(self) -> None:
        commit = self._commit
        await self._fetch_from(["--depth=1", "--no-tags"], f"+{commit.ref}:{self.kept}")
        if not await self._has(commit.checksum):  # it has moved on since it was looked up
            try:
                await self._fetch_commit()
            except GitError:
                raise SourceError(
                    f"fetched ref {commit.ref} does not match expected commit {commit.checksum} "
                    "and commit can not be found in the repository"
                ) from None

    async def _fetch_commit(self) -> None:
        """By its id, if the server lets us; else everything that has a name."""
        sha = self._commit.checksum
        try:
            await self._fetch_from(["--depth=1", "--no-tags"], sha)
        except GitError as error:
            refused = ("not our ref", "unadvertised object", "shallow", "--depth")
            if self._wanted.fetch_by_commit or not any(text in error.stderr for text in refused):
                raise
            whole = ["--unshallow"] if (self.path / "shallow").exists() else []
            refs = ("+refs/heads/*:refs/kept/heads/*", "+refs/tags/*:refs/kept/tags/*")
            await self._fetch_from([*whole, "--no-tags"], *refs)
        if not await self._has(sha):
            raise SourceError(f"repository does not contain ref {sha}")

    async def _fetch_from(self, options: Sequence[str], *refspecs: str) -> None:
        """Servers of plain files know nothing of depth: then all of it comes."""
        remote = self._wanted.remote
        try:
            await self._run("fetch", "--force", *options, "--", remote, *refspecs)
        except GitError as error:
            shallow = "shallow" in error.stderr or "--depth" in error.stderr
            if "--depth=1" not in options or not shallow:
                raise error.while_(f"failed to fetch remote {self._wanted.written}") from error
            rest = [option for option in options if option != "--depth=1"]
            await self._fetch_from(rest, *refspecs)

    async def _make(self) -> None:
        """Whole or not at all: what is there under its name has been made to the end."""
        if self.path.exists():
            return
        # Its name begins with that of the mirror, whose lock we hold.
        for left in self._root.glob(f"{self.path.name}-*"):
            shutil.rmtree(left)
        partial = Path(mkdtemp(prefix=f"{self.path.name}-", dir=self._root))
        try:
            kind = ["--object-format=sha256"] if self._sha256 else []
            await self._git.run("init", "--quiet", "--bare", *kind, git_dir=partial, quiet=True)
            partial.rename(self.path)
        finally:
            with suppress(FileNotFoundError):
                shutil.rmtree(partial)

    def _clean(self) -> None:
        """Remove what a fetch that was killed has left: locks of git's, and half of a pack."""
        packs = ("objects/pack/tmp_*", "objects/tmp_*", "objects/??/tmp_*")
        for pattern in ("*.lock", "refs/**/*.lock", *packs):
            for path in self.path.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    async def _has(self, sha: str) -> bool:
        return await self._git.succeeds("cat-file", "-e", f"{sha}^{{commit}}", git_dir=self.path)

    async def _run(self, *arguments: str) -> str:
        return await self._git.run(*arguments, git_dir=self.path)
