"""Compares our frontend with BuildKit's over the corpus, and tells each difference.

``python -m tests.language [TEXT]``: the cases whose names have TEXT in them.
``python -m tests.language --speed`` tells what long files cost, beside BuildKit.
``python -m tests.language --store`` writes BuildKit's answers down for ``make test``.
"""

from __future__ import annotations

import sys

from tests.language import ours, questions, speed, stored
from tests.language.cases import Case, corpus
from tests.language.compare import differences
from tests.language.judge import Answer, ask


def main() -> None:
    words = sys.argv[1:]
    if words == ["--store"]:
        stored.write(corpus())
        return
    if words == ["--speed"]:
        for line in speed.tell():
            print(line, flush=True)
        return
    wanted = words[0] if words else ""
    sys.exit(_compare([case for case in corpus() if wanted in case.name]))


def _compare(cases: list[Case]) -> bool:
    missed = {case.name: differences(ours.answer(case), theirs) for case, theirs in _asked(cases)}
    for question in questions.QUESTIONS:
        for case, theirs in _asked(cases, question):
            found = questions.differences(questions.answer(case, question), theirs)
            missed[case.name] += [f"{question}: {each}" for each in found]
    for name, found in missed.items():
        for difference in found:
            print(f"{name}: {difference}")
    wrong = sum(map(bool, missed.values()))
    print(f"{len(cases) - wrong} of {len(cases)} Dockerfiles mean what they mean to BuildKit")
    return bool(wrong)


def _asked(cases: list[Case], question: str = "") -> list[tuple[Case, Answer]]:
    return list(zip(cases, ask(cases, question), strict=True))


if __name__ == "__main__":
    main()
