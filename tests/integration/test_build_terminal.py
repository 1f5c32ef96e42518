"""Builds in a real terminal: what stands on the screen, while they run and afterwards."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.builds import COMMAND, Builds, serve_base
from tests.fixtures.tmux import Terminal

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.root]


@pytest.fixture
def builds(tmp_path: Path) -> Iterator[Builds]:
    server, base = serve_base(tmp_path)
    with server:
        yield Builds(tmp_path, base)


class Window:
    """A terminal in which ``regdoctor build`` is typed."""

    def __init__(self, builds: Builds, terminal: Terminal) -> None:
        self._builds = builds
        self.terminal = terminal

    def build(self, dockerfile: str, *flags: str, redirected: str = "") -> None:
        context = self._builds.context(dockerfile)
        command = (*COMMAND, "build", "--root", self._builds.root, *flags, context)
        self.terminal.start(command, redirected=redirected)


def opened(tmp_path: Path, columns: int = 80, rows: int = 24, **variables: str) -> Terminal:
    return Terminal(tmp_path, columns, rows, {"HOME": str(tmp_path), **variables})


def header(screen: list[str]) -> bool:
    return screen[0].startswith("[+] Building")


MANY = "".join(
    f"FROM BASE AS s{n}\nRUN echo of {n}; while [ ! -e /ready ]; do sleep 0.1; done\n"
    for n in range(12)
)
"""Stages that run until the build is interrupted."""
MAINTAINER = (
    " - MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label (line 2)"
)
LAST = "FROM BASE\n" + "".join(f"COPY --from=s{n} /etc/passwd /{n}\n" for n in range(12))


def test_a_build_is_followed_with_the_last_six_lines_of_what_runs(
    builds: Builds, tmp_path: Path
) -> None:
    with opened(tmp_path) as terminal:
        Window(builds, terminal).build(
            "FROM BASE\nRUN for i in 1 2 3 4 5 6 7 8 9; do echo line $i; done; sleep 2\n", "-t", "a"
        )
        screen = terminal.until(lambda lines: " => => # line 9" in lines)
        assert header(screen)
        first = screen.index(" => => # line 4")
        assert screen[first - 1].startswith(" => [2/2] RUN for i in 1 2 3")
        assert screen[first : first + 6] == [f" => => # line {n}" for n in range(4, 10)]
        assert terminal.end() == 0
        text = terminal.everything()
        assert re.fullmatch(r"\[\+] Building \d+\.\ds \((\d+)/\1\) FINISHED", text[0])
        assert not any(" # " in line for line in text)
        pulled = r" => => sha256:[0-9a-f]+ \d\.\d\dMB / \d\.\d\dMB  +\d\.\ds"
        assert any(re.fullmatch(pulled, line) for line in text)
        assert any(line.startswith("image docker.io/library/a:latest is in") for line in text)
        assert terminal.cursor_is_visible


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (40, 10), (200, 50), (20, 5)])
def test_the_view_stays_on_screens_of_every_size(
    builds: Builds, tmp_path: Path, columns: int, rows: int
) -> None:
    with opened(tmp_path, columns, rows) as terminal:
        Window(builds, terminal).build(MANY + LAST, "--max-parallelism=12")
        running = min(12, rows - 2) if columns > 20 else 0
        screen = terminal.until(
            lambda lines: sum("RUN echo of" in line for line in lines) >= running and header(lines)
        )
        assert sum(line.startswith("[+]") for line in screen) == 1
        if columns > 20:
            steps = [line for line in screen if line.startswith(" => [s")]
            assert all(re.search(r" \d\.\ds$", line) for line in steps)
            assert all(len(line) == columns - 1 for line in steps)
        terminal.press("C-c")
        assert terminal.end() == 130
        text = terminal.everything()
        assert sum("[+] Building" in line for line in text) == 1
        canceled = sum("CANCELED [s" in line for line in text)
        assert canceled == (12 if columns > 20 else 0)
        assert "regdoctor: canceled" in text
        assert terminal.cursor_is_visible


def test_the_view_follows_the_size_of_the_terminal(builds: Builds, tmp_path: Path) -> None:
    with opened(tmp_path, 80, 24) as terminal:
        Window(builds, terminal).build(MANY + LAST, "--max-parallelism=12")
        terminal.until(lambda lines: sum("RUN echo" in line for line in lines) == 12)
        for columns, rows in ((40, 10), (100, 30), (33, 8), (33, 20), (60, 40)):
            terminal.resize(columns, rows)
            expected = min(12, rows - 2)

            def drawn(lines: list[str], columns: int = columns, expected: int = expected) -> bool:
                steps = [line for line in lines if line.startswith(" => [s")]
                wide = [line for line in steps if len(line) == columns - 1]
                return header(lines) and len(wide) == len(steps) >= expected

            screen = terminal.until(drawn)
            assert sum(line.startswith("[+]") for line in screen) == 1
        terminal.press("C-c")
        assert terminal.end() == 130
        last = terminal.screen()
        assert sum(line.startswith(" => CANCELED [s") for line in last) == 12


def test_a_failure_ends_in_its_log_and_its_lines_and_warnings(
    builds: Builds, tmp_path: Path
) -> None:
    with opened(tmp_path) as terminal:
        Window(builds, terminal).build(
            "FROM BASE AS slow\nMAINTAINER me\nRUN sleep 60\nFROM BASE AS broken\n"
            "RUN sleep 1; echo why; exit 3\n"
            "FROM BASE\nCOPY --from=slow /etc/passwd /a\nCOPY --from=broken /etc/passwd /b\n"
        )
        assert terminal.end() == 1
        text = terminal.everything()
        assert any(re.fullmatch(r" => CANCELED \[slow 2/2] RUN sleep 60 +\d\.\ds", x) for x in text)
        assert any(x.startswith(" => ERROR [broken 2/2] RUN sleep 1; echo why") for x in text)
        begin = text.index("------")
        assert text[begin + 1] == " > [broken 2/2] RUN sleep 1; echo why; exit 3:"
        assert re.fullmatch(r"\d\.\d+ why", text[begin + 2])
        assert text[begin + 3 : begin + 7] == [
            "------",
            "",
            " 1 warning found (use --debug to expand):",
            MAINTAINER,
        ]
        assert text[begin + 7 : begin + 9] == ["Dockerfile:5", "-" * 20]
        assert "   5 | >>> RUN sleep 1; echo why; exit 3" in text
        assert any(
            line.startswith("ERROR: failed to build: failed to solve: process") for line in text
        )


def test_no_log_moves_the_cursor_or_sets_the_title(builds: Builds, tmp_path: Path) -> None:
    hostile = r"\033]0;EVIL\007\033[20A\033[2J\033[Hup\r 1%%\r 50%%\r\033[31mred 100%%\n"
    with opened(tmp_path, 90) as terminal:
        before = terminal.title
        Window(builds, terminal).build(f"FROM BASE\nRUN printf '{hostile}'; sleep 2; exit 1\n")
        screen = terminal.until(lambda lines: " => => # red 100%" in lines)
        assert header(screen)
        assert terminal.end() == 1
        text = terminal.everything()
        assert text[0].startswith("[+] Building")
        start = text.index("------")
        assert text[start + 1].startswith(" > [2/2] RUN printf")
        assert re.fullmatch(r"\d\.\d+ red 100%", text[start + 2])
        assert terminal.title == before
        coloured = terminal.everything(escapes=True)
        assert any("\x1b[31mred 100%" in line for line in coloured)


def test_colours_are_those_of_the_environment(builds: Builds, tmp_path: Path) -> None:
    failing = "FROM BASE\nRUN exit 1\n"
    for variables, red in (
        ({}, "\x1b[31m"),
        ({"BUILDKIT_COLORS": "error=magenta"}, "\x1b[35m"),
        ({"NO_COLOR": "1"}, ""),
    ):
        directory = tmp_path / f"colours-{len(red)}-{red[-2:]}"
        directory.mkdir()
        with opened(directory, **variables) as terminal:
            Window(builds, terminal).build(failing)
            assert terminal.end() == 1
            text = terminal.everything(escapes=True)
            assert any(line.startswith(f"{red} => ERROR [2/2] RUN exit 1") for line in text)
            assert ("\x1b[" in "".join(text)) == bool(red)


def test_auto_looks_at_stderr_and_at_term(builds: Builds, tmp_path: Path) -> None:
    with opened(tmp_path) as terminal:
        window = Window(builds, terminal)
        window.build("FROM BASE\nRUN true\n", redirected=f">{tmp_path}/out")
        terminal.end()
        assert header(terminal.everything())
        window.build("FROM BASE\nRUN true\n", redirected="2>&1 | cat")
        terminal.end()
        assert "#1 DONE 0.0s" in terminal.everything()
        window.build("FROM BASE\nRUN true\n", "--quiet")
        terminal.end()
        assert re.fullmatch("sha256:[0-9a-f]{64}", "".join(terminal.everything()[:1]))
        window.build("FROM BASE\nRUN true\n", "--progress=rawjson", redirected=f"2>{tmp_path}/raw")
        terminal.end()
        assert terminal.everything()[0] == "ended-0"
        lines = (tmp_path / "raw").read_text().splitlines()
        assert {key for line in lines for key in json.loads(line)} >= {"vertexes", "statuses"}
        window.build("FROM BASE\n", "-o", "type=tar,dest=-")
        assert terminal.end() == 2
        assert "refusing to write to console" in "".join(terminal.everything())


def test_a_dumb_terminal_gets_plain_text(builds: Builds, tmp_path: Path) -> None:
    with opened(tmp_path, TERM="dumb") as terminal:
        Window(builds, terminal).build("FROM BASE\nRUN true\n")
        assert terminal.end() == 0
        assert "#1 DONE 0.0s" in terminal.everything()
