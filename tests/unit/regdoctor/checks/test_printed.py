"""Texts of clients: what they match, and what a check makes of them."""

from __future__ import annotations

import pytest

from regdoctor.checks.printed import OnlyPrinted, printed, stands_in
from regdoctor.observations.host import AskedClients
from regdoctor.observations.printed import ClientOutput
from regdoctor.observations.store import HOST, Observations

CHECK = OnlyPrinted(
    "no-space-here",
    "there is no room",
    ("no space left * device",),
    question="is there room?",
    confidence="certain",
)


def told(text: str, client: str = "") -> Observations:
    seen = Observations()
    seen.add(HOST, AskedClients(("docker",)))
    seen.add(HOST, ClientOutput(text, client))
    return seen


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("no space left", "write /x: no space left on device"),
        ("no space left", "NO SPACE\tleft"),
        ("lookup * on *: read udp", "dial tcp: lookup r.example on [::1]:53: read udp 1->2"),
        ("is valid for *, not", "certificate is valid for a, b, not c"),
        ("a (b) [c] \\d+", "x a (b)  [c] \\d+ y"),
    ],
)
def test_a_text_is_found(text: str, line: str) -> None:
    assert stands_in(text, line)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("no space left", "nospace left"),
        ("lookup * on *: read udp", "read udp on: lookup"),
        ("a.b", "axb"),
    ],
)
def test_another_line_is_not(text: str, line: str) -> None:
    assert not stands_in(text, line)


def test_a_star_does_not_reach_the_next_line() -> None:
    assert printed(("lookup * refused",), "lookup x\nrefused") is None


def test_the_first_line_that_says_so_is_the_evidence() -> None:
    found = printed(("beta", "alpha"), "gamma\n  alpha 1\nbeta 2\n")
    assert found is not None
    assert (found.line, found.text) == ("alpha 1", "alpha")


def test_a_hostile_log_costs_little() -> None:
    assert printed(("a * b * c * d * nothing",), "a b c d " * 4000) is None


def test_a_finding_shows_the_line_and_breaks_the_client_that_printed_it() -> None:
    (finding,) = CHECK.findings(told("ERROR: write: no space left on device", "docker"))
    assert finding.code == "no-space-here"
    assert (finding.severity, finding.confidence) == ("error", "certain")
    assert finding.breaks == ("docker",)
    assert finding.evidence[0].fact == "ERROR: write: no space left on device"


def test_nothing_is_said_of_other_output() -> None:
    assert list(CHECK.findings(told("all is well"))) == []
