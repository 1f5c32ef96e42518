"""nexus-buildkit-cache-blob-upload-invalid."""

from __future__ import annotations

from regdoctor.observations.push import ChunkLook
from tests.fixtures.scenes import answer, found
from tests.fixtures.scenes.push import GONE, NEXUS, errors, mount, push_seen, said

CODE = "nexus-buildkit-cache-blob-upload-invalid"


INVALID = said("PATCH", 400, body=errors("BLOB_UPLOAD_INVALID"))
NAMED = answer("GET", "/v2/", 200, NEXUS)


def test_fires_where_the_mount_makes_the_difference() -> None:
    findings = found(push_seen(mount(written=INVALID), ping=NAMED))
    assert set(findings) == {CODE}
    assert findings[CODE].breaks == ("buildkit", "containerd")


def test_quiet_for_another_registry_and_where_plain_uploads_fail_too() -> None:
    assert set(found(push_seen(mount(written=INVALID)))) == {"push-unexpected-answer"}
    plain = ChunkLook(64, INVALID, None, None, GONE)
    assert CODE not in found(push_seen(mount(written=INVALID), plain, ping=NAMED))
    assert found(push_seen(ping=NAMED)) == {}
