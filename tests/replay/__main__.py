"""``python -m tests.replay FILE``: every miss, and the share of the chains that agrees.

Exit status: 0 if all agree, 1 if some do not, 2 if the file cannot be judged.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from regdoctor.x509 import LATEST
from tests.replay.case import Case
from tests.replay.compare import common, misses


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        return _unusable("usage: make chains FILE=chains.json")
    try:
        cases = _cases(Path(arguments[0]))
    except (OSError, ValueError) as error:
        return _unusable(f"{arguments[0]}: {error}")
    file = common(cases)
    agreed = 0
    for number, case in enumerate(cases):
        found = misses(case, file)
        agreed += not found
        for each in found:
            print(f"{case.get('id', f'case {number}')}: {each.field}")
            print(f"  expected: {json.dumps(each.expected, ensure_ascii=False)}")
            print(f"  we say:   {json.dumps(each.said, ensure_ascii=False)}")
    print(f"as Go {', '.join((LATEST, *file.releases))}")
    print(f"{agreed} of {len(cases)} agree ({_percent(agreed, len(cases))})")
    return 0 if agreed == len(cases) else 1


def _cases(path: Path) -> list[Case]:
    cases = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(cases, list) or not all(isinstance(each, dict) for each in cases):
        raise ValueError("not a list of chains")
    if not cases:
        raise ValueError("no chain in it")
    return cases


def _percent(part: int, whole: int) -> str:
    """Rounded down: what is not all never reads as all."""
    return f"{1000 * part // whole / 10:.1f}%"


def _unusable(why: str) -> int:
    print(why, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
