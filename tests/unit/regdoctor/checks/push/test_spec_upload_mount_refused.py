"""spec-upload-mount-refused."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.push import mount, push_seen, said

CODE = "spec-upload-mount-refused"


def test_fires_where_a_mount_ends_in_an_error() -> None:
    findings = found(push_seen(mount(said("POST", 400))))
    assert set(findings) == {CODE}
    assert findings[CODE].breaks == ("buildkit", "containerd")


def test_quiet_for_an_upload_in_its_stead_and_for_a_limit_on_requests() -> None:
    assert found(push_seen()) == {}
    assert CODE not in found(push_seen(mount(said("POST", 429))))
