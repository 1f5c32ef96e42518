"""A commit of a mirror as a tree of files, with its submodules."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

from builder.sources.errors import SourceError
from builder.sources.git.mirror import Commit, Mirror
from builder.sources.git.program import Git, GitError
from builder.sources.git.wanted import GitWanted, is_commit


async def check_out(
    wanted: GitWanted, commit: Commit, mirror: Mirror, git: Git, tree: Path, run: Path
) -> None:
    """Fill the empty directory ``tree``. Raises GitError, SourceError, OSError.

    ``run`` is where directories may be made that are gone when this returns.
    """
    whole = not wanted.subdir
    top = tree if whole else Path(mkdtemp(prefix=".checkout-", dir=tree))
    if wanted.keep_git_dir and whole:
        repository = top / ".git"
        await _clone(wanted, commit, mirror, git, top)
        await _submodules(wanted, git, repository, top)
        time = await _commit_time(wanted, commit, git, mirror)
    else:
        with _scratch(run) as repository:
            await _borrow(wanted, commit, mirror, git, repository, top)
            await _submodules(wanted, git, repository, top)
        time = await _commit_time(wanted, commit, git, mirror)
        _forget_submodules(top)
    if not whole:
        _raise_up(top, wanted.subdir, tree)
    if time is not None:
        _set_times(tree, time)


@contextmanager
def _scratch(run: Path) -> Iterator[Path]:
    directory = Path(mkdtemp(prefix="git-", dir=run))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


async def _borrow(
    wanted: GitWanted, commit: Commit, mirror: Mirror, git: Git, repository: Path, top: Path
) -> None:
    """Check out by way of a repository that has the mirror's objects and nothing of its own:
    what submodules leave in it is no other build's."""
    await git.run(
        *("init", "--quiet", *_format(commit)), git_dir=repository, work_tree=top, quiet=True
    )
    (repository / "objects" / "info").mkdir(parents=True, exist_ok=True)
    (repository / "objects" / "info" / "alternates").write_text(f"{mirror.path / 'objects'}\n")
    with suppress(FileNotFoundError):
        shutil.copyfile(mirror.path / "shallow", repository / "shallow")
    await _set_origin(git, repository, top, wanted.remote)
    try:
        await git.run(
            *("checkout", "--quiet", "--force", "--detach", f"{commit.checksum}^{{commit}}"),
            git_dir=repository,
            work_tree=top,
            protocols="",
        )
    except GitError as error:
        raise error.while_(f"failed to checkout remote {wanted.written}") from error


async def _clone(wanted: GitWanted, commit: Commit, mirror: Mirror, git: Git, top: Path) -> None:
    """A repository of its own in the tree, one commit deep, under the name it was asked by."""
    repository = top / ".git"
    run = partial(git.run, git_dir=repository, work_tree=top)
    await run("init", "--quiet", *_format(commit), quiet=True)
    targets = _kept_names(wanted, commit)
    refspecs = [f"+{mirror.kept}:{target}" for target in targets] or [mirror.kept]
    # through upload-pack: git's shortcut for local clones has copied what links lead to
    options = ("--update-head-ok", "--no-tags", "--depth=1")
    await run("fetch", *options, "--", f"file://{mirror.path}", *refspecs, protocols="file")
    try:
        await run("checkout", "--quiet", "--force", "FETCH_HEAD", protocols="")
    except GitError as error:
        raise error.while_(f"failed to checkout remote {wanted.written}") from error
    await _set_origin(git, repository, top, wanted.written)
    await run("reflog", "expire", "--all", "--expire=now", quiet=True)
    (repository / "FETCH_HEAD").unlink(missing_ok=True)


async def _set_origin(git: Git, repository: Path, top: Path, url: str) -> None:
    await git.run("config", "remote.origin.url", url, git_dir=repository, work_tree=top, quiet=True)
    await git.run(
        *("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"),
        git_dir=repository,
        work_tree=top,
        quiet=True,
    )


def _kept_names(wanted: GitWanted, commit: Commit) -> list[str]:
    """The refs that the commit gets in a repository that is kept, as with BuildKit: a short
    name becomes a branch, and a tag, by which ``git describe`` finds it; a commit has none."""
    ref = wanted.ref or commit.ref.removeprefix("refs/heads/")
    if is_commit(ref):
        return []
    if wanted.fetch_by_commit:
        return [commit.ref]
    tag = f"refs/tags/{ref.removeprefix('refs/tags/')}"
    if commit.peeled or ref == tag:
        return [tag]
    return [ref if ref.startswith("refs/") else f"refs/heads/{ref}", tag]


def _format(commit: Commit) -> list[str]:
    return ["--object-format=sha256"] if len(commit.checksum) == 64 else []


async def _submodules(wanted: GitWanted, git: Git, repository: Path, top: Path) -> None:
    if not wanted.submodules:
        return
    update = ("submodule", "update", "--init", "--recursive")
    try:
        try:
            await git.run(*update, "--depth=1", git_dir=repository, work_tree=top)
        except GitError as error:
            if "shallow" not in error.stderr and "--depth" not in error.stderr:
                raise
            await git.run(*update, git_dir=repository, work_tree=top)
    except GitError as error:
        raise error.while_(f"failed to update submodules for {wanted.written}") from error


def _forget_submodules(top: Path) -> None:
    """Take out the files that say where the repositories of submodules are: they are gone.

    No repository can bring a file of that name itself: git refuses to check it out.
    """
    for directory, _, names in os.walk(top):
        if ".git" in names:
            os.unlink(os.path.join(directory, ".git"))


async def _commit_time(wanted: GitWanted, commit: Commit, git: Git, mirror: Mirror) -> int | None:
    """Seconds since the epoch; None where files keep the time of the checkout."""
    if wanted.mtime != "commit":
        return None
    text = await git.run(
        *("log", "-1", "--format=%ct", f"{commit.checksum}^{{commit}}", "--"),
        git_dir=mirror.path,
        quiet=True,
    )
    return int(text.strip())


def _raise_up(top: Path, subdir: str, tree: Path) -> None:
    """Make what lies in ``subdir`` of ``top`` all that ``tree`` has."""
    path, seen = top, ""
    for part in subdir.split("/"):
        path, seen = path / part, f"{seen}/{part}".lstrip("/")
        try:
            found = path.lstat()
        except FileNotFoundError as error:
            raise SourceError(
                f'invalid subdir {subdir}: failed to lstat "{seen}": '
                f"statat {seen}: no such file or directory"
            ) from error
        if not stat.S_ISDIR(found.st_mode):
            raise SourceError(
                f'invalid subdir {subdir}: git subpath "{subdir}" contains non-directory "{seen}"'
            )
    for name in os.listdir(path):
        os.rename(path / name, tree / name)
    shutil.rmtree(top)


def _set_times(tree: Path, seconds: int) -> None:
    for directory, _, names in os.walk(tree, topdown=False):
        for name in names:
            os.utime(os.path.join(directory, name), (seconds, seconds), follow_symlinks=False)
        for entry in os.scandir(directory):
            if entry.is_symlink():
                os.utime(entry.path, (seconds, seconds), follow_symlinks=False)
        os.utime(directory, (seconds, seconds))
