"""push-413-request-entity-too-large."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.push import push_seen, size

CODE = "push-413-request-entity-too-large"


def test_fires_and_names_who_refuses() -> None:
    findings = found(push_seen(size(413, ("Server", "nginx/1.22.1"))))
    assert set(findings) == {CODE}
    assert "2 MiB (413, in the words of nginx/1.22.1)" in findings[CODE].title
    assert "client_max_body_size 0;" in findings[CODE].fixes[0].files[0].diff


def test_quiet_for_another_refusal_of_a_large_chunk_and_for_a_healthy_registry() -> None:
    assert set(found(push_seen(size(500)))) == {"push-unexpected-answer"}
    assert found(push_seen()) == {}
