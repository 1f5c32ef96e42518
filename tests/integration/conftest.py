"""What several modules of integration tests begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.gitsources import Sources, git_sources
from tests.fixtures.repositories import Repository, make


@pytest.fixture
def sources(tmp_path: Path) -> Iterator[Sources]:
    """What fetches repositories, with a state of its own."""
    with git_sources(tmp_path) as sources:
        yield sources


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """An empty directory for repositories that a server has."""
    path = tmp_path / "served"
    path.mkdir()
    return path


@pytest.fixture
def repository(served: Path) -> Repository:
    """``repo.git`` in ``served``, with one commit."""
    repository = make(served / "repo.git")
    repository.commit(a="one", sub__b="below")
    return repository
