"""pull-through-cache-library-prefix."""

from __future__ import annotations

from tests.fixtures.scenes import found, manifest_answer, manifest_seen
from tests.fixtures.scenes.images import NAME, asked_seen

CODE = "pull-through-cache-library-prefix"


def test_fires_where_library_has_it() -> None:
    seen = manifest_seen(manifest_answer("HEAD", 404), manifest_answer("GET", 404))
    asked_seen(seen, "library-prefix", manifest_answer("HEAD", 200), of=NAME)
    codes = found(seen)
    assert set(codes) == {CODE}
    assert "library/team/app" in codes[CODE].title


def test_quiet_where_library_has_it_neither() -> None:
    seen = manifest_seen(manifest_answer("HEAD", 404), manifest_answer("GET", 404))
    asked_seen(seen, "library-prefix", manifest_answer("HEAD", 404), of=NAME)
    assert set(found(seen)) == {"image-not-found"}
