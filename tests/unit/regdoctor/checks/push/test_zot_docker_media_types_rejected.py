"""zot-docker-media-types-rejected."""

from __future__ import annotations

import pytest

from tests.fixtures.scenes import found
from tests.fixtures.scenes.push import push_seen, said, stored

CODE = "zot-docker-media-types-rejected"


@pytest.mark.parametrize("status", [400, 415])
def test_fires_where_one_image_is_taken_in_one_form_only(status: int) -> None:
    findings = found(push_seen(stored({"docker-image": said("PUT", status)})))
    assert set(findings) == {CODE}
    assert findings[CODE].breaks == ("docker", "buildkit")
    assert findings[CODE].severity == "warning"
    assert "docker2s2" in findings[CODE].fixes[0].files[0].diff


def test_quiet_where_neither_form_is_taken_or_the_registry_fails() -> None:
    neither = dict.fromkeys(("oci-image", "docker-image"), said("PUT", 400))
    assert set(found(push_seen(stored(neither)))) == {"push-unexpected-answer"}
    assert CODE not in found(push_seen(stored({"docker-image": said("PUT", 503)})))
    assert found(push_seen()) == {}
