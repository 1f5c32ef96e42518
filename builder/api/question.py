"""Questions about a Dockerfile, answered without building anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from builder.api.frontend import Frontend
from builder.api.inputs import read_files
from builder.api.request import BuildRequest
from builder.engine.state import open_state
from builder.events import Emit
from builder.frontend.dockerfile.subrequests import QUESTIONS
from builder.registry import RetryPolicy, Session
from builder.sources.image import ImageSource

__all__ = ["QUESTIONS", "ask"]


async def ask(
    request: BuildRequest, question: str, emit: Emit, *, policy: RetryPolicy | None = None
) -> Any:
    """The document that answers one of ``QUESTIONS`` (``result.json`` of BuildKit's
    subrequests), for the platform of this machine, as BuildKit answers them.

    Raises RequestError; BuildError for a Dockerfile that has no answer.
    """
    files = read_files(request)
    with open_state(request.root) as state:
        async with Session(config=request.registry, policy=policy) as session:
            images = ImageSource(
                session, state.content, state.names, state.chains, pull=request.pull
            )
            try:
                return await Frontend(replace(request, platforms=()), files, images).answer(
                    question, emit
                )
            finally:
                await images.aclose()
