"""Manifests of the first schema, as an image or by a registry's fallback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from regdoctor.checks.manifest.images import Looked, asked, looks, media_type
from regdoctor.observations.http import Answer
from regdoctor.observations.images import Asked
from regdoctor.observations.store import Observations

PREFIX = "application/vnd.docker.distribution.manifest.v1+"
SCHEMA2 = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True, slots=True)
class First:
    """``alone`` is the answer where schema 2 was the only thing asked for, if that was asked."""

    looked: Looked
    answer: Answer
    alone: Asked | None

    @property
    def schema2_alone(self) -> bool:
        """The registry has the image in schema 2, for who asks for nothing else."""
        alone = self.alone.answer if self.alone is not None else None
        return alone is not None and alone.ok and media_type(alone) == SCHEMA2


def first_schema(seen: Observations) -> Iterator[First]:
    """Every image that was answered in schema 1."""
    for each in looks(seen):
        for answer in (each.look.get, each.look.head):
            if answer is not None and answer.ok and media_type(answer).startswith(PREFIX):
                yield First(each, answer, asked(seen, each, "accept-schema2"))
                break
