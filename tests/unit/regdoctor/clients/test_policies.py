"""What each client's files make of a registry, case by case from runs of the real clients."""

from __future__ import annotations

import pytest

from regdoctor.clients import buildkit, containerd, docker, podman
from regdoctor.clients.policy import MirrorUse, Policy
from regdoctor.clients.table import CLIENTS, configured_mirrors, policies
from regdoctor.observations.host import HostFiles
from tests.fixtures.scenes import host_files

HOST = "registry.example:5000"
CRT = b"-----BEGIN CERTIFICATE-----\n"


def test_a_host_without_files_trusts_the_system_and_speaks_https() -> None:
    for policy in policies(HostFiles(), HOST):
        assert (policy.extra, policy.insecure, policy.plain) == ((), False, "never")


def test_the_port_is_part_of_the_directorys_name_for_every_client() -> None:
    files = host_files(
        {
            f"{root}/registry.example/ca.crt": CRT
            for root in ("/etc/docker/certs.d", "/etc/containers/certs.d", containerd.CERTS)
        }
    )
    assert all(policy.extra == () for policy in policies(files, HOST))


# -- docker


def test_docker_reads_crt_files_of_the_directory() -> None:
    files = host_files({f"{docker.CERTS}/{HOST}/ca.crt": CRT, f"{docker.CERTS}/{HOST}/ca.pem": CRT})
    assert docker.policy(files, HOST).sources == (f"{docker.CERTS}/{HOST}/ca.crt",)


@pytest.mark.parametrize(
    ("entry", "written"),
    [
        ("registry.example:5000", HOST),
        ("http://registry.example:5000", HOST),
        ("10.0.0.0/8", "10.1.2.3:5000"),
    ],
)
def test_docker_insecure_registries(entry: str, written: str) -> None:
    files = host_files(
        {
            docker.DAEMON_JSON: f'{{"insecure-registries": ["{entry}"]}}'.encode(),
            f"{docker.CERTS}/{written}/ca.crt": CRT,
        }
    )
    assert docker.policy(files, written) == Policy("docker", insecure=True, plain="fallback")


def test_docker_insecure_name_without_a_port_is_another_registry() -> None:
    files = host_files({docker.DAEMON_JSON: b'{"insecure-registries": ["registry.example"]}'})
    assert not docker.policy(files, HOST).insecure


@pytest.mark.parametrize("written", ["localhost:5000", "127.0.0.1:5000", "127.8.8.8", "[::1]:5000"])
def test_docker_never_verifies_loopback(written: str) -> None:
    assert docker.policy(HostFiles(), written).insecure


def test_docker_says_which_half_of_a_client_pair_is_missing() -> None:
    files = host_files({f"{docker.CERTS}/{HOST}/client.cert": b"x"})
    assert "has no client.key" in docker.policy(files, HOST).broken


def test_docker_mirrors_are_for_docker_hub() -> None:
    files = host_files({docker.DAEMON_JSON: b'{"registry-mirrors": ["https://m.example"]}'})
    assert docker.mirrors(files) == (
        MirrorUse("docker", "docker.io", "https://m.example", docker.DAEMON_JSON),
    )


# -- BuildKit


def test_buildkit_reads_ca_and_the_directory_of_its_section() -> None:
    toml = f'[registry."{HOST}"]\nca = ["/etc/ca.pem"]\ntlsconfigdir = ["/etc/tls"]\n'
    files = host_files(
        {buildkit.CONFIG: toml.encode(), "/etc/ca.pem": CRT, "/etc/tls/more.crt": CRT}
    )
    assert buildkit.policy(files, HOST).sources == ("/etc/ca.pem", "/etc/tls/more.crt")


def test_buildkit_fails_on_a_ca_that_is_not_there() -> None:
    toml = f'[registry."{HOST}"]\nca = ["/etc/ca.pem"]\n'
    assert (
        "/etc/ca.pem" in buildkit.policy(host_files({buildkit.CONFIG: toml.encode()}), HOST).broken
    )


@pytest.mark.parametrize(
    ("lines", "insecure", "plain"),
    [
        ("http = true", False, "only"),
        ("insecure = true", True, "never"),
        ("http = true\ninsecure = true", True, "fallback"),
        ("", False, "never"),
    ],
)
def test_buildkit_http_and_insecure(lines: str, insecure: bool, plain: str) -> None:
    files = host_files({buildkit.CONFIG: f'[registry."{HOST}"]\n{lines}\n'.encode()})
    policy = buildkit.policy(files, HOST)
    assert (policy.insecure, policy.plain) == (insecure, plain)


def test_buildkit_speaks_http_to_loopback_unless_told_otherwise() -> None:
    assert buildkit.policy(HostFiles(), "localhost:5000").plain == "only"
    files = host_files({buildkit.CONFIG: b'[registry."localhost:5000"]\nhttp = false\n'})
    assert buildkit.policy(files, "localhost:5000").plain == "never"


def test_buildkit_mirrors_take_their_scheme_from_their_own_section() -> None:
    toml = (
        '[registry."docker.io"]\nmirrors = ["m.example:5000/hub", "https://n.example"]\n'
        '[registry."m.example:5000"]\nhttp = true\n'
    )
    uses = buildkit.mirrors(host_files({buildkit.CONFIG: toml.encode()}))
    assert [use.url for use in uses] == ["http://m.example:5000/hub", "https://n.example"]


