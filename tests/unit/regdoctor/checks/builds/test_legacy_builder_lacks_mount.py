"""legacy-builder-lacks-mount."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from regdoctor.observations.store import HOST, Observations
from regdoctor.observations.written import BuildKitOnly, DockerfileLook
from tests.fixtures.scenes import found
from tests.fixtures.scenes.machine import ann, machine_seen

CODE = "legacy-builder-lacks-mount"
LOOK = DockerfileLook("app/Dockerfile", (BuildKitOnly(7, "RUN", "--mount"),))
OFF = {"/etc/docker/daemon.json": b'{"features": {"buildkit": false}}'}


def build(
    look: DockerfileLook = LOOK,
    environ: Mapping[str, str] | None = None,
    files: Mapping[str, bytes] | None = None,
    asked: tuple[str, ...] = ("docker",),
) -> Observations:
    seen = machine_seen(ann(environ=environ), files=files or {}, asked=asked)
    seen.add(HOST, look, name=look.file)
    return seen


@pytest.mark.parametrize("value", ["0", "false", "F"])
def test_fires_where_the_variable_turns_buildkit_off(value: str) -> None:
    finding = found(build(environ={"DOCKER_BUILDKIT": value}))[CODE]
    assert (finding.severity, finding.confidence) == ("error", "certain")
    assert [each.fact for each in finding.evidence] == [
        f"DOCKER_BUILDKIT={value}",
        "app/Dockerfile:7: RUN --mount",
    ]
    assert finding.fixes[0].commands == ("unset DOCKER_BUILDKIT",)


def test_fires_with_a_warning_where_the_daemon_proposes_the_classic_builder() -> None:
    finding = found(build(files=OFF))[CODE]
    assert (finding.severity, finding.confidence) == ("warning", "possible")
    assert finding.fixes[0].files[0].path == "/etc/docker/daemon.json"


@pytest.mark.parametrize(
    ("environ", "files"),
    [
        ({}, {}),
        ({"DOCKER_BUILDKIT": "1"}, OFF),
        ({"DOCKER_BUILDKIT": "yes please"}, {}),
        ({}, {"/etc/docker/daemon.json": b'{"features": {"buildkit": true}}'}),
        ({}, {"/etc/docker/daemon.json": b"{"}),
    ],
)
def test_quiet_where_buildkit_builds(environ: dict[str, str], files: dict[str, bytes]) -> None:
    assert found(build(environ=environ, files=files)) == {}


def test_quiet_where_the_file_needs_nothing_of_it_or_docker_was_not_asked_for() -> None:
    off = {"DOCKER_BUILDKIT": "0"}
    assert found(build(DockerfileLook("Dockerfile"), off)) == {}
    assert CODE not in found(build(environ=off, asked=("podman",)))
