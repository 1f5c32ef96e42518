"""A cache in memory and an empty world for every test of the solver."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from builder.cache.store import SQLiteCacheStore
from tests.unit.builder.solver.toys import Calls


@pytest.fixture
def cache() -> Iterator[SQLiteCacheStore]:
    with SQLiteCacheStore() as store:
        yield store


@pytest.fixture
def calls() -> Calls:
    return Calls()
