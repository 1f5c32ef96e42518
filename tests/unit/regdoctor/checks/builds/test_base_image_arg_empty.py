"""base-image-arg-empty."""

from __future__ import annotations

from regdoctor.observations.written import WrittenReference
from tests.fixtures.scenes import found
from tests.fixtures.scenes.machine import wrote
from tests.fixtures.scenes.output import told

CODE = "base-image-arg-empty"


def test_fires_and_names_the_line_and_the_variable() -> None:
    written = WrittenReference("", "app/Dockerfile", 2, "$BUILD_FROM", ("BUILD_FROM",))
    finding = found(wrote(written))[CODE]
    assert finding.subject == "app/Dockerfile:2"
    assert finding.title == "FROM $BUILD_FROM: $BUILD_FROM has no value without --build-arg"
    assert finding.fixes[0].files[0].diff == "+ARG BUILD_FROM=<default>\n"
    assert finding.fixes[1].commands == ("docker build --build-arg BUILD_FROM=VALUE .",)


def test_fires_for_a_prefix_that_is_left_out() -> None:
    written = WrittenReference("/ubuntu:", "Dockerfile", 3, "${REG}/ubuntu:$TAG", ("REG", "TAG"))
    assert "$REG and $TAG have no value" in found(wrote(written))[CODE].title


def test_quiet_for_a_reference_without_variables() -> None:
    assert CODE not in found(wrote(WrittenReference("Team/App", "Dockerfile", 1, "Team/App")))


def test_quiet_where_the_blank_variable_does_no_harm() -> None:
    written = WrittenReference("ubuntu", "Dockerfile", 1, "${PREFIX}ubuntu", ("PREFIX",))
    assert found(wrote(written)) == {}


def test_quiet_for_a_reference_that_was_pulled_by_hand() -> None:
    assert CODE not in told("docker pull /docker:latest invalid reference format")
