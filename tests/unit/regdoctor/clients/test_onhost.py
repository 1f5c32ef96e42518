"""A program as a host has it: version, image store, environment."""

from __future__ import annotations

import json

import pytest

from regdoctor.clients.daemon_environment import daemon_environment
from regdoctor.clients.onhost import KINDS, plan_on, version_of
from regdoctor.clients.programs import PROGRAMS
from regdoctor.clients.version import UnknownVersionError
from regdoctor.observations.host import HostFiles
from tests.fixtures.scenes import host_files

DROP_IN = "/etc/systemd/system/docker.service.d/proxy.conf"
ALPINE = "docker.io/library/alpine"


def test_every_program_has_a_kind() -> None:
    assert {program.name for program in PROGRAMS} == set(KINDS)


def test_the_version_given_wins_over_the_one_found_and_that_over_a_guess() -> None:
    files = HostFiles(versions={"podman": "4.3.1+ds1-8+b1"})
    assert str(version_of(files, "podman", "5.4.2").version) == "5.4.2"
    assert version_of(files, "podman").version.numbers == (4, 3, 1)
    assert not version_of(files, "podman").guessed
    assert version_of(HostFiles(), "podman").guessed


def test_what_is_no_version_is_refused_where_given_and_passed_over_where_found() -> None:
    with pytest.raises(UnknownVersionError):
        version_of(HostFiles(), "podman", "newest")
    assert version_of(HostFiles(versions={"podman": "git"}), "podman").guessed


@pytest.mark.parametrize(
    ("engine", "daemon_json", "path"),
    [
        ("26.1.5", "{}", "/proxy/v2"),
        ("26.1.5", '{"features": {"containerd-snapshotter": true}}', "/v2/proxy"),
        ("29.7.2", "{}", "/proxy/v2"),
        ("26.1.5", '{"storage-driver": "overlay2"}', "/proxy/v2"),
    ],
)
def test_the_image_store_decides_how_a_mirrors_path_is_used(
    engine: str, daemon_json: str, path: str
) -> None:
    settings = {**json.loads(daemon_json), "registry-mirrors": ["https://h.example/proxy"]}
    text = json.dumps(settings)
    files = host_files({"/etc/docker/daemon.json": text.encode()})
    files = HostFiles(files.files, files.directories, versions={"docker": engine})
    assert plan_on(files, "docker-pull", ALPINE).endpoints[0].path == path


def test_a_daemon_has_the_environment_of_its_unit_not_that_of_the_user() -> None:
    text = b'[Service]\nEnvironment="HTTPS_PROXY=http://p.example:3128" "NO_PROXY=a,b"\n'
    files = host_files({DROP_IN: text})
    files = HostFiles(
        files.files, files.directories, environment={"HTTPS_PROXY": "http://mine.example"}
    )
    (attempt,) = plan_on(files, "docker-pull", ALPINE).endpoints[0].attempts
    assert attempt.proxy == "http://p.example:3128"
    (attempt,) = plan_on(files, "skopeo", ALPINE).endpoints[0].attempts
    assert attempt.proxy == "http://mine.example"


def test_drop_ins_are_read_in_the_order_of_their_names_and_the_administrators_win() -> None:
    files = host_files(
        {
            "/usr/lib/systemd/system/docker.service.d/10.conf": b"Environment=A=1 B=2\n",
            "/etc/systemd/system/docker.service.d/10.conf": b"Environment=A=3\n",
            "/etc/systemd/system/docker.service.d/20.conf": b"EnvironmentFile=-/etc/default/docker",
            "/etc/default/docker": b"# comment\nexport C='4'\n",
        }
    )
    assert daemon_environment(files, "docker.service") == {"A": "3", "C": "4"}


def test_an_empty_assignment_clears_what_was_set_before() -> None:
    files = host_files(
        {
            "/etc/systemd/system/docker.service.d/10.conf": b"Environment=A=1\n",
            "/etc/systemd/system/docker.service.d/20.conf": b"Environment=\nEnvironment=B=2\n",
        }
    )
    assert daemon_environment(files, "docker.service") == {"B": "2"}
