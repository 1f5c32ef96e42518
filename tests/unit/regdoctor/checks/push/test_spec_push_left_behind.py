"""spec-push-left-behind."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.push import SUBJECT, push_seen, stored

CODE = "spec-push-left-behind"


LEFT = ("manifests/sha256:" + "1" * 64, "blobs/sha256:" + "2" * 64)


def test_fires_and_names_what_is_still_there() -> None:
    findings = found(push_seen(stored(left=LEFT)))
    assert set(findings) == {CODE}
    assert all(name in findings[CODE].title for name in LEFT)
    (command,) = findings[CODE].fixes[0].commands
    assert command == f"skopeo delete docker://{SUBJECT}@sha256:{'1' * 64}"


def test_quiet_where_all_is_gone() -> None:
    assert found(push_seen()) == {}
