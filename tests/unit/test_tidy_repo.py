"""Rules of this repository that no linter knows: sizes, names, words, rooms."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PRODUCT = ("builder", "regdoctor")
MOST_LINES = 450
VAGUE = {"common", "helper", "helpers", "manager", "misc", "util", "utils"}
PURE = {"checks", "clients", "logs", "model", "x509"}
TEXT = {"", ".in", ".json", ".md", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml"}
LEFT_BEHIND = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
PACKAGE_HOSTS = re.compile(
    "|".join(
        rf"\b{name}\.{top}"
        for name, top in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "(org|com)"),
            ("crates", "io"),
            (r"(proxy|sum)\.golang", "org"),
            (r"deb\.debian", "org"),
            ("maven", "org"),
            ("rubygems", "org"),
        )
    )
)
ONE_MACHINE = re.compile(r"/Users/[a-z]\w+/|/root/\.(pyenv|cache)|/opt/\w*venv|/tmp/\w*_jobs")


def files(*suffixes: str) -> Iterator[Path]:
    """Every file of the repository that a person wrote, with one of the suffixes."""
    for top in sorted(REPOSITORY.iterdir()):
        if top.name in {".git", ".peers", ".venv", ".demo", "build", "dist"}:
            continue
        if top.name.endswith("_cache") or top.name == ".hypothesis":
            continue
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file() and path.suffix in suffixes and "__pycache__" not in path.parts:
                yield path


def modules(*tops: str) -> Iterator[tuple[Path, ast.Module]]:
    for top in tops:
        for path in sorted((REPOSITORY / top).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def relative(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def test_no_module_is_too_long_to_read_in_one_sitting() -> None:
    long = {
        relative(path): lines
        for path in files(".py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert long == {}


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        relative(path)
        for path, tree in modules("builder", "regdoctor", "tests", "demo")
        if not ast.get_docstring(tree)
    ]
    assert silent == []


def test_imports_are_absolute() -> None:
    found = [
        f"{relative(path)}:{node.lineno}"
        for path, tree in modules("builder", "regdoctor", "tests", "demo")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert found == []


def test_names_of_modules_are_terms_of_the_field() -> None:
    vague = [
        relative(path)
        for path, _ in modules(*PRODUCT, "tests", "demo")
        if VAGUE & set(path.relative_to(REPOSITORY).with_suffix("").parts)
    ]
    assert vague == []


def test_only_the_command_line_prints_or_exits() -> None:
    found = []
    for path, tree in modules(*PRODUCT):
        if path.is_relative_to(REPOSITORY / "regdoctor" / "cli"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "print",
                "exit",
                "sys.exit",
                "os._exit",
            }:
                found.append(f"{relative(path)}:{node.lineno} {ast.unparse(node.func)}")
            if isinstance(node, ast.Import) and any(a.name == "logging" for a in node.names):
                found.append(f"{relative(path)}:{node.lineno} logging")
    assert found == []


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("work left behind", LEFT_BEHIND),
        ("the host of a package registry", PACKAGE_HOSTS),
        ("a path of one machine", ONE_MACHINE),
    ],
)
def test_no_file_has(what: str, words: re.Pattern[str]) -> None:
    found = []
    for path in files(*TEXT):
        if path == Path(__file__) or path.is_relative_to(REPOSITORY / "tests/fixtures/data"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [
            f"{relative(path)}:{number}"
            for number, line in enumerate(text.splitlines(), 1)
            if words.search(line)
        ]
    assert found == [], what


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    """A missing program is a failure that `make peers` mends; conftest knows of root."""
    excuse = re.compile(r"pytest\.(skip|xfail|importorskip)\b|mark\.(skip|skipif|xfail)\b")
    found = [
        f"{relative(path)}:{number}"
        for path in files(".py")
        if path.is_relative_to(REPOSITORY / "tests")
        and path not in {Path(__file__), REPOSITORY / "tests" / "conftest.py"}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if excuse.search(line)
    ]
    assert found == []


def test_the_contract_on_pure_rooms_names_every_pure_room() -> None:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {c["id"]: c for c in settings["tool"]["importlinter"]["contracts"]}
    there = {f"regdoctor.{p.parent.name}" for p in (REPOSITORY / "regdoctor").glob("*/__init__.py")}
    pure = {f"regdoctor.{room}" for room in PURE}
    assert there & pure <= set(contracts["pure-rooms"]["source_modules"])


def test_peers_are_pinned_and_their_packages_listed_once_in_order() -> None:
    peers = REPOSITORY / "tests" / "peers"
    packages = [
        line
        for line in (peers / "debian-packages.txt").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert packages == sorted(set(packages))
    pins = [
        line for line in (peers / "requirements.txt").read_text().splitlines() if line[:1] != "#"
    ]
    assert [pin for pin in pins if "==" not in pin] == []
    assert (peers / "go.sum").exists()


def test_every_target_of_the_makefile_is_phony_or_a_file() -> None:
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))
    phony = set(re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE))
    assert targets == phony


@pytest.mark.parametrize(
    ("target", "file"), [("client-cases", "client-cases.json"), ("chains", "go-x509.json")]
)
def test_a_target_that_takes_a_file_has_its_own_where_none_is_given(target: str, file: str) -> None:
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    assert not re.search(r"^FILE\b", text, re.MULTILINE)
    recipe = text.partition(f"\n{target}: ")[2].partition("\n\n")[0]
    assert f"$(or $(FILE),tests/fixtures/data/{file})" in recipe
