"""A plan as values that can be kept and printed: no keys, no passwords."""

from __future__ import annotations

from regdoctor.clients.onhost import plan_on, version_of
from regdoctor.clients.plan import Credential, Endpoint
from regdoctor.observations.host import HostFiles
from regdoctor.observations.plans import ClientPlanSeen, ConfigNote, PlannedEndpoint


def told(files: HostFiles, program: str, reference: str, given: str = "") -> ClientPlanSeen:
    """What ``program`` would do. Raises UnknownVersionError, InvalidReference."""
    plan = plan_on(files, program, reference, given=given)
    seen = version_of(files, program, given)
    return ClientPlanSeen(
        client=program,
        version=str(seen.version),
        reference=reference,
        endpoints=tuple(map(_endpoint, plan.endpoints)),
        notes=tuple(ConfigNote(n.kind, n.file, n.subject, n.sentence) for n in plan.notes),
        refuses=plan.refuses,
        guessed=seen.guessed,
        executed=plan.executed,
    )


def _endpoint(endpoint: Endpoint) -> PlannedEndpoint:
    return PlannedEndpoint(
        url=endpoint.url,
        repository=endpoint.repository,
        role=endpoint.role,
        schemes=tuple(attempt.scheme for attempt in endpoint.attempts),
        verify=endpoint.transport.verify,
        roots=tuple(each.path for each in endpoint.transport.extra),
        pairs=tuple(each.certificate for each in endpoint.transport.pairs),
        ns=endpoint.ns,
        proxy=_without_password(endpoint.attempts[0].proxy),
        login=_login(endpoint.credential),
        broken=endpoint.broken,
        store=endpoint.transport.process.store,
    )


def _login(credential: Credential | None) -> str:
    return f"{credential.user or 'a token'} from {credential.file}" if credential else ""


def _without_password(url: str) -> str:
    scheme, _, rest = url.rpartition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if rest else ""
