"""Code, file, row, page and tests of every finding stay in step; codes are for ever."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import regdoctor.checks
from regdoctor.checks.protocol import Check
from regdoctor.checks.table import CHECKS
from regdoctor.fixes.table import PLANNERS
from regdoctor.observations import store

REPOSITORY = Path(__file__).resolve().parents[3]
PAGES = REPOSITORY / "docs" / "troubleshooting"
TESTS = Path(__file__).parent / "checks"
PUBLISHED = (Path(__file__).parent / "published-codes.txt").read_text().split()
SECTIONS = [
    "What it means",
    "What you saw",
    "Why it happens",
    "How to fix, per client",
    "Confirm it",
    "References",
]


def module_of(code: str) -> str:
    return re.sub(r"[-.]", "_", code)


def code_id(check: Check) -> str:
    return check.code


every_check = pytest.mark.parametrize("check", CHECKS, ids=code_id)


def test_every_module_with_a_check_has_its_row() -> None:
    found = {
        vars(module)["CHECK"].code
        for info in pkgutil.walk_packages(regdoctor.checks.__path__, "regdoctor.checks.")
        if "CHECK" in vars(module := importlib.import_module(info.name))
    }
    assert found == {check.code for check in CHECKS}


def test_no_code_has_two_rows() -> None:
    codes = [check.code for check in CHECKS]
    assert len(codes) == len(set(codes))


@every_check
def test_the_file_is_named_by_the_code(check: Check) -> None:
    assert type(check).__module__.rpartition(".")[2] == module_of(check.code)


@every_check
def test_the_page_has_every_section_and_the_summary(check: Check) -> None:
    text = (PAGES / f"{check.code}.md").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines[0] == f"# {check.code}"
    assert lines[2].lower() == f"{check.summary}.".lower()
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    assert check.code in text.partition("## What you saw")[2].partition("## Why")[0]


@every_check
def test_the_page_is_in_the_index(check: Check) -> None:
    assert f"({check.code}.md)" in (PAGES / "README.md").read_text(encoding="utf-8")


@every_check
def test_the_page_tells_what_to_do_for_the_clients(check: Check) -> None:
    text = (PAGES / f"{check.code}.md").read_text(encoding="utf-8")
    fixes = text.partition("## How to fix")[2].partition("## Confirm")[0].lower()
    assert all(client in fixes for client in ("docker", "buildkit", "containerd", "podman"))


@every_check
def test_there_is_a_test_where_it_fires_and_one_where_it_is_quiet(check: Check) -> None:
    paths = list(TESTS.rglob(f"test_{module_of(check.code)}.py"))
    assert len(paths) == 1
    tree = ast.parse(paths[0].read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert any(name.startswith("test_fires") for name in names)
    assert any(name.startswith("test_quiet") for name in names)


@every_check
def test_what_it_needs_are_kinds_of_observation(check: Check) -> None:
    assert set(check.needs) <= set(store.KINDS)
    assert check.question.endswith("?")


@every_check
def test_what_it_explains_away_exists(check: Check) -> None:
    assert set(check.supersedes) <= {each.code for each in CHECKS}


def test_every_page_is_about_a_finding() -> None:
    pages = {path.stem for path in PAGES.glob("*.md")} - {"README"}
    assert pages == {check.code for check in CHECKS}


def test_every_finding_but_our_own_fault_has_a_planner() -> None:
    codes = {check.code for check in CHECKS}
    assert set(PLANNERS) == codes - {"internal-check-failed"}


def test_codes_once_published_never_disappear() -> None:
    """A new code is added to published-codes.txt; nothing is ever taken out of it."""
    assert sorted(PUBLISHED) == PUBLISHED
    assert set(PUBLISHED) == {check.code for check in CHECKS}
