"""What the pages say must be so: links, flags, targets, and the reference of the commands."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from regdoctor.checks.table import CHECKS
from regdoctor.render import index
from tests.conftest import Golden

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
RUN = (sys.executable, "-c", "import sys; from regdoctor.cli import main; sys.exit(main())")


def relative(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def anchors(page: Path) -> set[str]:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(text)
    }


@functools.cache
def help_of(*command: str) -> str:
    """What ``regdoctor COMMAND --help`` prints, 100 columns wide."""
    done = subprocess.run(
        [*RUN, *command, "--help"],
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return "\n".join(line.rstrip() for line in done.stdout.splitlines()).strip() + "\n"


def flags_by_command(reference: str) -> dict[str, set[str]]:
    """Not the text itself: typer's layout of a help changes with its versions."""
    _, *sections = re.split(r"^## (.*)$", reference, flags=re.MULTILINE)
    return {
        command: set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", text))
        for command, text in zip(sections[::2], sections[1::2], strict=True)
    }


@functools.cache
def commands(*group: str) -> list[tuple[str, ...]]:
    """The commands, as ``regdoctor --help`` lists them, each followed by its own."""
    listed = help_of(*group).partition("Commands:\n")[2]
    found: list[tuple[str, ...]] = []
    for name in re.findall(r"^[\s│|]*([a-z][a-z-]+)\s{2,}", listed, re.MULTILINE):
        found += [(*group, name), *commands(*group, name)]
    return found


def shown(page: Path) -> Iterator[list[str]]:
    """The words of each ``regdoctor ...`` line in the shell blocks of a page."""
    for block in FENCE.findall(page.read_text(encoding="utf-8")):
        if block.startswith("```text"):
            continue
        for line in block.replace("\\\n", " ").splitlines():
            words = line.removeprefix("$ ").removeprefix("sudo ").split()
            if words[:1] == ["regdoctor"]:
                yield words[1:]


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_commands_shown_have_the_flags_shown(page: Path) -> None:
    wrong = []
    for words in shown(page):
        command = max(
            (each for each in commands() if tuple(words[: len(each)]) == each), key=len, default=()
        )
        known = help_of(*command)
        for word in words:
            flag = re.match(r"-{1,2}[a-zA-Z][\w-]*", word)
            if flag and re.search(rf"(?<![\w-]){flag[0]}(?![\w-])", known) is None:
                wrong.append(" ".join(words) + f": {flag[0]}")
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_targets_shown_are_targets_of_the_makefile(page: Path) -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"`make ([a-z][a-z-]*)`", text))
    for block in FENCE.findall(text):
        named |= set(re.findall(r"^(?:\$ )?make ([a-z][a-z-]*)", block, re.MULTILINE))
    assert named <= targets


def test_the_readme_has_a_place_for_each_scene() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"<!-- scene: (\w+) -->\n```console\n(.*?)```", text, re.DOTALL)
    assert [name for name, _ in blocks] == ["diagnose", "preflight", "mirror"]
    empty = [name for name, block in blocks if len(block.splitlines()) < 3]
    assert empty == [], "`make docs` writes them"


def test_the_reference_has_the_commands_and_flags_there_are(golden: Golden) -> None:
    parts = ["# The command line\n\nWritten by `make docs` from the commands' own help.\n"]
    parts += [
        f"## {' '.join(('regdoctor', *name))}\n\n```text\n{help_of(*name)}```\n"
        for name in ((), *commands())
    ]
    golden(REPOSITORY / "docs" / "cli.md", "\n".join(parts), flags_by_command)


def test_the_index_of_the_pages_is_made_of_the_checks(golden: Golden) -> None:
    golden(REPOSITORY / "docs" / "troubleshooting" / "README.md", index.render(CHECKS))


def test_every_command_is_in_the_reference() -> None:
    assert {("build",), ("check",), ("image", "push")} <= set(commands())
