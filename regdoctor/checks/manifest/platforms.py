"""The platforms that an index offers, and what they are wanted for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from regdoctor.checks.manifest.images import Looked, parts
from regdoctor.model.finding import Evidence
from regdoctor.model.wording import listed
from regdoctor.observations.images import ImageSeen
from regdoctor.observations.store import Observations


@dataclass(frozen=True, slots=True)
class Absent:
    """A platform that an index has nothing for. ``near`` are its entries for the same system
    and architecture, in another variant; ``offered`` all that are images."""

    looked: Looked
    image: ImageSeen
    platform: str
    near: tuple[str, ...]
    offered: tuple[str, ...]

    @property
    def evidence(self) -> Evidence:
        fact = f"the index has {listed(self.offered, 12)}; wanted is {self.platform}"
        data = {"offered": list(self.offered), "wanted": self.platform}
        return Evidence(fact, "manifest", data)


def absent(seen: Observations) -> Iterator[Absent]:
    """Every platform that is wanted and missing. An index without platforms is no image's."""
    for looked, image in parts(seen):
        offered = tuple(e.platform for e in image.entries if e.platform and not e.attestation)
        if not image.index or not offered:
            continue
        for platform in image.missing:
            kind = platform.split("/")[:2]
            near = tuple(each for each in offered if each.split("/")[:2] == kind)
            yield Absent(looked, image, platform, near, tuple(dict.fromkeys(offered)))
