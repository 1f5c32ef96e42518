"""Manifests as they were looked at, for the checks that judge them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from regdoctor.checks.judging import subject_of
from regdoctor.observations.http import Answer, ManifestLook
from regdoctor.observations.network import Role
from regdoctor.observations.store import Observations


@dataclass(frozen=True, slots=True)
class Looked:
    """One image at one endpoint. ``image`` is the reference as a person writes it.

    ``served`` tells that some endpoint, a mirror or the origin, gave the manifest.
    """

    endpoint: str
    image: str
    look: ManifestLook
    role: Role | None
    served: bool

    @property
    def last(self) -> Answer | None:
        """The answer that counts: GET's where it was asked, else HEAD's."""
        return self.look.get or self.look.head


def looks(seen: Observations) -> Iterator[Looked]:
    """Every manifest that was asked for, endpoint by endpoint."""
    found = []
    for endpoint in seen.endpoints():
        role = seen.get(Role, endpoint)
        for _, look in seen.named(ManifestLook, endpoint):
            found.append((endpoint, role, look, _image(endpoint, role, look)))
    given = {image for _, _, look, image in found if look.served}
    for endpoint, role, look, image in found:
        yield Looked(endpoint, image, look, role, image in given)


def _image(endpoint: str, role: Role | None, look: ManifestLook) -> str:
    domain = role.domains[0] if role and role.domains else subject_of(endpoint)
    mark = "@" if ":" in look.reference else ":"
    repository = look.repository
    if domain == "docker.io":
        repository = repository.removeprefix("library/")
        return f"{repository}{mark}{look.reference}"
    return f"{domain}/{repository}{mark}{look.reference}"
