"""What reads text survives any: coverage-guided, each target in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable

import pytest

pytestmark = pytest.mark.slow

SECONDS = 20
TARGETS = ("parser", "words", "matcher")


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_breaks_hangs_or_swells(
    target: str, record_property: Callable[[str, object], None]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.language.fuzz", target, str(SECONDS)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SECONDS * 6,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = re.search(r"Done (\d+) runs", done.stderr)
    assert found is not None, done.stderr[-3000:]
    record_property("figure", f"fuzzing {target}: {found[1]} inputs in {SECONDS} s, none broke it")
