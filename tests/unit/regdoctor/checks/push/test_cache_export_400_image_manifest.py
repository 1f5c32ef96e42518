"""cache-export-400-image-manifest."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.push import errors, push_seen, said, stored

CODE = "cache-export-400-image-manifest"


NO_INDEX = {"cache-index": said("PUT", 400, body=errors("MANIFEST_INVALID"))}


def test_fires_as_a_note_and_as_a_warning_for_buildkit() -> None:
    findings = found(push_seen(stored(NO_INDEX)))
    assert set(findings) == {CODE}
    assert findings[CODE].severity == "info"
    assert "takes it as an image manifest" in findings[CODE].title
    seen = push_seen(stored(NO_INDEX), asked=("buildkit",))
    assert found(seen)[CODE].severity == "warning"


def test_quiet_where_no_index_is_taken_at_all() -> None:
    none = {**NO_INDEX, "oci-index": said("PUT", 400)}
    assert CODE not in found(push_seen(stored(none)))


def test_quiet_for_a_registry_that_takes_it() -> None:
    assert found(push_seen()) == {}
