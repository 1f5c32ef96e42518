"""Shapes of values that a configuration file may hold."""

from __future__ import annotations

import pytest

from regdoctor.clients.shapes import json_table
from regdoctor.observations.host import FileSeen, HostFiles

PATH = "/etc/docker/daemon.json"


@pytest.mark.parametrize("text", ["", "[1]", "null", '{"a": 1', "\xff", '"a"'])
def test_a_file_that_holds_no_object_is_an_empty_one(text: str) -> None:
    files = HostFiles({PATH: FileSeen(text.encode("latin-1"))})
    assert json_table(files, PATH) == {}


def test_an_object_is_read_and_a_file_that_is_not_there_is_an_empty_one() -> None:
    files = HostFiles({PATH: FileSeen(b'{"a": [1]}')})
    assert json_table(files, PATH) == {"a": [1]}
    assert json_table(files, "/etc/other.json") == {}
