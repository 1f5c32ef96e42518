"""Compares our frontend with BuildKit's over the corpus, and tells each difference.

``python -m tests.language [TEXT]``: the cases whose names have TEXT in them.
"""

from __future__ import annotations

import sys

from tests.language import ours
from tests.language.cases import corpus
from tests.language.compare import differences
from tests.language.judge import ask


def main() -> None:
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    cases = [case for case in corpus() if wanted in case.name]
    missed = 0
    for case, theirs in zip(cases, ask(cases), strict=True):
        found = differences(ours.answer(case), theirs)
        missed += bool(found)
        for difference in found:
            print(f"{case.name}: {difference}")
    print(f"{len(cases) - missed} of {len(cases)} Dockerfiles mean what they mean to BuildKit")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
