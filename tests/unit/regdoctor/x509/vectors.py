"""The executed chains of ``go-x509.json``: what Go 1.27.3 said, and where older releases differ."""

from __future__ import annotations

import functools
import json
from pathlib import Path

from tests.replay.case import Case, chain, judge

__all__ = ["Case", "chain", "judge", "vector", "vectors"]

_DATA = Path(__file__).parents[3] / "fixtures" / "data" / "go-x509.json"


@functools.cache
def vectors() -> list[Case]:
    found: list[Case] = json.loads(_DATA.read_text(encoding="utf-8"))
    return found


@functools.cache
def vector(identity: str) -> Case:
    return next(each for each in vectors() if each["id"] == identity)
