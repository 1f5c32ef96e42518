"""Secrets of a build: where they are read from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.ops.errors import OpError
from builder.ops.secrets import LIMIT, Secrets, SecretSource


def secrets(path: Path) -> Secrets:
    return Secrets({"s": SecretSource(file=path)}, path.parent)


def test_a_secret_without_an_end_is_refused() -> None:
    with pytest.raises(OpError, match="secret s is larger"):
        secrets(Path("/dev/zero")).read("s", optional=False)


def test_a_secret_may_be_as_large_as_the_limit_and_come_through_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b"x" * LIMIT)
    assert secrets(tmp_path / "s").read("s", optional=False) == b"x" * LIMIT
    reader, writer = os.pipe()
    os.write(writer, b"piped")
    os.close(writer)
    assert secrets(Path(f"/dev/fd/{reader}")).read("s", optional=False) == b"piped"
    os.close(reader)


def test_what_a_secret_holds_is_in_no_error_and_no_description(tmp_path: Path) -> None:
    held = Secrets({"s": SecretSource(env="S")}, tmp_path, {"S": "hunter2" * LIMIT})
    with pytest.raises(OpError) as caught:
        held.read("s", optional=False)
    assert "hunter2" not in str(caught.value) + repr(held)
