"""What ``--explain-cache`` prints."""

from __future__ import annotations

from builder.oci.digest import Digest
from builder.solver.verdict import CacheVerdict, Change, Reason
from regdoctor.render.cachetable import render


def shown(reason: Reason, *changes: Change) -> list[str]:
    verdict = CacheVerdict(Digest.of(b"x"), "[2/3] COPY . /", False, reason, changes)
    return [" ".join(line.split()) for line in render([verdict]).splitlines()[1:]]


def test_files_are_told_as_new_gone_or_changed() -> None:
    changes = (Change("/a", "1", "2"), Change("/b", "", "1"), Change("/c", "1", ""))
    assert shown("input", *changes) == [
        "ran: its input changed [2/3] COPY . /",
        "changed: /a",
        "new: /b",
        "gone: /c",
    ]


def test_values_are_shown_before_and_after() -> None:
    assert shown("definition", Change("variable V", "1", "2"))[1] == "variable V: '1' -> '2'"


def test_an_input_without_parts_is_named() -> None:
    changes = (Change("[1/3] RUN x", "sha256:1", "sha256:2"),)
    assert shown("input", *changes)[1] == "another result of [1/3] RUN x"


def test_a_long_list_is_cut() -> None:
    changes = [Change(f"/{n}", "1", "2") for n in range(25)]
    lines = shown("input", *changes)
    assert len(lines) == 12
    assert lines[-1] == "and 15 more"


def test_names_from_a_context_cannot_write_to_the_terminal() -> None:
    assert "\x1b" not in render(
        [CacheVerdict(Digest.of(b"x"), "x", False, "input", (Change("/\x1b[2J", "1", "2"),))]
    )
