"""What a family of clients offers: one row for each of its programs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from regdoctor.clients.plan import ClientPlan, Situation
from regdoctor.clients.wire import Wire


@dataclass(frozen=True, slots=True)
class Program:
    """``name``: as a case or a user names it (``ctr``, ``docker-build``). ``evaluate`` makes the
    plan (and raises InvalidReference); ``walk`` follows it over a wire and is True where that
    succeeds. ``executed``: the rules were compared with the real program, not only read."""

    name: str
    evaluate: Callable[[Situation], ClientPlan]
    walk: Callable[[ClientPlan, Situation, Wire], bool]
    executed: bool = True
