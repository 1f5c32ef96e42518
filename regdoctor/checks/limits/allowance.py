"""Headers that tell what is left of a limit, in Docker Hub's form."""

from __future__ import annotations

import re
from dataclasses import dataclass

from regdoctor.observations.http import Answer

_COUNT = re.compile(r"\s*(\d{1,9})\s*(?:;\s*w\s*=\s*(\d{1,9}))?")


@dataclass(frozen=True, slots=True)
class Allowance:
    """``remaining`` of ``limit`` pulls in ``window`` seconds (0: not said); ``source`` is whose
    pulls are counted: an address, or an account's name."""

    limit: int
    remaining: int
    window: int
    source: str

    @property
    def low(self) -> bool:
        """A tenth or less is left: a build of a few images may not get through."""
        return self.remaining * 10 <= self.limit


def allowance(answer: Answer) -> Allowance | None:
    """``RateLimit-Limit`` and ``RateLimit-Remaining`` (``100;w=21600``); None without them."""
    limit = _COUNT.match(answer.header("RateLimit-Limit"))
    remaining = _COUNT.match(answer.header("RateLimit-Remaining"))
    if limit is None or remaining is None:
        return None
    window = remaining[2] or limit[2] or "0"
    source = answer.header("Docker-RateLimit-Source")
    return Allowance(int(limit[1]), int(remaining[1]), int(window), source)
