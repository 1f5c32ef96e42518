"""What a host can do, line by line, as judged from what was seen of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["works", "limited", "missing", "told"]


@dataclass(frozen=True, slots=True)
class Ability:
    """``said``: the facts in one line. ``remedy``: how to get what is not there.

    ``limited``: something else takes its place; ``missing``: nothing can be built without it;
    ``told``: a fact that is neither good nor bad.
    """

    topic: str
    state: State
    said: str
    remedy: str = ""
