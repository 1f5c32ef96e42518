"""tag-with-illegal-character."""

from __future__ import annotations

from regdoctor.observations.written import WrittenReference
from tests.fixtures.scenes import found
from tests.fixtures.scenes.machine import wrote

CODE = "tag-with-illegal-character"


def test_fires_for_build_metadata_of_a_version() -> None:
    finding = found(wrote(WrittenReference("r.example/app:1.0+build")))[CODE]
    assert "'+'" in finding.evidence[1].fact
    assert finding.fixes[0].commands == ("regdoctor check r.example/app:1.0_build",)


def test_fires_for_a_line_of_a_dockerfile_and_names_it() -> None:
    written = WrittenReference("app:1.0+x", "Dockerfile", 3, "app:$VERSION")
    assert found(wrote(written))[CODE].subject == "Dockerfile:3"


def test_quiet_for_a_legal_tag_and_for_another_fault_of_the_reference() -> None:
    assert found(wrote(WrittenReference("r.example/app:1.0_build-2.x"))) == {}
    assert CODE not in found(wrote(WrittenReference("r.example/App:1.0+x")))
