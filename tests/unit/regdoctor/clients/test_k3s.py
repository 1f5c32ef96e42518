"""registries.yaml of k3s and RKE2."""

from __future__ import annotations

import pytest

from tests.replay.scene import HUB, MIRROR, contacted, planned, served

K3S = "/etc/rancher/k3s/registries.yaml"
RKE2 = "/etc/rancher/rke2/registries.yaml"
UPSTREAM = "https://registry-1.docker.io/v2/library/alpine yes"
MIRRORED = "https://mirror.example:5000/v2/library/alpine?ns=docker.io yes"
PRIVATE = served("mirror.example:5000", "mirror")
ONE = "mirrors:\n  docker.io:\n    endpoint: [https://mirror.example:5000]\n"


@pytest.mark.parametrize(("client", "path"), [("k3s", K3S), ("rke2", RKE2)])
def test_each_reads_its_own_file(client: str, path: str) -> None:
    for written in (K3S, RKE2):
        lines = contacted(client, "1.30.2", {written: ONE})
        assert lines == [MIRRORED if written == path else UPSTREAM]


def test_the_plan_says_that_it_was_not_executed() -> None:
    assert planned("k3s", "1.30.2", {K3S: ONE}).executed is False


def test_the_registry_itself_comes_last_unless_it_is_disabled() -> None:
    refusing = {**MIRROR, "manifest": 404}
    lines = contacted("k3s", "1.30.2", {K3S: ONE}, servers=(HUB, refusing))
    assert lines == [MIRRORED, UPSTREAM]
    plan = planned("k3s", "1.30.2", {K3S: ONE})
    assert [each.role for each in plan.endpoints] == ["mirror", "origin"]


def test_a_star_is_for_what_is_not_named() -> None:
    text = ONE.replace("docker.io", '"*"')
    lines = contacted("k3s", "1.30.2", {K3S: text}, "ghcr.io/a/img")
    assert lines == ["https://mirror.example:5000/v2/a/img?ns=ghcr.io yes"]


@pytest.mark.parametrize(
    ("key", "lines"),
    [
        ("mirror.example:5000", [MIRRORED]),
        ("docker.io", ["https://mirror.example:5000 no", UPSTREAM]),
    ],
)
def test_configs_are_keyed_by_the_host_that_is_contacted(key: str, lines: list[str]) -> None:
    files = {
        K3S: f"{ONE}configs:\n  {key}:\n    tls: {{ca_file: /x/m.pem}}\n",
        "/x/m.pem": "{{pem:ca-mirror}}",
    }
    assert contacted("k3s", "1.30.2", files, servers=(HUB, PRIVATE)) == lines
    kinds = [note.kind for note in planned("k3s", "1.30.2", files).notes]
    assert kinds == ([] if len(lines) == 1 else ["mirror-without-its-own-section"])


def test_a_path_is_taken_as_it_is_and_rewrites_are_for_mirrors_alone() -> None:
    text = ONE.replace("5000]", "5000/v2/hub]") + '    rewrite: {"^library/(.*)$": "base/$1"}\n'
    plan = planned("k3s", "1.30.2", {K3S: text})
    assert [(each.path, each.repository) for each in plan.endpoints] == [
        ("/v2/hub", "base/alpine"),
        ("/v2", "library/alpine"),
    ]


def test_the_password_of_a_mirror() -> None:
    text = f"{ONE}configs:\n  mirror.example:5000:\n    auth: {{username: u, password: hunter2}}\n"
    plan = planned("k3s", "1.30.2", {K3S: text})
    assert [each.credential.user for each in plan.endpoints if each.credential] == ["u"]
    assert "hunter2" not in repr(plan)


def test_a_file_that_is_not_understood_stops_and_says_where() -> None:
    plan = planned("k3s", "1.30.2", {K3S: "mirrors:\n\tdocker.io:\n"})
    assert plan.refuses == f"{K3S}: line 2: a tab in the indentation"


def test_a_ca_that_is_not_there() -> None:
    text = f"{ONE}configs:\n  mirror.example:5000:\n    tls: {{ca_file: /x/none.pem}}\n"
    assert "/x/none.pem" in planned("k3s", "1.30.2", {K3S: text}).refuses


def test_a_key_with_a_scheme_is_told() -> None:
    text = ONE.replace("docker.io", '"https://docker.io"')
    notes = planned("k3s", "1.30.2", {K3S: text}).notes
    assert [(note.kind, note.subject) for note in notes] == [
        ("registry-key-never-used", "https://docker.io")
    ]
