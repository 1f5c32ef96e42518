"""crane and kaniko: schemes, certificates, maps, credentials."""

from __future__ import annotations

import base64
import json

import pytest

from regdoctor.clients.ggcr import may_be_plain
from regdoctor.clients.version import version
from tests.replay.scene import contacted, planned, served

INDEX = served("index.docker.io:443", "hub")
MIRROR = served("mirror.example:5000", "mirror")
EXECUTOR = "executor --context dir:///ctx --no-push "


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("localhost:5000", True),
        ("localhost", False),
        ("127.0.0.1:5000", True),
        ("[::1]:5000", True),
        ("10.1.2.3:5000", True),
        ("172.31.0.1", True),
        ("172.32.0.1", False),
        ("192.168.1.1:80", True),
        ("registry.local", True),
        ("registry.local:5000", True),
        ("registry.localhost:5000", True),
        ("registry.local.example", False),
        ("registry.example:5000", False),
    ],
)
def test_http_follows_https_for_names_that_look_local(name: str, plain: bool) -> None:
    assert may_be_plain(name, version("0.20.6")) is plain


@pytest.mark.parametrize(
    ("name", "release", "plain"),
    [
        ("registry.local:5000", "0.21.5", True),
        ("registry.local:5000", "0.21.6", False),
        ("registry.localhost:5000", "0.21.6", True),
        ("127.0.0.1.example:5000", "0.21.6", True),
        ("127.0.0.1.example:5000", "0.21.7", False),
        ("127.0.0.1:5000", "0.21.7", True),
        ("[::1]:5000", "0.21.7", True),
        ("10.1.2.3:5000", "0.21.7", True),
    ],
)
def test_fewer_names_look_local_to_later_releases(name: str, release: str, plain: bool) -> None:
    assert may_be_plain(name, version(release)) is plain


def test_crane_reads_docker_config_even_an_empty_one_before_all_else() -> None:
    entry = {"auth": base64.b64encode(b"u:secret").decode()}
    files = {
        "/x/a.json": json.dumps({"auths": {"reg.example:5000": entry}}),
        "/root/.docker/config.json": "{}",
    }
    env = {"REGISTRY_AUTH_FILE": "/x/a.json"}
    plan = planned("crane", "0.20.7", files, "reg.example:5000/a", env=env)
    assert plan.endpoints[0].credential is None
    del files["/root/.docker/config.json"]
    plan = planned("crane", "0.20.7", files, "reg.example:5000/a", env=env)
    assert plan.endpoints[0].credential is not None


def test_crane_insecure_takes_any_certificate_and_then_http() -> None:
    servers = (MIRROR,)
    command = "crane manifest --insecure mirror.example:5000/a"
    found = contacted("crane", "0.20.7", {}, "mirror.example:5000/a", servers, command=command)
    assert found == ["https://mirror.example:5000/v2/a yes"]


def test_a_certificate_of_a_mirror_stays_in_the_pool_for_what_follows() -> None:
    """The pool is one for the whole process; a file is loaded when its registry is asked."""
    command = (
        f"{EXECUTOR}--registry-mirror mirror.example:5000 "
        "--registry-certificate mirror.example:5000=/x/h.pem"
    )
    files = {"/x/h.pem": "{{pem:ca-hub}}"}
    private = served("index.docker.io:443", "hub-priv")
    servers = (MIRROR, private)
    found = contacted("kaniko", "1.24.0", files, "alpine", servers, command=command)
    assert found == [
        "https://mirror.example:5000 no",
        "https://index.docker.io/v2/library/alpine yes",
    ]


def test_a_certificate_that_is_missing_ends_the_build_where_it_is_needed() -> None:
    command = f"{EXECUTOR}--registry-certificate index.docker.io=/x/none.pem"
    plan = planned("kaniko", "1.24.0", {}, "alpine", command=command)
    assert "open /x/none.pem: no such file or directory" in plan.endpoints[0].broken
    assert contacted("kaniko", "1.24.0", {}, "alpine", (INDEX,), command=command) == []


def test_maps_and_mirrors_come_from_variables_too() -> None:
    env = {
        "KANIKO_REGISTRY_MAP": "ghcr.io=a.example;index.docker.io=b.example/hub",
        "KANIKO_REGISTRY_MIRROR": "c.example,d.example",
    }
    plan = planned("kaniko", "1.24.0", {}, "alpine", env=env)
    assert [(each.host, each.repository) for each in plan.endpoints] == [
        ("b.example", "hub/library/alpine"),
        ("c.example", "library/alpine"),
        ("d.example", "library/alpine"),
        ("index.docker.io", "library/alpine"),
    ]


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        ("--skip-tls-verify-pull", "flag-does-less-than-its-name"),
        ("--insecure", "flag-does-less-than-its-name"),
        ("--insecure-pull", "flag-does-less-than-its-name"),
        ("--registry-map docker.io=mirror.example", "registry-key-never-used"),
    ],
)
def test_flags_that_do_not_do_what_they_say_are_told(flags: str, kind: str) -> None:
    plan = planned("kaniko", "1.24.0", {}, "alpine", command=EXECUTOR + flags)
    assert kind in [note.kind for note in plan.notes]


def test_a_right_command_line_has_no_notes() -> None:
    command = f"{EXECUTOR}--registry-mirror mirror.example:5000"
    assert planned("kaniko", "1.24.0", {}, "alpine", command=command).notes == ()
