"""``make chains``: what it compares, and that a wrong expectation is a miss."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.replay.__main__ import main
from tests.replay.case import Case
from tests.replay.compare import Common, common, misses
from tests.unit.regdoctor.x509.vectors import vector, vectors

ALONE = Common(frozenset(), ())


def fields(case: Case, file: Common = ALONE) -> list[str]:
    return [each.field for each in misses(case, file)]


def changed(identity: str, **values: Any) -> Case:
    return {**copy.deepcopy(vector(identity)), **values}


@pytest.mark.parametrize(
    ("identity", "field", "wrong"),
    [
        ("path-ok-int", "verdict", "reject"),
        ("path-ok-int", "verify", "x509: certificate signed by unknown authority"),
        ("path-ok-int", "tls", "x509: certificate signed by unknown authority"),
        ("path-ok-int", "http", 'Get "https://registry.example.com/v2/": EOF'),
        ("path-ok-int", "paths", [["chain[0]", "roots[0]"]]),
        ("path-ok-int", "paths", []),
        ("path-ok-int", "culprit", "chain[1]"),
        ("pair-expired-name", "culprit", "roots[0]"),
        ("pair-expired-name", "server_sees", "EOF"),
        ("form-empty", "tls12", "local error: tls: unexpected message"),
        ("form-empty", "insecure", None),
    ],
)
def test_a_wrong_expectation_is_a_miss(identity: str, field: str, wrong: Any) -> None:
    assert fields(changed(identity)) == []
    assert field in fields(changed(identity, **{field: wrong}))


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("type", "x509.HostnameError"),
        ("about", "chain[1]"),
        ("hint_error", "x509: ECDSA verification failure"),
        ("hint_cert", "chain[0]"),
    ],
)
def test_a_wrong_part_of_the_error_value_is_a_miss(field: str, wrong: str) -> None:
    identity = next(
        each["id"]
        for each in vectors()
        if "hint_cert" in each.get("error", {}) and each["error"]["about"] == "chain[0]"
        if "ECDSA" not in each["error"]["hint_error"]
    )
    error = {**vector(identity)["error"], field: wrong}
    assert fields(changed(identity, error=error)) == [f"error.{field}"]


def test_a_root_said_not_to_load_that_did_load_is_a_miss() -> None:
    assert fields(changed("path-ok-int", roots_not_loaded=["roots[0]"])) == ["roots_not_loaded"]


def test_other_releases_are_compared_where_they_differ_and_where_they_do_not() -> None:
    file = Common(frozenset(), ("1.19.8",))
    identity = next(each["id"] for each in vectors() if _differs_in(each, "1.19.8"))
    assert fields(vector(identity), file) == []
    assert "verify of 1.19.8" in fields(changed(identity, differs=[]), file)
    wrong = [{"go": ["1.22.10"], "verify": "x509: EOF", "tls12": "EOF", "http": "EOF"}]
    assert fields(changed("path-ok-int", differs=wrong)) == [
        *("verify of 1.22.10", "tls of 1.22.10", "tls12 of 1.22.10", "http of 1.22.10"),
    ]


def _differs_in(case: Case, go: str) -> bool:
    return any(go in each["go"] and "verify" in each for each in case.get("differs", ()))


def test_settings_are_compared() -> None:
    go = "1.27.3 GODEBUG=x509negativeserial=1"
    identity = next(each["id"] for each in vectors() if _differs_in(each, go))
    wrong = [{"go": [go], "verify": "x509: EOF"}]
    assert fields(changed(identity, differs=wrong)) == [f"verify of {go}", f"tls of {go}"]


def test_what_a_case_leaves_out_is_not_compared() -> None:
    kept = {key: vector("path-ok-int")[key] for key in ("chain", "roots", "name", "time")}
    assert misses(kept, ALONE) == []
    assert misses({**kept, "verify": None, "unheard-of": 1}, ALONE) == []


def test_without_a_label_the_handshake_tells_whether_the_server_held_the_key() -> None:
    ordinary = changed("path-ok-int")
    del ordinary["leaf_key"]
    assert misses(ordinary, ALONE) == []
    other = changed("alg-server-wrong-key", tls=None, verdict="accept")
    assert fields(other) == ["verdict", "tls"]


def test_the_key_of_the_server_is_told_by_its_label() -> None:
    wrong = changed("path-ok-int", leaf_key="p256:somebody else")
    expected = "tls: invalid signature by the server certificate: ECDSA verification failure"
    assert next(each.said for each in misses(wrong, ALONE) if each.field == "tls") == expected


@pytest.mark.parametrize(
    "spoil",
    [
        lambda case: case.pop("chain"),
        lambda case: case.update(time="yesterday"),
        lambda case: case.update(roots=[7]),
        lambda case: case.update(differs=[{"go": ["newest"]}]),
    ],
)
def test_a_case_that_cannot_be_judged_is_a_miss(spoil: Callable[[Case], Any]) -> None:
    case = changed("path-ok-int")
    spoil(case)
    assert len(misses(case, common([case]))) == 1


def test_a_whole_file_is_told_with_the_share_that_agrees(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, wrong = changed("path-ok-int"), changed("path-ok-int", id="mine", verify="x509: EOF")
    path = tmp_path / "chains.json"
    path.write_text(json.dumps([good, good, wrong]))
    assert main([str(path)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "mine: verify",
        '  expected: "x509: EOF"',
        "  we say:   null",
        "as Go 1.27.3",
        "2 of 3 agree (66.6%)",
    ]
    path.write_text(json.dumps([good]))
    assert main([str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 of 1 agree (100.0%)"


@pytest.mark.parametrize("content", ["", "{}", "[]", "[1]", '{"chain": []}'])
def test_a_file_that_cannot_be_judged_ends_with_2(tmp_path: Path, content: str) -> None:
    path = tmp_path / "chains.json"
    path.write_text(content)
    assert main([str(path)]) == 2
    assert main([str(tmp_path / "gone.json")]) == 2
    assert main([]) == 2
