"""schema1-removed-containerd-2.1."""

from __future__ import annotations

from tests.fixtures.scenes import found, manifest_answer, manifest_seen
from tests.fixtures.scenes.images import NAME, SCHEMA1, SCHEMA2, asked_seen

CODE = "schema1-removed-containerd-2.1"


def test_fires_for_schema_1_whatever_is_asked_for() -> None:
    old = manifest_answer("GET", 200, kind=SCHEMA1)
    seen = manifest_seen(manifest_answer("HEAD", 200, kind=SCHEMA1), old, error="digest differs")
    asked_seen(seen, "accept-schema2", old, of=NAME)
    codes = found(seen)
    assert set(codes) == {CODE}
    assert codes[CODE].confidence == "certain"
    assert "podman" not in codes[CODE].breaks


def test_fires_as_likely_where_nothing_else_was_asked() -> None:
    seen = manifest_seen(manifest_answer("HEAD", 200, kind=SCHEMA1), None)
    assert found(seen)[CODE].confidence == "likely"


def test_quiet_for_schema_2() -> None:
    assert found(manifest_seen(manifest_answer("HEAD", 200, kind=SCHEMA2), None)) == {}


def test_quiet_where_the_registry_has_schema_2_as_well() -> None:
    seen = manifest_seen(None, manifest_answer("GET", 200, kind=SCHEMA1))
    asked_seen(seen, "accept-schema2", manifest_answer("GET", 200, kind=SCHEMA2), of=NAME)
    assert CODE not in found(seen)
