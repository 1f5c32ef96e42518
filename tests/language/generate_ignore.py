"""Ignore files and paths at random, put to ours and to moby/patternmatcher."""

from __future__ import annotations

import base64
import json
import random
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from builder.frontend.dockerfile import IgnoreMatcher, read_patterns
from builder.frontend.dockerfile.errors import IgnorePatternError
from tests.language.judge import PROGRAM

JUDGE = PROGRAM.with_name("pattern-judge")
_NAMES = ("a", "b", "ab", "a.b", "c", "dir", "é", "a b", "x+y", "{a}", "a|b", "1", "[a]", "^a")
_PIECES = (
    *(
        "a",
        "b",
        "ab",
        "c",
        "dir",
        ".",
        "..",
        "é",
        " ",
        "1",
        "*",
        "*",
        "**",
        "**",
        "?",
        "/",
        "/",
        "/",
    ),
    *("[ab]", "[^a]", "[a-c]", "[]", "[", "]", "[b-a]", "[*]", "[?]", "[]a]", "[^]", "[a\\]]", "-"),
    *(
        "\\",
        "\\*",
        "\\a",
        "\\d",
        "\\w",
        "\\S",
        "\\.",
        "\\[",
        "\\b",
        "\\Q",
        "\\x61",
        "\\141",
        "\\pL",
    ),
    *("^", "$", "+", "(", ")", "|", "{2}", "{1,2}", "{,2}", "{0}", "{", "}", "a.b", ".b", "!", "#"),
    *("[[:alpha:]]", "[[:digit:]b]", "[\\d]", "[\\w-z]", "**/", "/**", "*.b", "x+y"),
)
_SANE = ("a", "b", "ab", "c", "dir", "*", "**", "a*", "?", "[ab]", "[^a]", "**a", "*.b", "a?", "é")


@dataclass(frozen=True, slots=True)
class Question:
    file: bytes
    paths: tuple[str, ...]


def questions(count: int, seed: int) -> Iterator[Question]:
    """Half of plain patterns, half of odd ones."""
    draw = random.Random(seed)
    for number in range(count):
        line = _plain if number % 2 else _odd
        lines = [line(draw) for _ in range(draw.randint(1, 4 if number % 2 else 2))]
        paths = ("/".join(draw.choices(_NAMES, k=draw.randint(1, 4))) for _ in range(6))
        yield Question("\n".join(lines).encode(), tuple(paths))


def _plain(draw: random.Random) -> str:
    bang = draw.choice(("", "", "!"))
    return bang + "/".join(draw.choices(_SANE, k=draw.randint(1, 4)))


def _odd(draw: random.Random) -> str:
    return "".join(draw.choices(_PIECES, k=draw.randint(1, 7)))


def theirs(asked: Sequence[Question]) -> list[Any]:
    """The judge's answers: patterns, and for each path what it finds, or an error."""
    lines = "".join(
        json.dumps({"File": base64.b64encode(q.file).decode(), "Paths": q.paths}) + "\n"
        for q in asked
    )
    done = subprocess.run([str(JUDGE)], input=lines.encode(), capture_output=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"the judge broke: {done.stderr.decode(errors='replace')}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def ours(question: Question) -> Any:
    """Our answer in the judge's shape."""
    patterns = read_patterns(question.file)
    try:
        matcher = IgnoreMatcher(patterns)
    except IgnorePatternError as error:
        return {"Patterns": list(patterns) or None, "Verdicts": None, "Error": str(error)}
    verdicts = [_verdict(matcher, path) for path in question.paths]
    return {"Patterns": list(patterns) or None, "Verdicts": verdicts, "Error": ""}


def _verdict(matcher: IgnoreMatcher, path: str) -> Any:
    ignored, walked = False, []
    try:
        ignored = matcher.matches(path)
        state = matcher.root()
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            step, state = matcher.enter("/".join(parts[:depth]), state)
            walked.append(step)
    except IgnorePatternError as error:
        return {"Ignored": ignored, "Walked": walked or None, "Error": str(error)}
    return {"Ignored": ignored, "Walked": walked, "Error": ""}
