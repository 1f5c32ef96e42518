"""BuildKit's answers, written down so that they can be compared with where it is not built."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.language.cases import Case
from tests.language.compare import essence
from tests.language.judge import ask

FILE = Path(__file__).with_name("answers.json")


def write(cases: Sequence[Case]) -> None:
    """Asks the judge about all of ``cases``."""
    answers = {case.name: essence(answer) for case, answer in zip(cases, ask(cases), strict=True)}
    lines = (
        f"{json.dumps(name)}: {json.dumps(answers[name], sort_keys=True)}"
        for name in sorted(answers)
    )
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def read() -> Mapping[str, Mapping[str, Any]]:
    """What ``write`` wrote, by the names of the cases."""
    answers: Mapping[str, Mapping[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return answers
