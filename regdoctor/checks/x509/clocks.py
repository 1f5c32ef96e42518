"""Whether a certificate's dates or this host's clock are to blame."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.x509.leaf_faults import Refused
from regdoctor.model.finding import Evidence
from regdoctor.model.wording import day, span
from regdoctor.observations.http import Clock
from regdoctor.observations.store import Observations

TOLERANCE = 60.0
"""Seconds by which clocks may differ before the difference says anything."""


def clock_blamed(seen: Observations, refused: Refused) -> bool:
    """True where the server's clock differs from ours, and by it the certificate is valid."""
    clock = seen.get(Clock, refused.endpoint)
    if clock is None or abs(clock.ahead) <= TOLERANCE:
        return False
    then = refused.verdicts.at - clock.ahead
    return refused.culprit.not_before <= then <= refused.culprit.not_after


def witnesses(seen: Observations, endpoint: str) -> int:
    """How many endpoints agree, within the tolerance, on how wrong our clock is."""
    clock = seen.get(Clock, endpoint)
    if clock is None:
        return 0
    others = (seen.get(Clock, each) for each in seen.endpoints())
    return sum(each is not None and abs(each.ahead - clock.ahead) <= TOLERANCE for each in others)


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
