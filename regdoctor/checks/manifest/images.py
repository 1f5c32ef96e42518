"""Manifests as they were looked at, for the checks that judge them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from regdoctor.checks.judging import subject_of
from regdoctor.observations.http import Answer, ManifestLook
from regdoctor.observations.images import Asked, ImageSeen, QuestionName
from regdoctor.observations.network import Role
from regdoctor.observations.store import Observations


@dataclass(frozen=True, slots=True)
class Looked:
    """One image at one endpoint. ``image`` is the reference as a person writes it, ``name`` the
    name of its observations.

    ``served`` tells that some endpoint, a mirror or the origin, gave the manifest.
    """

    endpoint: str
    image: str
    look: ManifestLook
    role: Role | None
    served: bool
    name: str = ""

    @property
    def last(self) -> Answer | None:
        """The answer that counts: GET's where it was asked, else HEAD's."""
        return self.look.get or self.look.head


def looks(seen: Observations) -> Iterator[Looked]:
    """Every manifest that was asked for, endpoint by endpoint."""
    found = []
    for endpoint in seen.endpoints():
        role = seen.get(Role, endpoint)
        for name, look in seen.named(ManifestLook, endpoint):
            found.append((endpoint, role, look, _image(endpoint, role, look), name))
    given = {image for _, _, look, image, _ in found if look.served}
    for endpoint, role, look, image, name in found:
        yield Looked(endpoint, image, look, role, image in given, name)


def parts(seen: Observations) -> Iterator[tuple[Looked, ImageSeen]]:
    """Every image whose manifest or index was read, and what it is made of."""
    for each in looks(seen):
        image = seen.get(ImageSeen, each.endpoint, each.name)
        if image is not None:
            yield each, image


def asked(seen: Observations, each: Looked, question: QuestionName) -> Asked | None:
    """The answer to a question that was asked because of this image's answer."""
    return seen.get(Asked, each.endpoint, f"{question} {each.name}")


def media_type(answer: Answer) -> str:
    """``Content-Type`` without parameters, in lower case."""
    return answer.header("Content-Type").partition(";")[0].strip().lower()


def _image(endpoint: str, role: Role | None, look: ManifestLook) -> str:
    domain = role.domains[0] if role and role.domains else subject_of(endpoint)
    mark = "@" if ":" in look.reference else ":"
    repository = look.repository
    if domain == "docker.io":
        repository = repository.removeprefix("library/")
        return f"{repository}{mark}{look.reference}"
    return f"{domain}/{repository}{mark}{look.reference}"
