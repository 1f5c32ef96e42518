"""Notes that follow from a plan alone: what is dangerous about the way that it goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from regdoctor.clients.authority import loopback
from regdoctor.clients.plan import ClientPlan, Endpoint, Note


def with_dangers(plan: ClientPlan, file: str) -> ClientPlan:
    """``plan`` with a note on each danger of its endpoints; ``file`` is what configures them."""
    found = tuple(note for each in plan.endpoints for note in _of(each, file))
    return replace(plan, notes=(*plan.notes, *found))


def _of(endpoint: Endpoint, file: str) -> Iterator[Note]:
    if loopback(endpoint.host):
        return
    where = f"{endpoint.role} {endpoint.host}"
    schemes = [each.scheme for each in endpoint.attempts]
    if "https" in schemes and not endpoint.transport.verify:
        yield Note(
            "verification-off",
            file,
            endpoint.host,
            f"any certificate is taken from {where}: whoever sits between can answer for it",
        )
    if endpoint.credential is None:
        return
    if "http" in schemes:
        yield Note(
            "credential-in-clear",
            file,
            endpoint.host,
            f"the password of {endpoint.credential.user} goes to {where} over plain http",
        )
    own = endpoint.credential.key
    if endpoint.role == "mirror" and not own:
        yield Note(
            "credential-offered-to-mirror",
            file,
            endpoint.host,
            f"the password of {endpoint.credential.user}, given for the pull, is offered to "
            f"{where} as soon as it asks",
        )
