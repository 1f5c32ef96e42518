"""Code, file, row, page and tests of every finding stay in step; codes are for ever."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest

import regdoctor.checks
from regdoctor.checks.printed import OnlyPrinted, printed
from regdoctor.checks.protocol import Check
from regdoctor.checks.table import CHECKS
from regdoctor.fixes.table import PLANNERS
from regdoctor.observations import store
from regdoctor.render.index import CLIENT_NAMES, PRODUCT_NAMES

REPOSITORY = Path(__file__).resolve().parents[3]
PAGES = REPOSITORY / "docs" / "troubleshooting"
TESTS = Path(__file__).parent / "checks"
PUBLISHED = (Path(__file__).parent / "published-codes.txt").read_text().split()
REAL: dict[str, list[str]] = json.loads(
    (REPOSITORY / "tests" / "fixtures" / "data" / "printed.json").read_text(encoding="utf-8")
)
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
    assert {check.code for check in modules().values()} == {check.code for check in CHECKS}


def modules() -> dict[str, Check]:
    """Every module below ``regdoctor.checks`` that has a check, by its own name."""
    return {
        info.name.rpartition(".")[2]: vars(module)["CHECK"]
        for info in pkgutil.walk_packages(regdoctor.checks.__path__, "regdoctor.checks.")
        if "CHECK" in vars(module := importlib.import_module(info.name))
    }


def test_no_code_has_two_rows() -> None:
    codes = [check.code for check in CHECKS]
    assert len(codes) == len(set(codes))


@every_check
def test_the_file_is_named_by_the_code(check: Check) -> None:
    assert modules()[module_of(check.code)] is check


@every_check
def test_the_page_has_every_section_and_the_summary(check: Check) -> None:
    text = (PAGES / f"{check.code}.md").read_text(encoding="utf-8")
    lines = text.splitlines()
    assert lines[0] == f"# {check.code}"
    assert lines[2].lower() == f"{check.summary}.".lower()
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    seen = text.partition("## What you saw")[2].partition("## Why")[0]
    if isinstance(check, OnlyPrinted):
        assert printed(check.texts, seen) is not None
    else:
        assert check.code in seen


@every_check
def test_the_page_is_in_the_index_by_what_one_sees_and_by_client(check: Check) -> None:
    assert check.texts or check.symptoms
    assert set(check.clients) <= set(CLIENT_NAMES)
    assert set(check.products) <= set(PRODUCT_NAMES)
    assert f"({check.code}.md)" in (PAGES / "README.md").read_text(encoding="utf-8")


@every_check
def test_a_text_is_one_line_and_telling(check: Check) -> None:
    for text in check.texts:
        assert text == " ".join(text.split())
        assert len(text.replace("*", "")) >= 6


@every_check
def test_what_real_clients_printed_is_recognised(check: Check) -> None:
    """Lines that people reported with a fault are known by a text of the check for it."""
    assert [line for line in REAL.get(check.code, ()) if printed(check.texts, line) is None] == []


@every_check
def test_the_page_tells_what_to_do_for_the_clients(check: Check) -> None:
    text = (PAGES / f"{check.code}.md").read_text(encoding="utf-8")
    fixes = text.partition("## How to fix")[2].partition("## Confirm")[0].lower()
    named = set(check.clients) & {"docker", "buildkit", "containerd", "podman"}
    assert all(client in fixes for client in named)


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


def test_every_fault_that_was_reported_has_a_code() -> None:
    assert set(REAL) <= {check.code for check in CHECKS}


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
