"""spec-content-type-differs."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.images import OCI, SCHEMA2, image_seen

CODE = "spec-content-type-differs"


def test_fires_for_two_types() -> None:
    finding = found(image_seen(told=OCI, declared=SCHEMA2))[CODE]
    assert OCI in finding.title
    assert SCHEMA2 in finding.title
    assert finding.severity == "warning"


def test_quiet_for_one_and_for_a_document_that_names_none() -> None:
    assert found(image_seen(told=OCI, declared=OCI)) == {}
    assert found(image_seen(told=OCI, declared="")) == {}
