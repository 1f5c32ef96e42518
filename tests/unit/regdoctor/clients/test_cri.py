"""containerd's CRI plugin: config_path, the old mirrors, the transfer service."""

from __future__ import annotations

import pytest

from tests.replay.scene import HUB, MIRROR, contacted, planned, served

CONFIG = "/etc/containerd/config.toml"
V2 = 'plugins."io.containerd.grpc.v1.cri"'
V3 = 'plugins."io.containerd.cri.v1.images"'
CERTS = "/etc/containerd/certs.d"
MIRRORS = {f"{CERTS}/docker.io/hosts.toml": '[host."https://mirror.example:5000"]\n'}
UPSTREAM = "https://registry-1.docker.io/v2/library/alpine yes"
MIRRORED = "https://mirror.example:5000/v2/library/alpine?ns=docker.io yes"


def v2(text: str) -> dict[str, str]:
    return {CONFIG: f"version = 2\n[{V2}.registry]\n{text}"}


def v3(text: str, *, images: str = "") -> dict[str, str]:
    return {CONFIG: f"version = 3\n[{V3}]\n{images}\n[{V3}.registry]\n{text}"}


def test_mirrors_and_config_path_together_silence_the_plugin() -> None:
    text = f'config_path = "{CERTS}"\n[{V2}.registry.mirrors."docker.io"]\nendpoint = ["https://m"]'
    plan = planned("cri", "1.7.24", v2(text))
    assert "unknown service runtime.v1.ImageService" in plan.refuses
    assert "`mirrors` cannot be set when `config_path` is provided" in plan.refuses


@pytest.mark.parametrize("version", ["1.6.20", "1.7.24"])
def test_a_tls_block_and_config_path_together_silence_1_x(version: str) -> None:
    text = f'config_path = "{CERTS}"\n[{V2}.registry.configs."m".tls]\nca_file = "/x"'
    assert "`configs.tls` cannot be set" in planned("cri", version, v2(text)).refuses


def test_a_version_2_file_works_in_2_x() -> None:
    files = {**v2(f'config_path = "{CERTS}"'), **MIRRORS}
    assert contacted("cri", "2.1.9", files) == [MIRRORED]


def test_a_plugin_that_the_version_of_the_file_does_not_have_is_told() -> None:
    files = {CONFIG: f'version = 3\n[{V2}.registry]\nconfig_path = "{CERTS}"\n', **MIRRORS}
    assert contacted("cri", "2.1.9", files) == [UPSTREAM]
    assert [note.kind for note in planned("cri", "2.1.9", files).notes] == ["setting-ignored"]


def test_a_list_of_roots_is_no_directory_for_the_transfer_service() -> None:
    text = f'config_path = "{CERTS}:/etc/docker/certs.d"'
    assert contacted("cri", "1.7.24", {**v2(text), **MIRRORS}) == [MIRRORED]
    assert contacted("cri", "2.0.1", {**v3(text), **MIRRORS}) == [MIRRORED]
    assert contacted("cri", "2.1.9", {**v3(text), **MIRRORS}) == [UPSTREAM]
    local = v3(text, images="use_local_image_pull = true")
    assert contacted("cri", "2.1.9", {**local, **MIRRORS}) == [MIRRORED]
    notes = planned("cri", "2.1.9", {**v3(text), **MIRRORS}).notes
    assert [note.kind for note in notes] == ["config-path-with-colon"]


def test_the_default_of_2_2_has_no_effect_unless_pulled_locally() -> None:
    assert contacted("cri", "2.2.7", MIRRORS) == [UPSTREAM]
    local = v3("", images="use_local_image_pull = true")
    assert contacted("cri", "2.2.7", {**local, **MIRRORS}) == [MIRRORED]
    assert contacted("cri", "2.1.9", {**local, **MIRRORS}) == [UPSTREAM]


@pytest.mark.parametrize("version", ["1.4.13", "1.6.20", "1.7.24"])
def test_a_ca_stands_under_the_endpoint_and_not_under_the_name(version: str) -> None:
    private = served("mirror.example:5000", "mirror")
    text = (
        f'[{V2}.registry.mirrors."docker.io"]\nendpoint = ["https://mirror.example:5000"]\n'
        f'[{V2}.registry.configs."KEY".tls]\nca_file = "/etc/c/m.pem"\n'
    )
    files = {"/etc/c/m.pem": "{{pem:ca-mirror}}"}
    for key, lines in (
        ("mirror.example:5000", [MIRRORED]),
        ("docker.io", ["https://mirror.example:5000 no", UPSTREAM]),
        ("mirror.example", ["https://mirror.example:5000 no", UPSTREAM]),
    ):
        config = v2(text.replace("KEY", key))
        assert contacted("cri", version, {**config, **files}, servers=(HUB, private)) == lines


def test_a_tls_block_is_dead_in_2_x_and_told() -> None:
    text = f'[{V3}.registry.configs."reg.example:5000".tls]\ninsecure_skip_verify = true\n'
    lines = contacted("cri", "2.1.9", v3(text), "reg.example:5000/a/img")
    assert lines == ["https://reg.example:5000 no"]
    notes = planned("cri", "2.1.9", v3(text)).notes
    assert [note.subject for note in notes] == ["reg.example:5000.tls"]


def test_a_mirror_that_is_the_registry_is_not_followed_by_it_again() -> None:
    text = (
        f'[{V2}.registry.mirrors."reg.example:5000"]\n'
        'endpoint = ["http://reg.example:5000", "https://mirror.example:5000"]\n'
    )
    plan = planned("cri", "1.7.24", v2(text), "reg.example:5000/a/img")
    assert [each.url for each in plan.endpoints] == [
        "http://reg.example:5000/v2",
        "https://mirror.example:5000/v2",
    ]
    assert [each.ns for each in plan.endpoints] == ["", "reg.example:5000"]


def test_the_kubelets_credential_is_offered_to_a_mirror() -> None:
    asking = {**MIRROR, "auth": "basic", "users": ["u:p"]}
    lines = contacted(
        "cri",
        "1.7.24",
        {**v2(f'config_path = "{CERTS}"'), **MIRRORS},
        servers=(HUB, asking),
        command="PullImage(docker.io/library/alpine:latest, auth u:p)",
    )
    assert lines == [MIRRORED]


def test_a_file_of_version_1_has_the_plugin_under_its_short_name() -> None:
    files = {CONFIG: f'[plugins.cri.registry]\nconfig_path = "{CERTS}"\n', **MIRRORS}
    assert contacted("cri", "1.7.24", files) == [MIRRORED]


def test_imports_are_read() -> None:
    files = {
        CONFIG: 'version = 2\nimports = ["conf.d/*.toml"]\n',
        "/etc/containerd/conf.d/a.toml": v2(f'config_path = "{CERTS}"')[CONFIG],
        **MIRRORS,
    }
    assert contacted("cri", "1.7.24", files) == [MIRRORED]


def test_a_syntax_error_keeps_containerd_from_starting() -> None:
    assert planned("cri", "1.7.24", {CONFIG: "version = \n"}).refuses.startswith("containerd: ")
