"""accept-header-comma-list-old-registry-schema1."""

from __future__ import annotations

import pytest

from regdoctor.observations.http import Answer
from tests.fixtures.scenes import found, manifest_answer, manifest_seen
from tests.fixtures.scenes.images import NAME, SCHEMA1, SCHEMA2, asked_seen

CODE = "accept-header-comma-list-old-registry-schema1"


@pytest.mark.parametrize(
    "listed",
    [
        manifest_answer("GET", 200, kind=SCHEMA1),
        manifest_answer("GET", 404),
        manifest_answer("GET", 406),
    ],
)
def test_fires_where_one_type_alone_gives_schema_2(listed: Answer) -> None:
    seen = manifest_seen(manifest_answer("HEAD", 404), listed)
    asked_seen(seen, "accept-schema2", manifest_answer("GET", 200, kind=SCHEMA2), of=NAME)
    assert CODE in found(seen)
    others = {"schema1-removed-containerd-2.1", "image-not-found", "manifest-unexpected-answer"}
    assert not others & set(found(seen))


def test_quiet_where_one_type_alone_gives_no_more() -> None:
    missing = manifest_answer("GET", 404)
    seen = manifest_seen(manifest_answer("HEAD", 404), missing)
    asked_seen(seen, "accept-schema2", missing, of=NAME)
    assert set(found(seen)) == {"image-not-found"}
