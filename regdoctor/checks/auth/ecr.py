"""What is known of Amazon ECR: its hosts and its challenge."""

from __future__ import annotations

from regdoctor.checks.judging import subject_of
from regdoctor.observations.http import Challenge
from regdoctor.observations.products import ecr_place
from regdoctor.observations.store import Observations


def is_ecr(seen: Observations, endpoint: str) -> bool:
    """A private ECR, by its name or by its challenge."""
    challenge = seen.get(Challenge, endpoint)
    asks = challenge is not None and challenge.service == "ecr.amazonaws.com"
    return asks or ecr_place(subject_of(endpoint)) is not None
