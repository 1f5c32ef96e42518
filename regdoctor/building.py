"""Where diagnosing and building meet: a preflight through the plan's own session, and the
errors of a build turned into observations.

The rooms of the doctor are imported where there is something to judge: a build whose
registries all answer as they should pays nothing for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from builder.api import BuildError, Plan
from builder.errors import BuilderError
from builder.oci import reference as references
from builder.oci.reference import InvalidReference, Reference
from builder.registry import Attempt, RegistryConfig, RegistryError
from builder.transport import Exchange

if TYPE_CHECKING:
    from regdoctor.diagnose import Diagnosis


@dataclass(frozen=True, slots=True)
class Preflight:
    """``failed`` are the references that the build would stop at, with the error of each.

    ``diagnosis`` is None where there was nothing to judge: every first answer was right.
    """

    diagnosis: Diagnosis | None
    failed: Mapping[str, BuilderError]


async def preflight(plan: Plan, environ: Mapping[str, str] | None = None) -> Preflight:
    """Ask for every reference of the plan at once, and have the answers judged.

    What is learnt stays in the plan's session: the build asks for none of it again. Only
    where a reference cannot be had are further probes sent. A fault of one mirror that
    another host makes up for does not count as failed.
    """
    if plan.request.offline:
        return Preflight(None, await plan.missing())
    # what is no reference is for the build to say: it knows the line
    wanted = tuple(dict.fromkeys(_references(use.reference for use in plan.references)))
    targets = tuple(dict.fromkeys(plan.push_targets))
    exchanges: list[Exchange] = []
    stop = plan.session.transport.observe(exchanges.append)
    answers = await asyncio.gather(
        *(_resolve(plan, reference) for reference in wanted),
        *(_reach(plan, reference) for reference in targets),
    )
    stop()
    failed = {
        str(reference): answer
        for reference, answer in zip((*wanted, *targets), answers, strict=True)
        if isinstance(answer, BuilderError)
    }
    if failed:
        broken = tuple(r for r in (*wanted, *targets) if str(r) in failed)
        return Preflight(await _examine(plan.request.registry, broken, targets, environ), failed)
    if any(answers):
        judgement = _judge(
            plan.session.attempts(),
            exchanges,
            plan.request.shown,
            plan.request.registry.source,
        )
        return Preflight(judgement, failed)
    return Preflight(None, failed)


async def explain(
    error: BuildError,
    config: RegistryConfig,
    environ: Mapping[str, str] | None = None,
    output: str = "",
    pushed: Sequence[Reference] = (),
) -> Diagnosis | None:
    """What the registry exchanges behind a failed build mean, or what the failed step said
    (``output``); None where there is neither. ``pushed``: where to, which no exchange tells."""
    refusal = getattr(error.cause, "refusal", "")
    if output or refusal:
        return _judge_step(f"{refusal}\n{output}")
    attempts = _attempts(error)
    images = tuple(dict.fromkeys(_references(attempt.subject for attempt in attempts)))
    if images and any(attempt.error is not None for attempt in attempts):
        return await _examine(config, images, (), environ)
    if pushed and _registry_error(error) is not None:
        return await _examine(config, pushed, pushed, environ)
    return _judge(attempts, (), "", config.source) if attempts else None


def _judge_step(output: str) -> Diagnosis:
    """A step's words are not a client's: only what is said of programs in steps is judged."""
    from regdoctor.checks.builds import multiarch_exec_format_error, run_step_tls_interception
    from regdoctor.clients.table import OWN
    from regdoctor.diagnose import Diagnosis
    from regdoctor.fixes.table import with_fixes
    from regdoctor.model.finding import Finding
    from regdoctor.observations.host import AskedClients
    from regdoctor.observations.printed import ClientOutput
    from regdoctor.observations.store import HOST, Observations

    seen = Observations()
    seen.add(HOST, AskedClients((OWN,)))
    seen.add(HOST, ClientOutput(output, OWN))
    findings = tuple(
        with_fixes(seen, found)
        for check in (multiarch_exec_format_error.CHECK, run_step_tls_interception.CHECK)
        for found in check.findings(seen)
        if isinstance(found, Finding)
    )
    return Diagnosis(seen, (), findings)


async def _resolve(plan: Plan, reference: Reference) -> BuilderError | bool:
    """The error, or whether anything on the way is worth a judgement."""
    try:
        resolved = await plan.session.resolve(reference)
    except BuilderError as error:
        return error
    return bool(resolved.coped)


async def _reach(plan: Plan, reference: Reference) -> BuilderError | bool:
    """Whether the registry that a push goes to answers; rights show in the push itself."""
    try:
        host = plan.session.hosts(reference.domain)[-1]
    except BuilderError as error:
        return error
    answer = await plan.session.ping(host)
    return answer.error or False


def _judge(
    attempts: Iterable[Attempt], exchanges: Iterable[Exchange], context: str, source: str
) -> Diagnosis:
    """A verdict on what was seen; ``exchanges`` has those of tokens too. ``source`` is the file
    of the settings that name the mirrors, which nobody but us goes by."""
    from regdoctor.clients.table import OWN
    from regdoctor.diagnose import judged
    from regdoctor.model.target import Target
    from regdoctor.observations.from_exchanges import observe
    from regdoctor.observations.network import Role
    from regdoctor.observations.store import Observations

    seen = Observations()
    observe(seen, attempts, exchanges)
    asked = []
    for endpoint in seen.endpoints():
        role = seen.get(Role, endpoint)
        if role is None or role.kind not in ("mirror", "registry"):
            continue
        asked.append(endpoint)
        if role.kind == "mirror":
            origins = role.origins or ((source,) if source else ())
            seen.add(endpoint, replace(role, asked_by=(OWN,), origins=origins))
    return judged(seen, (Target("build", context, tuple(asked)),) if context else ())


async def _examine(
    config: RegistryConfig,
    broken: Sequence[Reference],
    push_targets: Sequence[Reference],
    environ: Mapping[str, str] | None,
) -> Diagnosis:
    """All probes, for the references that cannot be had."""
    from regdoctor.diagnose import Settings, Wanted, diagnose
    from regdoctor.model.target import Target

    looked = [
        Wanted(Target("registry", reference.domain), domains=(reference.domain,))
        if reference in push_targets
        else Wanted(Target("image", str(reference)), references=(reference,))
        for reference in broken
    ]
    return await diagnose(looked, Settings(config=config, environ=environ))


def _attempts(error: BaseException) -> tuple[Attempt, ...]:
    """Those of the registry error that caused ``error``."""
    found = _registry_error(error)
    return found.attempts if found is not None else ()


def _registry_error(error: BaseException) -> RegistryError | None:
    """What caused ``error``, wherever in the chain it is."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, RegistryError):
            return link
        cause = getattr(link, "cause", None)
        link = cause if isinstance(cause, BaseException) else link.__cause__
    return None


def _references(subjects: Iterable[str]) -> Iterable[Reference]:
    for subject in subjects:
        try:
            yield references.parse(subject)
        except InvalidReference:
            continue  # a digest, or a step that is about no image
