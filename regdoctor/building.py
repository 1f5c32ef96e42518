"""Where diagnosing and building meet: a preflight through the plan's own session, and the
errors of a build turned into observations."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from builder.api import BuildError, Plan
from builder.errors import BuilderError
from builder.oci import reference as references
from builder.oci.reference import InvalidReference, Reference
from builder.registry import Attempt, RegistryConfig, RegistryError
from regdoctor.diagnose import Diagnosis, Settings, Wanted, diagnose, judged
from regdoctor.model.target import Target
from regdoctor.observations.from_exchanges import observe
from regdoctor.observations.store import Observations


@dataclass(frozen=True, slots=True)
class Preflight:
    """``failed`` are the references that the build would stop at, with the error of each."""

    diagnosis: Diagnosis
    failed: Mapping[str, BuilderError]


async def preflight(plan: Plan, environ: Mapping[str, str] | None = None) -> Preflight:
    """Ask for every reference of the plan at once, and have the answers judged.

    What is learnt stays in the plan's session: the build asks for none of it again. Only
    where a reference cannot be had are further probes sent. A fault of one mirror that
    another host makes up for does not count as failed.
    """
    wanted = tuple(dict.fromkeys(_parsed(use.reference) for use in plan.references))
    targets = tuple(dict.fromkeys(plan.push_targets))
    errors = dict(
        zip(
            (str(reference) for reference in (*wanted, *targets)),
            await asyncio.gather(
                *(_resolve(plan, reference) for reference in wanted),
                *(_reach(plan, reference) for reference in targets),
            ),
            strict=True,
        )
    )
    failed = {name: error for name, error in errors.items() if error is not None}
    config = plan.request.registry
    if failed:
        broken = tuple(r for r in (*wanted, *targets) if str(r) in failed)
        return Preflight(await _examine(config, broken, set(targets), environ), failed)
    seen = Observations()
    observe(seen, plan.session.attempts())
    target = Target("build", str(plan.request.context))
    return Preflight(judged(seen, (target,)), {})


async def explain(
    error: BuildError, config: RegistryConfig, environ: Mapping[str, str] | None = None
) -> Diagnosis | None:
    """What the registry exchanges behind a failed build mean; None where there were none."""
    attempts = _attempts(error)
    if not attempts:
        return None
    images = []
    for attempt in attempts:
        try:
            images.append(references.parse(attempt.subject))
        except InvalidReference:
            continue
    if any(attempt.error is not None for attempt in attempts) and images:
        return await _examine(config, tuple(dict.fromkeys(images)), set(), environ)
    seen = Observations()
    observe(seen, attempts)
    return judged(seen, ())


async def _resolve(plan: Plan, reference: Reference) -> BuilderError | None:
    try:
        await plan.session.resolve(reference)
    except BuilderError as error:
        return error
    return None


async def _reach(plan: Plan, reference: Reference) -> BuilderError | None:
    """Whether the registry that a push goes to answers; rights show in the push itself."""
    try:
        host = plan.session.hosts(reference.domain)[-1]
    except BuilderError as error:
        return error
    answer = await plan.session.ping(host)
    return answer.error


async def _examine(
    config: RegistryConfig,
    broken: Sequence[Reference],
    push_targets: set[Reference],
    environ: Mapping[str, str] | None,
) -> Diagnosis:
    """All probes, for the references that cannot be had."""
    looked = [
        Wanted(Target("registry", reference.domain), domains=(reference.domain,))
        if reference in push_targets
        else Wanted(Target("image", str(reference)), references=(reference,))
        for reference in broken
    ]
    return await diagnose(looked, Settings(config=config, environ=environ))


def _attempts(error: BaseException) -> tuple[Attempt, ...]:
    """Those of the registry error that caused ``error``, wherever in the chain it is."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, RegistryError):
            return link.attempts
        cause = getattr(link, "cause", None)
        link = cause if isinstance(cause, BaseException) else link.__cause__
    return ()


def _parsed(text: str) -> Reference:
    try:
        return references.parse(text)
    except InvalidReference as error:
        raise BuildError(str(error), error) from error
