"""The host's git, run so that nothing but its arguments and our settings count."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from builder.sources.errors import SourceError

Log = Callable[[int, bytes], None]
"""What git says: 1 and its output, or 2 and its errors."""
NETWORK = "http:https:git:ssh"
"""Protocols that a repository, and its submodules, may be fetched by."""

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
_SETTINGS = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("core.attributesFile", os.devnull),
    ("init.defaultBranch", "master"),
    ("init.templateDir", ""),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("advice.detachedHead", "false"),
    # a server that falls silent must not hold the build for ever
    ("http.lowSpeedLimit", "1"),
    ("http.lowSpeedTime", "300"),
)
_GUARDED = """
exec 3<&0 </dev/null
{ read -r _; kill -9 0; } <&3 >/dev/null 2>&1 &
exec git "$@" 3<&-
"""
"""git beside a process that ends it, with all its helpers, when whoever holds the other end
of a pipe is no more: they are a process group of their own, that no signal to us reaches."""
_CHUNK = 1 << 16
_LIMIT = 16 << 20
"""Most bytes of output that are read of one run."""
_GRACE = 5.0
"""Seconds that what was killed may take to be gone."""


class GitError(SourceError):
    """A run that failed. The message is BuildKit's; ``stderr`` is what git said."""

    def __init__(self, stderr: str, code: int, *, doing: str = "", hint: str = "") -> None:
        status = f"exit status {code}" if code >= 0 else f"signal: {signal.Signals(-code).name}"
        before = f"{doing}: " if doing else ""
        super().__init__(f"{before}git stderr:\n{stderr}: {status}", hint=hint)
        self.stderr = stderr
        self.code = code

    def while_(self, doing: str, *, hint: str = "") -> GitError:
        """The same, saying what it was run for."""
        return GitError(self.stderr, self.code, doing=doing, hint=hint)


@dataclass(frozen=True, slots=True)
class Settings:
    """``config`` are settings beside ours; ``secrets`` variables that they refer to.
    ``offline``: no protocol of a network is spoken."""

    environ: Mapping[str, str]
    config: Sequence[tuple[str, str]] = ()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    ssh_command: str = ""
    roots: Path | None = None
    offline: bool = False


class Git:
    """Runs git. ``directory`` is where it stands when it is given no work tree."""

    def __init__(self, settings: Settings, directory: Path, log: Log) -> None:
        self._settings = settings
        self.offline = settings.offline
        self._directory = directory
        self._log = log

    async def run(
        self,
        *arguments: str,
        git_dir: Path | None = None,
        work_tree: Path | None = None,
        protocols: str = NETWORK,
        quiet: bool = False,
    ) -> str:
        """Its output. ``quiet``: what it says is not logged. Raises GitError.

        Without ``git_dir`` it finds no repository, wherever it stands. Cancelled, it is
        killed with all that it started.
        """
        environment = self._environment(git_dir, work_tree, protocols)
        if shutil.which("git", path=environment["PATH"]) is None:
            raise SourceError(
                "failed to find git binary", hint="install git: repositories are fetched with it"
            )
        ends, alive = os.pipe()
        starting = asyncio.ensure_future(
            self._start(arguments, ends, work_tree or self._directory, environment)
        )
        try:
            process = await asyncio.shield(starting)
            assert process.stdout is not None
            assert process.stderr is not None
            output, errors, _ = await asyncio.gather(
                self._read(process.stdout, 1, quiet=quiet),
                self._read(process.stderr, 2, quiet=quiet),
                process.wait(),
            )
        except BaseException:
            await self._end(starting)
            raise
        finally:
            os.close(alive)
        assert process.returncode is not None
        if process.returncode != 0:
            raise GitError(errors.decode("utf-8", "replace"), process.returncode)
        return output.decode("utf-8", "surrogateescape")

    async def _start(
        self, arguments: Sequence[str], ends: int, directory: Path, environment: Mapping[str, str]
    ) -> asyncio.subprocess.Process:
        try:
            return await asyncio.create_subprocess_exec(
                *("/bin/sh", "-c", _GUARDED, "git", *arguments),
                cwd=directory,
                env=environment,
                stdin=ends,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
                umask=0o022,
            )
        finally:
            os.close(ends)

    async def _end(self, starting: asyncio.Future[asyncio.subprocess.Process]) -> None:
        """Kill it and its helpers, that would go on without it, and wait until they are gone."""
        try:
            process = await starting
        except OSError:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        assert process.stderr is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                # Helpers are no children of ours, but hold its stderr for as long as they live.
                await self._read(process.stderr, 2, quiet=True)

    async def succeeds(self, *arguments: str, git_dir: Path) -> bool:
        """Whether a question is answered with yes."""
        try:
            await self.run(*arguments, git_dir=git_dir, protocols="", quiet=True)
        except GitError:
            return False
        return True

    async def _read(self, stream: asyncio.StreamReader, number: int, *, quiet: bool) -> bytes:
        out = bytearray()
        while chunk := await stream.read(_CHUNK):
            if len(out) < _LIMIT:
                out += chunk
            if not quiet:
                self._log(number, chunk)
        return bytes(out)

    def _environment(
        self, git_dir: Path | None, work_tree: Path | None, protocols: str
    ) -> dict[str, str]:
        settings = self._settings
        proxies = (name for upper in _PROXIES for name in (upper, upper.lower()))
        out = {name: settings.environ[name] for name in proxies if name in settings.environ}
        out.update(settings.secrets)
        out.update(
            PATH=settings.environ.get("PATH", os.defpath),
            LC_ALL="C",
            HOME=os.devnull,
            GIT_CONFIG_NOSYSTEM="1",
            GIT_CONFIG_GLOBAL=os.devnull,
            GIT_ATTR_NOSYSTEM="1",
            GIT_TERMINAL_PROMPT="0",
            GIT_ASKPASS="",
            GIT_ALLOW_PROTOCOL="" if settings.offline and protocols == NETWORK else protocols,
            GIT_SSH_COMMAND=settings.ssh_command or "false",
            GIT_SSH_VARIANT="ssh",
            GIT_DIR=str(git_dir) if git_dir is not None else os.devnull,
        )
        if work_tree is not None:
            out["GIT_WORK_TREE"] = str(work_tree)
        if settings.roots is not None:
            out["GIT_SSL_CAINFO"] = str(settings.roots)
        pairs = (*_SETTINGS, *settings.config)
        out["GIT_CONFIG_COUNT"] = str(len(pairs))
        for number, (key, value) in enumerate(pairs):
            out[f"GIT_CONFIG_KEY_{number}"], out[f"GIT_CONFIG_VALUE_{number}"] = key, value
        return out
