"""Who we are outside of a user namespace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.transport.invoker import invoking_uid


@pytest.mark.parametrize(
    ("own", "uid_map", "outside"),
    [
        (0, "         0          0 4294967295\n", 0),
        (1000, "         0          0 4294967295\n", 1000),
        (0, "0 1000 1\n1 100000 65536\n", 1000),
        (34, "0 1000 1\n1 100000 65536\n", 100033),
        (65534, "0 1000 1\n", 65534),
        (7, None, 7),
    ],
)
def test_the_number_is_that_of_the_parent_namespace(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    own: int,
    uid_map: str | None,
    outside: int,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: own)
    if uid_map is not None:
        (tmp_path / "uid_map").write_text(uid_map)
    assert invoking_uid(tmp_path / "uid_map") == outside
