"""What the README shows is what the commands print today."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.readme import README, place, played, scenes, steady
from demo.stage import set_up


@pytest.mark.integration
@pytest.mark.root
def test_the_readme_shows_what_the_commands_print(tmp_path: Path) -> None:
    text = README.read_text(encoding="utf-8")
    with set_up(tmp_path) as stage:
        for name, arguments in scenes(stage).items():
            shown = place(name).search(text)
            assert shown, name
            assert steady(shown[0]) == steady(played(stage, arguments)), "`make docs` writes it"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("valid 2026-01-01T00:00:00Z to", "valid 2027-02-02T01:02:03Z to"),
        (f"sha256:{'a' * 64} done", f"sha256:{'b' * 64} done"),
        ("1 error in 0.2 s", "1 error in 11.0 s"),
        ("#1 a\n#1 DONE 0.1s\n\n#2 b", "#1 b\n\n#2 a\n#2 DONE 2.0s"),
        (
            "#5 sha256:ab 1kB / 2kB 0.1s\n#5 sha256:ab 2kB / 2kB 0.1s done",
            "#5 sha256:ab 2kB / 2kB done",
        ),
    ],
)
def test_what_differs_from_run_to_run_is_no_difference(one: str, other: str) -> None:
    assert steady(one) == steady(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 error in 0.2 s", "2 errors in 0.2 s"),
        ("#1 a\n#1 CACHED", "#1 a\n#1 DONE 0.1s"),
        ("#1 a\n\n#2 b", "#1 a"),
    ],
)
def test_what_is_said_is_compared(one: str, other: str) -> None:
    assert steady(one) != steady(other)
