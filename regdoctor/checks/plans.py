"""Derived observations: what each client on the host would do for the registries of a run. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from builder.oci.reference import InvalidReference
from regdoctor.clients.table import CLIENTS, OWN, program_of, reference_at
from regdoctor.clients.told import told
from regdoctor.observations.host import AskedClients, HostFiles
from regdoctor.observations.network import Role
from regdoctor.observations.plans import ClientPlanSeen
from regdoctor.observations.store import HOST, Observations

BESIDE = {"docker-pull": "docker-build"}
"""Programs of one client whose rules differ: both are of interest where the first is judged."""


def derive_plans(seen: Observations) -> None:
    """Adds the plan of every judged program for every registry; named ``PROGRAM DOMAIN``."""
    files = seen.get(HostFiles, HOST)
    if files is None:
        return
    for domain in _domains(seen):
        for program in dict.fromkeys(_programs(seen, files)):
            try:
                plan = told(files, program, reference_at(files, domain))
            except InvalidReference:
                continue
            seen.add(HOST, plan, name=f"{program} {domain}")


def plans(seen: Observations) -> Iterator[tuple[str, str, ClientPlanSeen]]:
    """(client as in ``breaks``, domain, plan) of all."""
    files = seen.get(HostFiles, HOST) or HostFiles()
    names = {program_of(files, client): client.name for client in CLIENTS}
    names |= {beside: names[first] for first, beside in BESIDE.items() if first in names}
    for name, plan in seen.named(ClientPlanSeen, HOST):
        program, _, domain = name.partition(" ")
        if program in names:
            yield names[program], domain, plan


def _domains(seen: Observations) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for endpoint in seen.endpoints():
        role = seen.get(Role, endpoint)
        if role is not None and role.kind in ("registry", "mirror"):
            found.update(dict.fromkeys(role.domains))
    return tuple(found)


def _programs(seen: Observations, files: HostFiles) -> Iterator[str]:
    asked = seen.get(AskedClients, HOST)
    names = asked.names if asked else (OWN,)
    for client in CLIENTS:
        if client.name in ("kaniko", "crane") and client.name not in names:
            continue
        program = program_of(files, client)
        yield program
        if program in BESIDE:
            yield BESIDE[program]
