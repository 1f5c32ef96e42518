"""Contexts that are not a directory here: fetched, looked into, and described to the frontend."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from builder.api.errors import BuildError, RequestError
from builder.api.inputs import LIMIT, BuildFiles, read_files, read_input
from builder.api.request import BuildRequest
from builder.api.work import Work
from builder.engine.policy import SourcePolicy
from builder.engine.state import State, open_state
from builder.errors import BuilderError
from builder.frontend.dockerfile import ConvertOptions, DockerfileError
from builder.frontend.dockerfile.contexts import main_source
from builder.frontend.dockerfile.gitref import git_source, parse_git_ref
from builder.llb import graph
from builder.llb.definition import Definition
from builder.llb.ops import SourceOp
from builder.llb.state import marshal
from builder.oci.credentials import without_credentials
from builder.oci.gobool import parse_bool
from builder.ops.results import Tree
from builder.ops.threads import in_thread
from builder.registry import RetryPolicy, Session
from builder.snapshot import paths
from builder.solver.errors import SolveError

if TYPE_CHECKING:
    from builder.transport import Transport

_MAGIC = (b"BZh", b"\x1f\x8b\x08", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd")
_HEAD = 1024


class RemoteContext(Struct, frozen=True):
    """A context as the frontend's options name it (``main_context`` and what goes with it)."""

    op: SourceOp
    caps: frozenset[str]
    name: str
    url: str
    unpack: bool = False
    dockerfile: bool = True

    def into(self, options: ConvertOptions) -> ConvertOptions:
        return replace(
            options,
            main_context=self.op,
            main_caps=self.caps,
            main_name=self.name,
            main_unpack=self.unpack,
            main_dockerfile=self.dockerfile,
        )


def is_archive(head: bytes) -> bool:
    """Whether what begins with ``head`` (a kilobyte) is a tar, perhaps a compressed one."""
    if head.startswith(_MAGIC):
        return True
    import tarfile

    with suppress(tarfile.HeaderError):
        tarfile.TarInfo.frombuf(head[:512], "utf-8", "surrogateescape")
        return True
    return False


def is_url(text: str) -> bool:
    """Whether a context of that name is fetched."""
    if text.startswith(("http://", "https://", "github.com/")):
        return True
    try:
        return parse_git_ref(text) is not None
    except DockerfileError:
        return True


class Opened(Struct, frozen=True):
    """What a plan, or a question about a Dockerfile, begins with."""

    files: BuildFiles
    remote: RemoteContext | None
    state: State
    session: Session
    work: Work


@asynccontextmanager
async def opened(
    request: BuildRequest, policy: RetryPolicy | None, *, builds: bool = False
) -> AsyncIterator[Opened]:
    """Read the Dockerfile, open the state directory and a registry session. What ``builds``
    leaves the state directory within its limits.

    Raises RequestError; BuildError for a context that cannot be fetched; what the stores raise.
    """
    files = None if request.is_remote else read_files(request)
    with open_state(request.root) as state:
        async with Session(
            config=request.registry, policy=policy, transport=_transport(request)
        ) as session:
            work = Work(request, state, session)
            try:
                remote = None
                if files is None:
                    files, remote = await fetch(request, state, work)
                yield Opened(files, remote, state, session, work)
            finally:
                await work.aclose()
        if builds and state.collection_is_due():
            from builder.engine.prune import keep_limits

            await keep_limits(state)


def _transport(request: BuildRequest) -> Transport | None:
    """What asks the registries; None for the session's own."""
    if not request.offline:
        return None
    from builder.transport.offline import OfflineTransport

    return OfflineTransport()


async def fetch(
    request: BuildRequest, state: State, work: Work
) -> tuple[BuildFiles, RemoteContext]:
    """The Dockerfile of a context that is not here yet, and the context.

    Raises RequestError, BuildError.
    """
    if request.ignore_file is not None:
        raise RequestError("--ignore-file has no effect on a context that is fetched")
    try:
        context = await _described(request, work)
        tree = await _solve(work, context, request.policy)
        name = request.dockerfile or "Dockerfile"
        if context.op.attrs.get("http.filename"):
            head = await in_thread(lambda _: _read(state, tree, "context", _HEAD))
            if is_archive(head or b""):
                context = replace(context, unpack=True)
                tree = await _solve(work, context, request.policy)
            elif not request.dockerfile:
                name = "context"
        text, own = await in_thread(lambda _: _dockerfile(request, state, tree, name))
    except SolveError as error:
        raise BuildError(str(error), error.cause, error.locations) from error
    except (RequestError, BuildError):
        raise
    except BuilderError as error:
        raise BuildError(str(error), error) from error
    brought = graph.load(definition_of(context, request.policy)).result.vertex
    vertex = str(brought.digest) if own else ""
    files = BuildFiles(name, text, (), 0, vertex)
    return files, replace(context, dockerfile=own)


async def _described(request: BuildRequest, work: Work) -> RemoteContext:
    if request.context_archive is not None:
        url = await asyncio.to_thread(work.upload, request.context_archive)
    else:
        url = request.context_url
    git = parse_git_ref(url)
    if git is not None:
        if parse_bool(request.build_args.get("BUILDKIT_CONTEXT_KEEP_GIT_DIR", "")):
            git = replace(git, keep_git_dir=True)
        if request.build_args.get("SOURCE_DATE_EPOCH"):
            git = replace(git, mtime=git.mtime or "commit")
        op, caps = git_source(git)
        shown = without_credentials(request.context_url)
        return RemoteContext(op, caps, f"[internal] load git source {shown}", url)
    op = SourceOp(url, {"http.filename": "context"})
    name = "[internal] load remote build context"
    return RemoteContext(op, frozenset({"source.http"}), name, url)


def definition_of(context: RemoteContext, policy: SourcePolicy) -> Definition:
    """What fetches a context. Raises SourceDenied, PolicyError."""
    return policy.apply(marshal(main_source(context.into(ConvertOptions())).output()))


async def _solve(work: Work, context: RemoteContext, policy: SourcePolicy) -> Tree:
    (tree,) = await work.engine.solve([definition_of(context, policy)])
    return tree


def _dockerfile(request: BuildRequest, state: State, tree: Tree, name: str) -> tuple[bytes, bool]:
    """Its text, and whether it is the context's own."""
    if request.dockerfile_text is not None:
        return request.dockerfile_text, False
    if Path(name).is_absolute():
        path = Path(name)
        return read_input(path, path.parent, f"failed to read dockerfile: open {name}"), False
    names = [name]
    if name.rpartition("/")[2] == "Dockerfile":
        names.append(name[: -len("Dockerfile")] + "dockerfile")
    for each in names:
        text = _read(state, tree, each, LIMIT + 1)
        if text is not None:
            break
    else:
        raise RequestError(
            f"failed to read dockerfile: open {name}: no such file or directory",
            hint=f"{request.shown} has no such file; name another with -f",
        )
    if len(text) > LIMIT:
        raise RequestError(f"failed to read dockerfile: larger than {LIMIT >> 20} MiB")
    return text, True


def _read(state: State, tree: Tree, path: str, limit: int) -> bytes | None:
    with state.snapshots.view(tree.snapshot) as root:
        return paths.read_regular(str(root), path, limit)
