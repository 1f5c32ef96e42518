"""The Dockerfiles that ours and BuildKit build: the corpus, and the directories of the fixtures.

The corpus is files of many cases::

    ===== name of the case
    arg VERSION=3
    output oci,rewrite-timestamp=true
    ignore *.log
    -----
    FROM {busybox}

Above the line stand options, a word each (``_WORDS``). Words in braces are filled in: references
of images, URLs of servers, and the directory of the context.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from tests.parity.builders import CASES

CORPUS = Path(__file__).with_name("corpus")
_WORDS = frozenset(
    (
        *("add-host", "arg", "ignore", "label", "named", "network"),
        *("output", "platform", "secret", "shm-size", "ssh", "target", "ulimit"),
    )
)


@dataclass(frozen=True)
class Case:
    """``options`` are (word, value). ``directory``: the context, where it is one of its own."""

    name: str
    dockerfile: str
    options: tuple[tuple[str, str], ...] = ()
    directory: Path | None = None

    def values(self, word: str) -> list[str]:
        return [value for key, value in self.options if key == word]

    def value(self, word: str) -> str:
        return "".join(self.values(word)[-1:])

    @property
    def outputs(self) -> list[str]:
        return self.values("output") or ["oci"]

    def filled(self, words: Mapping[str, str]) -> Case:
        """The case with ``{word}`` replaced wherever it stands."""
        dockerfile, values = self.dockerfile, [value for _, value in self.options]
        for word, meaning in words.items():
            dockerfile = dockerfile.replace(f"{{{word}}}", meaning)
            values = [value.replace(f"{{{word}}}", meaning) for value in values]
        keys = [key for key, _ in self.options]
        return replace(self, dockerfile=dockerfile, options=tuple(zip(keys, values, strict=True)))


@cache
def all_cases() -> dict[str, Case]:
    """Every case by its name. Raises ValueError."""
    found = [_of_directory(path) for path in sorted(CASES.iterdir())]
    for path in sorted(CORPUS.glob("*.txt")):
        found += _cases_of(path)
    named = {case.name: case for case in found}
    if len(named) != len(found):
        raise ValueError("two cases of one name")
    return named


def _of_directory(path: Path) -> Case:
    text = (path / "Dockerfile").read_text()
    return Case(f"fixtures: {path.name}", text, (("arg", "BASE={busybox}"),), path)


def _cases_of(path: Path) -> Iterator[Case]:
    for part in path.read_text(encoding="utf-8").split("===== ")[1:]:
        head, dash, dockerfile = part.partition("-----\n")
        if not dash:
            raise ValueError(f"{path.name}: no ----- line in {part.splitlines()[0]}")
        name, *lines = head.splitlines()
        options = [(word, value) for word, _, value in (line.partition(" ") for line in lines)]
        for word, _ in options:
            if word not in _WORDS:
                raise ValueError(f"{path.name}: {name}: what is {word!r}?")
        yield Case(f"{path.stem}: {name}", dockerfile, tuple(options))
