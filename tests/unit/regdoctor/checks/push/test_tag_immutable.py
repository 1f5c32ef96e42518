"""tag-immutable."""

from __future__ import annotations

import pytest

from regdoctor.observations.printed import ClientOutput
from regdoctor.observations.store import HOST
from tests.fixtures.scenes import found, registry_seen

CODE = "tag-immutable"
PUT = "unexpected status from PUT request to"


@pytest.mark.parametrize(
    "line",
    [
        f"{PUT} https://1.dkr.ecr.eu-west-1.amazonaws.com/v2/a/manifests/1: 400 Bad Request",
        "ImageTagAlreadyExistsException: The image tag exists",
    ],
)
def test_fires_for_what_was_printed(line: str) -> None:
    seen = registry_seen()
    seen.add(HOST, ClientOutput(f"some text before\n{line}\n"))
    assert CODE in found(seen)


@pytest.mark.parametrize(
    "line",
    [
        "unexpected status: 400 Bad Request",
        f"{PUT} https://registry.example/v2/a/manifests/1: 400 Bad Request",
    ],
)
def test_quiet_for_what_only_looks_like_it(line: str) -> None:
    seen = registry_seen()
    seen.add(HOST, ClientOutput(line))
    assert CODE not in found(seen)
