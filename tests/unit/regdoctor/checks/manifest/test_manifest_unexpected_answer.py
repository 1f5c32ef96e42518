"""manifest-unexpected-answer."""

from __future__ import annotations

from tests.fixtures.scenes import answer, found, manifest_answer, manifest_seen, registry_seen

CODE = "manifest-unexpected-answer"


def test_fires_for_429_with_the_time_to_wait() -> None:
    limited = manifest_answer("HEAD", 429, ("Retry-After", "7"))
    assert "retry after 7 s" in found(manifest_seen(limited, None))[CODE].title


def test_quiet_for_a_web_page_in_place_of_a_manifest() -> None:
    """That is a finding of its own."""
    page = manifest_answer("GET", 200, kind="text/html")
    assert set(found(manifest_seen(None, page))) == {"containerd-server-docker-io-text-html"}


def test_fires_for_an_answer_that_the_session_could_not_use() -> None:
    seen = manifest_seen(
        manifest_answer("HEAD", 200), manifest_answer("GET", 200), error="digest differs"
    )
    assert "digest differs" in found(seen)[CODE].title


def test_quiet_for_a_manifest() -> None:
    assert found(manifest_seen(manifest_answer("HEAD", 200), None)) == {}


def test_quiet_where_the_whole_endpoint_answers_like_that() -> None:
    seen = registry_seen(ping=answer("GET", "/v2/", 503))
    codes = found(manifest_seen(manifest_answer("HEAD", 503), None, seen=seen))
    assert set(codes) == {"registry-unexpected-answer"}
