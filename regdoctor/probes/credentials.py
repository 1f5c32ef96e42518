"""Whether there are credentials for a registry, and where; never what they are."""

from __future__ import annotations

from dataclasses import dataclass

from builder.registry import CredentialError, CredentialStore
from builder.transport import Endpoint
from regdoctor.observations.http import CredentialUse
from regdoctor.observations.network import Role
from regdoctor.observations.store import Failure, Observations


@dataclass(frozen=True, slots=True)
class CredentialProbe:
    """Looks the endpoint up as the session does, under the name it is contacted by."""

    store: CredentialStore

    name = "credentials"
    gives = CredentialUse
    needs: tuple[type, ...] = (Role,)

    def applies(self, endpoint: Endpoint, seen: Observations) -> bool:
        role = seen.get(Role, endpoint.url)
        return role is not None and role.kind in ("registry", "mirror")

    async def observe(self, endpoint: Endpoint, seen: Observations) -> CredentialUse | Failure:
        role = seen.get(Role, endpoint.url)
        names = dict.fromkeys((endpoint.authority, role.written if role else endpoint.authority))
        for name in names:
            try:
                found = await self.store.lookup(name)
            except CredentialError as error:
                return Failure(CredentialUse.__name__, self.name, str(error))
            if found is not None:
                return CredentialUse(name, present=True, source=found.source)
        return CredentialUse(endpoint.authority, present=False)