@pytest.mark.parametrize("text", [b"not toml [", b"registry = 3", b'registry = {"x" = 1}'])
def test_buildkit_settings_of_another_shape_are_no_settings(text: bytes) -> None:
    files = host_files({buildkit.CONFIG: text})
    assert buildkit.policy(files, HOST) == Policy("buildkit")
    assert buildkit.mirrors(files) == ()


# -- containerd


@pytest.mark.parametrize("name", ["registry.example_5000_", HOST, "_default"])
def test_containerd_directories(name: str) -> None:
    files = host_files({f"{containerd.CERTS}/{name}/ca.crt": CRT})
    assert containerd.policy(files, HOST).extra == (CRT,)


def test_containerd_takes_hosts_toml_in_place_of_crt_files() -> None:
    directory = f"{containerd.CERTS}/{HOST}"
    toml = f'server = "https://{HOST}"\nca = "own.pem"\n[host."https://m.example"]\n'
    files = host_files(
        {
            f"{directory}/hosts.toml": toml.encode(),
            f"{directory}/own.pem": CRT,
            f"{directory}/ca.crt": b"other",
        }
    )
    assert containerd.policy(files, HOST).sources == (f"{directory}/own.pem",)
    assert [use.url for use in containerd.mirrors(files)] == ["https://m.example"]


def test_containerd_falls_back_to_crt_files_where_hosts_toml_does_not_parse() -> None:
    directory = f"{containerd.CERTS}/{HOST}"
    files = host_files({f"{directory}/hosts.toml": b"server = ", f"{directory}/ca.crt": CRT})
    assert containerd.policy(files, HOST).extra == (CRT,)


def test_containerd_http_in_the_table_of_the_host() -> None:
    toml = f'server = "https://{HOST}"\n[host."http://{HOST}"]\n'
    files = host_files({f"{containerd.CERTS}/{HOST}/hosts.toml": toml.encode()})
    assert containerd.policy(files, HOST).plain == "only"


def test_containerd_root_settings_do_not_reach_a_mirror() -> None:
    toml = (
        'server = "https://registry-1.docker.io"\nskip_verify = true\n[host."https://m.example"]\n'
    )
    files = host_files({f"{containerd.CERTS}/docker.io/hosts.toml": toml.encode()})
    assert not containerd.policy(files, "m.example").insecure


# -- podman


def test_podman_takes_the_first_directory_there_is_even_if_it_is_empty() -> None:
    contents = {f"/etc/docker/certs.d/{HOST}/ca.crt": CRT}
    assert podman.policy(host_files(contents), HOST).extra == (CRT,)
    contents[f"/etc/containers/certs.d/{HOST}/README"] = b""
    assert podman.policy(host_files(contents), HOST).extra == ()


def test_podman_verifies_loopback_too() -> None:
    assert not podman.policy(HostFiles(), "localhost:5000").insecure


def test_podman_insecure_by_location_and_in_the_first_format() -> None:
    second = b'[[registry]]\nlocation = "registry.example:5000/team"\ninsecure = true\n'
    first = b'[registries.insecure]\nregistries = ["registry.example:5000"]\n'
    for text in (second, first):
        assert podman.policy(host_files({podman.REGISTRIES: text}), HOST).insecure


def test_podman_a_users_file_replaces_the_systems() -> None:
    own = host_files(
        {
            podman.REGISTRIES: b'[[registry]]\nlocation = "registry.example:5000"\n'
            b"insecure = true\n",
            "/root/.config/containers/registries.conf": b"",
        }
    )
    files = HostFiles(own.files, own.directories, "/root")
    assert not podman.policy(files, HOST).insecure


def test_podman_mirrors_of_a_prefix() -> None:
    toml = b'[[registry]]\nprefix = "docker.io"\n[[registry.mirror]]\nlocation = "m.example/hub"\n'
    (use,) = podman.mirrors(host_files({podman.REGISTRIES: toml}))
    assert (use.domain, use.url) == ("docker.io", "https://m.example/hub")


def test_every_client_has_one_row_and_answers_by_its_name() -> None:
    names = [client.name for client in CLIENTS]
    assert [policy.client for policy in policies(HostFiles(), HOST)] == names
    assert configured_mirrors(HostFiles()) == ()


def test_a_client_certificate_counts_where_each_client_looks_for_it() -> None:
    toml = f'[[registry."{HOST}".keypair]]\nkey = "k"\ncert = "c"\n'
    hosts = f'[host."https://{HOST}"]\nclient = [["c", "k"]]\n'
    files = host_files(
        {
            f"{docker.CERTS}/{HOST}/client.cert": b"",
            f"{docker.CERTS}/{HOST}/client.key": b"",
            f"/etc/containers/certs.d/{HOST}/client.cert": b"",
            buildkit.CONFIG: toml.encode(),
            f"{containerd.CERTS}/{HOST}/hosts.toml": hosts.encode(),
        }
    )
    assert all(policy.pair for policy in policies(files, HOST))
    assert not any(policy.pair for policy in policies(HostFiles(), HOST))
