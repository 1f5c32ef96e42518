"""nerdctl: hosts directories, loopback, insecure registries."""

from __future__ import annotations

from tests.replay.scene import REGISTRY, contacted, planned, served

IMAGE = "reg.example:5000/a/img"
TRUSTED = ["https://reg.example:5000/v2/a/img yes"]
REFUSED = ["https://reg.example:5000 no"]


def nerdctl(
    files: dict[str, str], reference: str = IMAGE, *servers: dict[str, object], **more: object
) -> list[str]:
    return contacted("nerdctl", "2.0.3", files, reference, servers or (REGISTRY,), **more)


def test_both_directories_are_read_and_containerds_comes_first() -> None:
    good = {"/etc/docker/certs.d/reg.example:5000/ca.crt": "{{pem:ca-reg}}"}
    assert nerdctl(good) == TRUSTED
    hidden = {"/etc/containerd/certs.d/reg.example:5000/x": "", **good}
    assert nerdctl(hidden) == REFUSED


def test_another_directory_is_named_on_the_command_line_or_in_its_file() -> None:
    files = {"/x/reg.example:5000/ca.crt": "{{pem:ca-reg}}"}
    assert nerdctl(files) == REFUSED
    assert nerdctl(files, command=f"nerdctl pull --hosts-dir /x {IMAGE}") == TRUSTED
    named = {"/etc/nerdctl/nerdctl.toml": 'hosts_dir = ["/x"]\n', **files}
    assert nerdctl(named) == TRUSTED


def test_the_standard_port_is_looked_up_without_it_as_well() -> None:
    files = {"/etc/containerd/certs.d/reg.example/ca.crt": "{{pem:ca-reg}}"}
    server = served("reg.example:443", "reg")
    assert nerdctl(files, "reg.example:443/img", server) == ["https://reg.example/v2/img yes"]


def test_an_insecure_registry_is_not_verified_and_may_speak_http() -> None:
    command = f"nerdctl pull --insecure-registry {IMAGE}"
    assert nerdctl({}, IMAGE, REGISTRY, command=command) == TRUSTED
    plain = served("reg.example:5000")
    assert nerdctl({}, IMAGE, plain, command=command) == [
        "https://reg.example:5000 no",
        "http://reg.example:5000/v2/a/img",
    ]


def test_loopback_is_plain_http() -> None:
    assert nerdctl({}, "localhost:5000/img", served("localhost:5000")) == [
        "http://localhost:5000/v2/img"
    ]


def test_it_was_not_executed() -> None:
    assert planned("nerdctl", "2.0.3").executed is False
