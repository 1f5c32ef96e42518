"""Questions about a Dockerfile, answered without building anything."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from builder.api.contexts import opened
from builder.api.frontend import Frontend
from builder.api.request import BuildRequest
from builder.events import Emit
from builder.frontend.dockerfile.subrequests import QUESTIONS
from builder.registry import RetryPolicy

__all__ = ["QUESTIONS", "ask"]


async def ask(
    request: BuildRequest, question: str, emit: Emit, *, policy: RetryPolicy | None = None
) -> Any:
    """The document that answers one of ``QUESTIONS`` (``result.json`` of BuildKit's
    subrequests), for the platform of this machine, as BuildKit answers them.

    Raises RequestError; BuildError for a Dockerfile that has no answer.
    """
    async with opened(request, policy) as here:
        wanted = replace(request, platforms=())
        return await Frontend(wanted, here.files, here.work, here.remote).answer(question, emit)
