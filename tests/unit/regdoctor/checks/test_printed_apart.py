"""Texts of different faults are told apart, on lines that people reported with each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from regdoctor.checks.printed import OnlyPrinted, printed
from regdoctor.checks.table import CHECKS
from regdoctor.observations.printed import ClientOutput
from regdoctor.observations.store import HOST, Observations

REAL: dict[str, list[str]] = json.loads(
    (Path(__file__).resolve().parents[3] / "fixtures/data/printed.json").read_text("utf-8")
)
ONLY_PRINTED = [check for check in CHECKS if isinstance(check, OnlyPrinted)]
MOST_SHARED = 3
"""Other faults whose lines a check may take for its own and still call its verdict likely."""


def confidence(check: OnlyPrinted) -> str:
    seen = Observations()
    seen.add(HOST, ClientOutput(check.texts[0].replace("*", "x")))
    (finding,) = (each for each in check.findings(seen) if hasattr(each, "confidence"))
    return finding.confidence


def mistaken_for(check: OnlyPrinted) -> dict[str, str]:
    """Codes of other faults, with the text of ``check`` that stands in a line of theirs."""
    return {
        code: found.text
        for code, lines in REAL.items()
        if code != check.code
        for line in lines
        if (found := printed(check.texts, line)) is not None
    }


def by_code(check: OnlyPrinted) -> str:
    return check.code


@pytest.mark.parametrize("check", ONLY_PRINTED, ids=by_code)
def test_a_verdict_is_as_certain_as_its_texts_are_its_own(check: OnlyPrinted) -> None:
    others = mistaken_for(check)
    sure = confidence(check)
    if sure == "certain":
        assert others == {}
    elif sure == "likely":
        assert len(others) <= MOST_SHARED, others
