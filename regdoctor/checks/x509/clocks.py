"""Whether a certificate's dates or this host's clock are to blame."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from regdoctor.checks.x509.leaf_faults import Refused
from regdoctor.model.finding import Evidence
from regdoctor.model.wording import day, span
from regdoctor.observations.http import Clock
from regdoctor.observations.store import Observations

TOLERANCE = 60.0
"""Seconds by which clocks may differ before the difference says anything."""
_QUORUM = 3


def ahead_of(seen: Observations, endpoint: str) -> float | None:
    """By how many seconds our clock is ahead of the others': of the median of all hosts seen
    where they are three or more, so that one wrong server decides nothing; else of the
    endpoint's own. None without any clock of the endpoint."""
    own = seen.get(Clock, endpoint)
    clocks = [each for where in seen.endpoints() if (each := seen.get(Clock, where))]
    if own is None or len(clocks) < _QUORUM:
        return own.ahead if own else None
    return statistics.median(each.ahead for each in clocks)


def clock_blamed(seen: Observations, refused: Refused) -> bool:
    """True where the others' clocks differ from ours, and by them the certificate is valid."""
    ahead = ahead_of(seen, refused.endpoint)
    if ahead is None or abs(ahead) <= TOLERANCE:
        return False
    then = refused.verdicts.at - ahead
    return refused.culprit.not_before <= then <= refused.culprit.not_after


def both_sides(seen: Observations, refused: Refused) -> bool:
    """True where a clock of the others was seen by which the certificate is on the other side of
    its dates: expired for one and not yet valid for the other."""
    ahead = ahead_of(seen, refused.endpoint)
    if ahead is None:
        return False
    times = (refused.verdicts.at, refused.verdicts.at - ahead)
    return min(times) < refused.culprit.not_before and refused.culprit.not_after < max(times)


def witnesses(seen: Observations, endpoint: str) -> int:
    """How many endpoints agree, within the tolerance, on how wrong our clock is."""
    ahead = ahead_of(seen, endpoint)
    if ahead is None:
        return 0
    others = (seen.get(Clock, each) for each in seen.endpoints())
    return sum(each is not None and abs(each.ahead - ahead) <= TOLERANCE for each in others)


def clock_evidence(seen: Observations, endpoint: str) -> Iterator[Evidence]:
    """The server's clock beside ours."""
    clock = seen.get(Clock, endpoint)
    if clock is None:
        return
    ahead = clock.ahead
    relation = (
        "agree"
        if abs(ahead) <= TOLERANCE
        else f"differ: ours is {span(ahead)} {'ahead' if ahead > 0 else 'behind'}"
    )
    yield Evidence(
        f"the server says it is {day(clock.server)}, this host {day(clock.ours)}: they {relation}",
        "clock",
        {"server": clock.server, "ours": clock.ours, "ahead_seconds": round(ahead, 1)},
    )
    clocks = [each for where in seen.endpoints() if (each := seen.get(Clock, where))]
    if len(clocks) >= _QUORUM:
        middle = statistics.median(each.ahead for each in clocks)
        side = "ahead of" if middle > 0 else "behind"
        yield Evidence(
            f"this host's clock is {span(middle)} {side} the median of {len(clocks)} hosts",
            "clock",
            {"hosts": len(clocks), "median_ahead_seconds": round(middle, 1)},
        )
