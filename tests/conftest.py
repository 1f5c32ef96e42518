"""Shared by all tests. Fixtures that start real programs live in ``tests/fixtures``."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import settings

AMBIENT = (
    "ALL_PROXY",
    "BUILDKIT_HOST",
    "CONTAINERS_CONF",
    "CONTAINERS_REGISTRIES_CONF",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_COLOR",
    "NO_PROXY",
    "REGDOCTOR_ROOT",
    "REGISTRY_AUTH_FILE",
    "SOURCE_DATE_EPOCH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
)
"""Variables of whoever runs the tests that would change what ours or a peer does."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--golden",
        action="store_true",
        help="rewrite the expected outputs that differ, instead of failing",
    )


def pytest_configure(config: pytest.Config) -> None:
    # Hypothesis allows an example 200 ms, which the first of a test exceeds on a busy machine: it
    # pays for imports. Two seconds still tell of an input whose time grows out of proportion.
    settings.register_profile("patient", deadline=timedelta(seconds=2))
    settings.load_profile("patient")
    for name in AMBIENT:
        os.environ.pop(name, None)
        os.environ.pop(name.lower(), None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A plain user is told which tests want root; continuous integration must have it."""
    if os.geteuid() == 0 or os.environ.get("CI"):
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="wants root: sudo make test"))


@pytest.fixture(scope="session", autouse=True)
def _passable_temporary_directories(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Tests that become a plain user reach their own directory, at any depth that xdist makes."""
    base = tmp_path_factory.getbasetemp()
    for directory in (base, *base.parents):
        if directory.stat().st_uid != os.geteuid() or directory.stat().st_mode & 0o001:
            break
        directory.chmod(0o711)


class Golden(Protocol):
    """Compares with the file, or writes it under ``--golden``.

    ``meaning`` takes from both texts what must be equal; by default all of it.
    """

    def __call__(self, path: Path, actual: str, meaning: Callable[[str], object] = str) -> None: ...


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """``golden(path, actual)``; see Golden."""

    def compare(path: Path, actual: str, meaning: Callable[[str], object] = str) -> None:
        if request.config.getoption("--golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(actual, encoding="utf-8")
            return
        assert path.exists(), f"{path} is missing; `make golden` writes it"
        assert meaning(actual) == meaning(path.read_text(encoding="utf-8"))

    return compare


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what tests measured: properties named ``figure``, from every worker."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in getattr(report, "user_properties", ()):
            if name == "figure" and report.when == "call":
                terminalreporter.write_line(str(value))
