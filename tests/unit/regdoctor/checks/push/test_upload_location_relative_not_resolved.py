"""upload-location-relative-not-resolved."""

from __future__ import annotations

import pytest

from regdoctor.observations.printed import ClientOutput
from regdoctor.observations.store import HOST
from tests.fixtures.scenes import found, registry_seen

CODE = "upload-location-relative-not-resolved"


@pytest.mark.parametrize(
    "line", ["PUT failed: Invalid URL '/v2/a/b/blobs/upload/1': No schema supplied."]
)
def test_fires_for_what_was_printed(line: str) -> None:
    seen = registry_seen()
    seen.add(HOST, ClientOutput(f"some text before\n{line}\n"))
    assert CODE in found(seen)


@pytest.mark.parametrize(
    "line", ["Invalid URL 'registry': No schema supplied.", 'unsupported protocol scheme ""']
)
def test_quiet_for_what_only_looks_like_it(line: str) -> None:
    seen = registry_seen()
    seen.add(HOST, ClientOutput(line))
    assert CODE not in found(seen)
