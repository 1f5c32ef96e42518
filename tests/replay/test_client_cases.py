"""What real clients did, and what the evaluator says that they do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from regdoctor.clients.programs import PROGRAMS
from tests.replay.client_cases import WANTED, replay, report
from tests.replay.known import KNOWN

CASES = Path(__file__).parents[1] / "fixtures" / "data" / "client-cases.json"
CLIENTS = [program.name for program in PROGRAMS if program.executed]


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    return json.loads(CASES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("client", CLIENTS)
def test_every_case_of_a_client_agrees_but_those_that_are_known(
    data: dict[str, Any], client: str
) -> None:
    cases = [case for case in data["cases"] if case["client"] == client]
    outcome = replay({**data, "cases": cases})
    print("\n".join(report(outcome)))
    assert outcome.total > 0
    assert {miss.case for miss in outcome.misses} == {
        case["id"] for case in cases if case["id"] in KNOWN
    }


def test_97_of_100_cases_agree_and_the_run_prints_how_many(
    data: dict[str, Any], record_property: Callable[[str, object], None]
) -> None:
    outcome = replay(data)
    share = f"{100 * outcome.share:.1f}%"
    figure = f"{len(outcome.agreeing)} of {outcome.total} executed client cases agree ({share})"
    record_property("figure", figure)
    assert outcome.share >= WANTED


def test_a_client_that_nobody_knows_is_a_miss(data: dict[str, Any]) -> None:
    case = {**data["cases"][0], "client": "wget"}
    outcome = replay({**data, "cases": [case]})
    assert [miss.reason for miss in outcome.misses] == ["no such client here"]


def test_a_case_with_another_outcome_is_a_miss(data: dict[str, Any]) -> None:
    case = next(case for case in data["cases"] if case["id"] == "ct-mirror-404@1.6.20")
    turned = {**case, "observed": {"endpoints": case["observed"]["endpoints"][::-1]}}
    outcome = replay({**data, "cases": [turned]})
    assert [miss.case for miss in outcome.misses] == [case["id"]]
    assert any("expected" in line for line in report(outcome))
