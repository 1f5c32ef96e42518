"""Which part of the language each Dockerfile of the corpus is about: ``docs/language.md``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.language.cases import Case

ROWS = Path(__file__).with_name("rows.txt")
PAGE = Path(__file__).parents[2] / "docs" / "language.md"

_HEAD = """# The Dockerfile language, and the files that try it

Each part of the language with the number of Dockerfiles in `tests/language/corpus` that are about
it. For every one of them the graph (operations, digests, names, source lines), the image config,
the warnings, the answers to `--check` and `--call`, and the text and lines of a refusal are those
of BuildKit 0.32.2's own frontend. A file may be about several parts.
"""


def sections() -> Iterator[tuple[str, list[str]]]:
    """(title, rows) in the order of the file."""
    for part in ROWS.read_text(encoding="utf-8").split("## ")[1:]:
        title, *rows = filter(None, part.splitlines())
        yield title, rows


def rows() -> list[str]:
    """Every row."""
    return [row for _, listed in sections() for row in listed]


def counted(cases: Sequence[Case]) -> Counter[str]:
    """How many cases are about each row."""
    return Counter(row for case in cases for row in case.covers)


def page(cases: Sequence[Case]) -> str:
    """The table of ``docs/language.md``."""
    counts = counted(cases)
    parts = [_HEAD, f"\n{len(cases)} Dockerfiles.\n"]
    for title, listed in sections():
        parts.append(f"\n## {title}\n\n| part | Dockerfiles |\n|---|---|\n")
        parts += [f"| {row.replace('|', chr(92) + '|')} | {counts[row]} |\n" for row in listed]
    return "".join(parts)
