"""What a build reaches outside for: its sources, with the secrets, agents and trust of its
request."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from builder.api.request import BuildRequest
from builder.engine.sourcing import Inputs
from builder.engine.state import State
from builder.ops.secrets import Secrets
from builder.ops.ssh.agents import Agents
from builder.registry import Session
from builder.sources.image import ImageSource
from builder.transport import Trust

if TYPE_CHECKING:
    from builder.sources.git.source import GitSource
    from builder.sources.http import HttpSource


def inputs_of(
    request: BuildRequest,
    state: State,
    session: Session,
    *,
    images: ImageSource,
    layouts: Mapping[str, ImageSource],
    uploads: Mapping[str, Path],
    directories: Mapping[str, Path],
) -> Inputs:
    """The mappings may still grow."""
    environ = dict(os.environ)
    given = Secrets(request.secrets, state.run, environ)
    agents = Agents(request.ssh, environ)

    def secret(name: str) -> bytes | None:
        return given.read(name, optional=True)

    @cache
    def http() -> HttpSource:
        from builder.sources.http import HttpSource

        return HttpSource(
            session.transport,
            lambda: Trust(request.registry.roots),
            state.downloads,
            state.snapshots,
            secret,
            uploads,
            request.offline,
        )

    @cache
    def git() -> GitSource:
        from builder.sources.git.source import GitSource

        return GitSource(
            state.root / "git",
            state.run,
            state.snapshots,
            secret,
            agents.lend,
            lambda: request.registry.roots,
            request.registry.resolve,
            environ,
            request.offline,
        )

    return Inputs(
        images=images,
        layouts=layouts,
        http=http,
        git=git,
        directories=directories,
        secrets=given,
        agents=agents,
        session=secrets.token_hex(12),
        scope=_scope(request),
        run_ca=request.run_ca,
        resources=request.resources,
        policy=request.policy,
    )


def _scope(request: BuildRequest) -> str:
    context = request.context.absolute() if request.context is not None else request.shown
    platforms = " ".join(map(str, request.platforms))
    return f"{context}\0{request.dockerfile or 'Dockerfile'}\0{platforms}"
