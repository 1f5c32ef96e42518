"""spec-manifest-kind-refused."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes import found
from tests.fixtures.scenes.push import push_seen, said, stored

CODE = "spec-manifest-kind-refused"
NO = said("PUT", 415)


@pytest.mark.parametrize("kind", ["oci-image", "oci-index", "docker-list", "attested-index"])
def test_fires_as_a_warning_for_what_builds_push(kind: str) -> None:
    findings = found(push_seen(stored({kind: NO})))
    assert set(findings) == {CODE}
    assert findings[CODE].severity == "warning"
    assert "with 415" in findings[CODE].title


@pytest.mark.parametrize("kind", ["artifact", "cache-image", "zstd-image"])
def test_fires_as_a_note_for_the_rest(kind: str) -> None:
    findings = found(push_seen(stored({kind: NO})))
    assert set(findings) == {CODE}
    assert findings[CODE].severity == "info"


def test_quiet_where_all_are_taken_and_where_no_image_is() -> None:
    assert found(push_seen()) == {}
    none = dict.fromkeys(("oci-image", "docker-image"), NO)
    assert CODE not in found(push_seen(stored(none)))
