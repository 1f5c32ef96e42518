"""Booleans as Go reads them."""

from __future__ import annotations

import pytest

from builder.oci.gobool import parse_bool


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_true(text: str) -> None:
    assert parse_bool(text) is True


@pytest.mark.parametrize("text", ["0", "f", "F", "FALSE", "false", "False"])
def test_false(text: str) -> None:
    assert parse_bool(text) is False


@pytest.mark.parametrize("text", ["", "tRUE", "yes", "on", " true", "01", "2"])
def test_what_go_refuses(text: str) -> None:
    assert parse_bool(text) is None
