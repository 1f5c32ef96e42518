"""What the plans of the judged clients come down to for one address."""

from __future__ import annotations

import pytest

from builder.oci.reference import parse
from regdoctor.clients import domains
from regdoctor.clients.policy import MirrorUse, Policy
from regdoctor.clients.table import CLIENTS, configured_mirrors, images_of, in_containers, policies
from regdoctor.observations.host import HostFiles
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import VALID, host_files

HOST = "registry.example:5000"
CA = CertificateAuthority("Example Root CA", validity=VALID).pem
CONFIG = b'version = 3\n[plugins."io.containerd.cri.v1.images".registry]\nconfig_path = "/c"\n'
MIRROR = "https://m.example:5000"


def of(client: str, files: HostFiles, written: str = HOST, domain: str = "") -> Policy:
    return next(each for each in policies(files, written, domain) if each.client == client)


def test_a_host_without_files_trusts_the_system_and_speaks_https() -> None:
    for policy in policies(HostFiles(), HOST):
        assert (policy.extra, policy.insecure, policy.plain) == ((), False, "never")


def test_every_client_has_one_row_and_answers_by_its_name() -> None:
    names = [client.name for client in CLIENTS]
    assert [policy.client for policy in policies(HostFiles(), HOST)] == names
    assert configured_mirrors(HostFiles()) == ()


def test_a_file_is_read_where_the_client_looks_and_nowhere_else() -> None:
    paths = {
        "docker": f"/etc/docker/certs.d/{HOST}/ca.crt",
        "containerd": f"/c/{HOST}/ca.crt",
        "podman": f"/etc/containers/certs.d/{HOST}/ca.crt",
    }
    for client, path in paths.items():
        files = host_files({path: CA, "/etc/containerd/config.toml": CONFIG})
        trusting = [each.client for each in policies(files, HOST) if path in each.sources]
        # podman reads docker's directory as well, where it has none of its own.
        assert trusting == (["docker", "podman"] if client == "docker" else [client])


def test_a_mirror_is_treated_as_its_domain_says() -> None:
    """docker since 28 takes what it trusts at a mirror from the directory of docker.io."""
    files = host_files(
        {
            domains.DAEMON_JSON: f'{{"registry-mirrors": ["{MIRROR}"]}}'.encode(),
            "/etc/docker/certs.d/docker.io/ca.crt": CA,
        }
    )
    newest = of("docker", files, "m.example:5000", "docker.io")
    assert newest.sources == ("/etc/docker/certs.d/docker.io/ca.crt",)
    older = HostFiles(files.files, files.directories, versions={"docker": "20.10.24+dfsg1"})
    assert of("docker", older, "m.example:5000", "docker.io").sources == ()


def test_the_token_server_of_a_build_is_reached_with_the_systems_pool_alone() -> None:
    toml = f'[registry."{HOST}"]\nca = ["/etc/ca.pem"]\n'
    files = host_files({domains.BUILDKITD: toml.encode(), "/etc/ca.pem": CA})
    found = {each.client: each for each in policies(files, HOST, realm=True)}
    assert found["buildkit"].extra == ()
    assert of("buildkit", files).extra == (CA,)


def test_a_configuration_that_stops_a_client_breaks_every_contact() -> None:
    files = host_files({"/etc/containers/registries.conf": b"[[registry]\n"})
    assert "loading registries configuration" in of("podman", files).broken


def test_mirrors_of_every_client_are_found_with_their_scheme_and_file() -> None:
    files = host_files(
        {
            domains.DAEMON_JSON: f'{{"registry-mirrors": ["{MIRROR}"]}}'.encode(),
            domains.BUILDKITD: b'[registry."ghcr.io"]\nmirrors = ["m.example:80"]\n'
            b'[registry."m.example:80"]\nhttp = true\n',
            "/etc/containerd/config.toml": CONFIG.replace(b"/c", b"/etc/containerd/certs.d"),
            "/etc/containerd/certs.d/quay.io/hosts.toml": b'[host."https://m.example/v2/quay"]\n',
            "/etc/containers/registries.conf": b'[[registry]]\nlocation = "docker.io"\n'
            b'[[registry.mirror]]\nlocation = "m.example/hub"\ninsecure = true\n',
        }
    )
    assert configured_mirrors(files) == (
        MirrorUse("docker", "docker.io", f"{MIRROR}/v2", domains.DAEMON_JSON),
        MirrorUse("buildkit", "ghcr.io", "http://m.example:80/v2", domains.BUILDKITD),
        MirrorUse(
            "containerd",
            "quay.io",
            "https://m.example/v2/quay/v2",
            "/etc/containerd/certs.d/quay.io/hosts.toml",
        ),
        MirrorUse(
            "podman",
            "docker.io",
            "https://m.example/v2",
            "/etc/containers/registries.conf",
            insecure=True,
        ),
    )


@pytest.mark.parametrize(
    ("client", "program", "pool"),
    [
        ("kaniko", "kaniko", "image"),
        ("buildkit", "buildx", "image"),
        ("containerd", "kind", "image"),
        ("docker", "docker-desktop", "host"),
        ("crane", "crane", "host"),
    ],
)
def test_a_client_in_a_container_has_the_roots_of_its_image(
    client: str, program: str, pool: str
) -> None:
    files = HostFiles(judged_by={client: program})
    assert of(client, files).pool == pool
    assert in_containers(files, (client,)) is (pool == "image")


def test_of_a_builder_on_another_host_no_pool_is_known() -> None:
    text = b'{"Name": "far", "Driver": "remote", "Nodes": []}'
    made = host_files({"/root/.docker/buildx/instances/far": text})
    judged_by = {"buildkit": "buildx"}
    files = HostFiles(made.files, made.directories, "/root", judged_by=judged_by)
    assert of("buildkit", files).pool == "unknown"


def test_mirrors_of_docker_desktop_are_those_of_the_users_daemon_json() -> None:
    made = host_files({"/root/.docker/daemon.json": b'{"registry-mirrors": ["https://m.example"]}'})
    judged_by = {"docker": "docker-desktop"}
    files = HostFiles(made.files, made.directories, "/root", judged_by=judged_by)
    (use,) = configured_mirrors(files)
    assert (use.client, use.domain, use.origin) == ("docker", "docker.io", "~/.docker/daemon.json")
    assert configured_mirrors(HostFiles(made.files, made.directories, "/root")) == ()


def test_settings_for_a_part_of_a_registry_hold_for_the_image_that_is_asked_for() -> None:
    conf = (
        b'[[registry]]\nprefix = "registry.example:5000/part"\nlocation = "registry.example:5000/p"'
        b'\n[[registry.mirror]]\nlocation = "m.example:5000"\n'
    )
    made = host_files({"/etc/containers/registries.conf": conf})
    assert configured_mirrors(HostFiles(made.files, made.directories)) == ()
    asked = HostFiles(made.files, made.directories, asked={HOST: f"{HOST}/part/app:1"})
    (use,) = configured_mirrors(asked)
    assert (use.client, use.url) == ("podman", "https://m.example:5000/v2")


def test_an_image_by_its_tag_goes_before_one_by_its_digest() -> None:
    digest = "@sha256:" + "0" * 64
    texts = (f"{HOST}/a{digest}", f"{HOST}/b:1", f"{HOST}/c:1", "alpine")
    asked = images_of(map(parse, texts))
    assert asked == {HOST: f"{HOST}/b:1", "docker.io": "docker.io/library/alpine:latest"}
