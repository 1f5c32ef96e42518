"""Secrets for RUN steps, as files that never touch a disk and as variables."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from msgspec import Struct

from builder.llb import ops as llb
from builder.ops.errors import OpError
from builder.ops.threads import in_thread

LIMIT = 500 * 1024
"""Largest secret in bytes, as BuildKit's."""


class SecretSource(Struct, frozen=True):
    """Where a secret comes from: exactly one of a file and an environment variable."""

    file: Path | None = None
    env: str = ""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secrets of one build by id. ``directory`` is where tmpfs mounts may be made."""

    sources: Mapping[str, SecretSource]
    directory: Path
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    def read(self, id: str, *, optional: bool) -> bytes | None:
        """The secret; None where an optional one is missing. Raises OpError."""
        source = self.sources.get(id)
        if source is None:
            if optional:
                return None
            raise OpError(f"secret {id}: not found", hint=f"pass it with --secret id={id},src=FILE")
        try:
            if source.file is not None:
                with source.file.open("rb") as file:
                    data = file.read(LIMIT + 1)  # it may be a pipe, or have no end
            else:
                data = self.environ[source.env].encode("utf-8", "surrogateescape")
        except (OSError, KeyError) as error:
            why = error.strerror if isinstance(error, OSError) else "is not set"
            raise OpError(f"secret {id}: {source.file or source.env}: {why}") from error
        if len(data) > LIMIT:
            raise OpError(f"secret {id} is larger than {LIMIT} bytes")
        return data

    async def environment(self, wanted: Sequence[llb.SecretEnv]) -> tuple[str, ...]:
        """``NAME=value`` for each secret that is there."""
        out = []
        for item in wanted:
            data = self.read(item.id, optional=item.optional)
            if data is not None:
                out.append(f"{item.name}={data.decode('utf-8', 'surrogateescape')}")
        return tuple(out)

    async def file(self, mount: llb.Mount, stack: AsyncExitStack) -> Path | None:
        """A file with the secret, on a tmpfs that is gone when ``stack`` closes."""
        option = mount.secret_opt or llb.SecretOpt()
        data = self.read(option.id, optional=option.optional)
        if data is None:
            return None
        from builder.snapshot import mounts

        directory = Path(mkdtemp(prefix="secret-", dir=self.directory))
        stack.callback(directory.rmdir)
        size = LIMIT + 4096
        await in_thread(
            lambda _: mounts.mount("tmpfs", directory, "tmpfs", options=f"size={size},mode=0700")
        )
        stack.callback(mounts.unmount, directory)
        path = directory / "secret"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            os.fchown(file.fileno(), option.uid, option.gid)
            os.fchmod(file.fileno(), option.mode & 0o777)
        return path
