"""mirror-ns-query-not-understood."""

from __future__ import annotations

from tests.fixtures.scenes import found, manifest_answer
from tests.fixtures.scenes.images import NAME, asked_seen, mirror_seen

CODE = "mirror-ns-query-not-understood"


def test_fires_where_the_same_url_without_ns_is_served() -> None:
    seen = mirror_seen(manifest_answer("HEAD", 403))
    asked_seen(seen, "without-ns", manifest_answer("HEAD", 200), of=NAME)
    codes = found(seen)
    assert set(codes) == {CODE}
    assert "403" in codes[CODE].title


def test_quiet_where_it_is_refused_as_well() -> None:
    seen = mirror_seen(manifest_answer("HEAD", 403))
    asked_seen(seen, "without-ns", manifest_answer("HEAD", 403), of=NAME)
    assert CODE not in found(seen)


def test_quiet_for_a_page() -> None:
    seen = mirror_seen(manifest_answer("HEAD", 404))
    asked_seen(seen, "without-ns", manifest_answer("HEAD", 200, kind="text/html"), of=NAME)
    assert CODE not in found(seen)
