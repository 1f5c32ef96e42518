"""What the user asked about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TargetKind = Literal["build", "image", "registry", "url"]


@dataclass(frozen=True, slots=True)
class Target:
    """One TARGET of the command line; ``endpoints`` are the URLs that were contacted for it.

    ``kind`` is ``build`` for a context or a Dockerfile, whose references are looked at one
    by one, else what ``text`` itself is.
    """

    kind: TargetKind
    text: str
    endpoints: tuple[str, ...] = ()
