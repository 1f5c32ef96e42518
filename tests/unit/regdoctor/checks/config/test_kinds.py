"""Every kind of note that a client's plan can have is told by a code, or left out for a reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import regdoctor.clients
from regdoctor.checks.config.kinds import CODES, K3S, SILENT
from regdoctor.checks.table import CHECKS

ROOM = Path(regdoctor.clients.__path__[0])


def kinds() -> Iterator[str]:
    """The first argument of every ``Note(...)`` below ``regdoctor.clients``."""
    for path in ROOM.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {
            target.id: node.value.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Note":
                first = node.args[0]
                yield str(first.value if isinstance(first, ast.Constant) else named[first.id])  # type: ignore[attr-defined]


def test_every_kind_is_told_or_has_a_reason_not_to_be() -> None:
    assert set(kinds()) == set(CODES) | set(SILENT)
    assert not set(CODES) & set(SILENT)


def test_every_code_of_the_table_is_a_code() -> None:
    every = {check.code for check in CHECKS}
    assert {*CODES.values(), *K3S.values()} <= every
