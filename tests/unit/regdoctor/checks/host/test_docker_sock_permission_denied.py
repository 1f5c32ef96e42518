"""docker-sock-permission-denied."""

from __future__ import annotations

from dataclasses import replace

from tests.fixtures.scenes import found
from tests.fixtures.scenes.machine import OPEN, ann, machine_seen
from tests.fixtures.scenes.output import told

CODE = "docker-sock-permission-denied"
CLOSED = replace(OPEN, opens=False)


def test_fires_for_a_user_who_may_not_open_it() -> None:
    finding = found(machine_seen(ann(socket=CLOSED)))[CODE]
    assert (finding.severity, finding.breaks) == ("error", ("docker",))
    assert finding.evidence[0].fact == "/var/run/docker.sock: root:docker 0660"
    assert finding.fixes[0].commands == ("sudo usermod -aG docker ann",)
    assert finding.fixes[0].disposition == "unsafe"


def test_fires_for_a_member_whose_session_is_older_than_that() -> None:
    finding = found(machine_seen(ann(socket=replace(CLOSED, member=True))))[CODE]
    assert "this session does not have yet" in finding.evidence[1].fact
    assert finding.fixes[0].commands == ("newgrp docker",)


def test_nobody_is_told_to_join_the_group_of_root() -> None:
    fix = found(machine_seen(ann(socket=replace(CLOSED, group="root"))))[CODE].fixes[0]
    assert fix.commands[-1] == "sudo usermod -aG docker ann"


def test_quiet_where_it_opens_or_there_is_none() -> None:
    assert found(machine_seen()) == {}
    assert found(machine_seen(ann(socket=None))) == {}


def test_quiet_where_docker_was_not_asked_for() -> None:
    assert found(machine_seen(ann(socket=CLOSED), asked=("regdoctor", "podman"))) == {}


def test_quiet_where_certificates_may_not_be_read() -> None:
    assert CODE not in told("open /etc/docker/certs.d/registry.example: permission denied")
