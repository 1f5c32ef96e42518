"""The face of the builder: a request becomes a plan, a plan a result.

::

    async with open_plan(request) as plan:
        plan.references           # every image the build will need, before anything is asked
        plan.session              # the registry session that a preflight may use first
        result = await plan.run(emit)

    document = await ask(request, "lint", emit)     # a question that builds nothing

    async with open_sender(root, config) as sender:     # images that are built already
        await sender.push(image, reference, emit)

What only builds, images that are there, or a look at the host need is loaded when it is first used.

Errors::

    BuilderError
    |-- RequestError        the request itself is wrong; nothing was tried
    `-- BuildError          the build failed; ``cause``, and where in which file
"""

from typing import TYPE_CHECKING, Any

from builder.api.contexts import is_archive, is_url
from builder.api.errors import BuildError, RequestError
from builder.api.question import QUESTIONS, ask
from builder.api.request import BuildRequest
from builder.cache.options import CacheOption
from builder.cache.options import parse_export as parse_cache_export
from builder.cache.options import parse_import as parse_cache_import
from builder.executor.lentca import RunCa
from builder.executor.types import Resources
from builder.exporters import Output
from builder.exporters import parse as parse_output
from builder.ops.secrets import SecretSource
from builder.ops.ssh.agents import AgentSource

if TYPE_CHECKING:
    from builder.api.hosttrial import HostTrial, try_host
    from builder.api.plan import BuildResult, Plan, open_plan
    from builder.api.sending import Archive, Sender, open_sender
    from builder.engine.shape import ImageShape

__all__ = [
    "QUESTIONS",
    "AgentSource",
    "Archive",
    "BuildError",
    "BuildRequest",
    "BuildResult",
    "CacheOption",
    "HostTrial",
    "ImageShape",
    "Output",
    "Plan",
    "RequestError",
    "Resources",
    "RunCa",
    "SecretSource",
    "Sender",
    "ask",
    "is_archive",
    "is_url",
    "open_plan",
    "open_sender",
    "parse_cache_export",
    "parse_cache_import",
    "parse_output",
    "try_host",
]


def __getattr__(name: str) -> Any:
    if name in ("HostTrial", "try_host"):
        from builder.api import hosttrial

        return getattr(hosttrial, name)
    if name in ("BuildResult", "ImageShape", "Plan", "open_plan"):
        from builder.api import plan

        return getattr(plan, name)
    if name in ("Archive", "Sender", "open_sender"):
        from builder.api import sending

        return getattr(sending, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
