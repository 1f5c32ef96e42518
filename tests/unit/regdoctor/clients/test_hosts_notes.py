"""What is told of containerd's directories."""

from __future__ import annotations

import pytest

from tests.replay.scene import planned

ROOT = "/etc/containerd/certs.d"
IMAGE = "reg.example:5000/a/img:latest"
HUB_IMAGE = "docker.io/library/alpine:latest"


def told(files: dict[str, str], reference: str = IMAGE, version: str = "2.1.9") -> list[str]:
    command = f"ctr images pull --hosts-dir {ROOT} X"
    below = {f"{ROOT}/{path}": text for path, text in files.items()}
    plan = planned("ctr", version, below, reference, command=command)
    return [f"{note.kind} {note.subject}" for note in plan.notes]


@pytest.mark.parametrize(
    ("name", "reference", "meant"),
    [
        ("reg.example:5000", IMAGE, False),
        ("reg.example_5000_", IMAGE, False),
        ("reg.example", IMAGE, True),
        ("REG.example:5000", IMAGE, True),
        ("reg.example:6000", IMAGE, False),
        ("reg.example:443", "reg.example/img:latest", True),
        ("other.example:5000", IMAGE, False),
        ("registry-1.docker.io", HUB_IMAGE, True),
        ("index.docker.io", HUB_IMAGE, True),
        ("registry-1.docker.io", IMAGE, False),
    ],
)
def test_a_directory_that_was_meant_for_the_registry(
    name: str, reference: str, meant: bool
) -> None:
    expected = [f"directory-never-used {name}"] if meant else []
    assert told({f"{name}/ca.crt": "{{pem:ca-reg}}"}, reference) == expected


def test_beside_its_own_directory_another_port_is_another_registry() -> None:
    own = {"reg.example:5000/ca.crt": "{{pem:ca-reg}}", "reg.example/ca.crt": "{{pem:ca-reg}}"}
    assert told(own) == []
    both = {**own, "reg.example_5000_/ca.crt": "{{pem:ca-reg}}"}
    assert told(both) == ["directory-never-used reg.example:5000"]


def test_settings_at_the_top_are_not_for_mirrors() -> None:
    text = 'ca = "c.pem"\n[host."https://mirror.example"]\n'
    files = {"docker.io/hosts.toml": text, "docker.io/c.pem": "{{pem:ca-reg}}"}
    assert told(files, HUB_IMAGE) == ["root-settings-not-for-mirrors https://mirror.example"]
    own = {**files, "docker.io/hosts.toml": f'{text}ca = "c.pem"\n'}
    assert told(own, HUB_IMAGE) == []


@pytest.mark.parametrize(
    ("path", "override", "doubled"),
    [
        ("/v2/proxy", False, True),
        ("/v2/proxy", True, False),
        ("/v2", False, False),
        ("/v2/", False, False),
        ("/proxy", False, False),
    ],
)
def test_a_complete_path_wants_override_path(path: str, override: bool, doubled: bool) -> None:
    text = f'[host."https://mirror.example{path}"]\n'
    text += "override_path = true\n" if override else ""
    expected = [f"mirror-path-doubles-v2 https://mirror.example{path}"] if doubled else []
    assert told({"docker.io/hosts.toml": text}, HUB_IMAGE) == expected


def test_certificates_beside_a_hosts_toml_that_does_not_name_them() -> None:
    files = {"docker.io/hosts.toml": "[host]\n", "docker.io/ca.crt": "{{pem:ca-reg}}"}
    assert told(files, HUB_IMAGE) == ["certificates-beside-hosts-toml ca.crt"]
    named = {**files, "docker.io/hosts.toml": 'ca = ["ca.crt"]\n[host]\n'}
    assert told(named, HUB_IMAGE) == []


def test_other_extensions_and_lone_keys() -> None:
    files = {
        "reg.example:5000/ca.pem": "{{pem:ca-reg}}",
        "reg.example:5000/client.key": "{{pem:client-a.key}}",
    }
    assert told(files) == [
        f"certificate-file-ignored {ROOT}/reg.example:5000/ca.pem",
        f"client-key-without-certificate {ROOT}/reg.example:5000/client.key",
    ]


def test_ctr_without_hosts_dir_does_not_know_config_path() -> None:
    files = {"/etc/containerd/config.toml": 'config_path = "/etc/containerd/certs.d"\n'}
    plan = planned("ctr", "1.7.24", files, IMAGE, command="ctr images pull X")
    assert [note.kind for note in plan.notes] == ["ctr-ignores-config-path"]
