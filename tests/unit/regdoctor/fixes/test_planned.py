"""What is advised: exact paths per client, never trust made in silence."""

from __future__ import annotations

import shlex

import pytest

from regdoctor.fixes.table import PLANNERS
from regdoctor.model.finding import Finding, Fix
from regdoctor.observations.host import HostFiles
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import VALID, chain_seen, found, host_files

ROOT = CertificateAuthority("Example Root CA", validity=VALID)
LEAF = ROOT.issue("registry.example", validity=VALID, send_root=True)
CODE = "x509-unknown-authority-private-root"


def by_client(finding: Finding) -> dict[str, Fix]:
    return {fix.client: fix for fix in finding.fixes}


@pytest.mark.parametrize(
    ("client", "path"),
    [
        ("docker", "/etc/docker/certs.d/registry.example:5000/ca.crt"),
        ("containerd", "/etc/containerd/certs.d/registry.example:5000/ca.crt"),
        ("podman", "/etc/containers/certs.d/registry.example:5000/ca.crt"),
    ],
)
def test_each_client_gets_the_file_where_it_reads_it(client: str, path: str) -> None:
    fix = by_client(found(chain_seen(LEAF))[CODE])[client]
    assert any(shlex.split(command)[-1] == path for command in fix.commands)


def test_doing_what_is_advised_for_docker_mends_docker() -> None:
    fix = by_client(found(chain_seen(LEAF))[CODE])["docker"]
    path = shlex.split(fix.commands[-1])[-1]
    assert "docker" not in found(chain_seen(LEAF, files=host_files({path: ROOT.pem})))[CODE].breaks


@pytest.mark.parametrize("version", ["1.6.20", "1.7.24", "2.1.9", "2.2.7"])
def test_doing_what_is_advised_for_containerd_mends_containerd(version: str) -> None:
    bare = HostFiles(versions={"containerd": version})
    fix = by_client(found(chain_seen(LEAF, files=bare))[CODE])["containerd"]
    changed = {change.path: applied(change.diff) for change in fix.files}
    ca = shlex.split(fix.commands[-1])[-1]
    files = host_files({**changed, ca: ROOT.pem})
    mended = HostFiles(files.files, files.directories, versions=bare.versions)
    assert "containerd" not in found(chain_seen(LEAF, files=mended))[CODE].breaks


@pytest.mark.parametrize(
    ("config", "directory"),
    [
        ('[plugins."io.containerd.cri.v1.images".registry]\n  config_path = "/opt/c"\n', "/opt/c"),
        (
            '[plugins."io.containerd.cri.v1.images".registry]\n  config_path = "/a:/b"\n',
            "/etc/containerd/certs.d",
        ),
    ],
)
def test_containerds_own_directory_is_used_where_it_has_an_effect(
    config: str, directory: str
) -> None:
    files = host_files({"/etc/containerd/config.toml": f"version = 3\n{config}".encode()})
    fix = by_client(found(chain_seen(LEAF, files=files))[CODE])["containerd"]
    assert shlex.split(fix.commands[-1])[-1] == f"{directory}/registry.example:5000/ca.crt"
    diffs = [change.diff for change in fix.files if change.path.endswith("config.toml")]
    replaced = ['-  config_path = "/a:/b"\n+  config_path = "/etc/containerd/certs.d"\n']
    assert diffs == ([] if directory == "/opt/c" else replaced)


def applied(diff: str) -> bytes:
    """What a file has that began empty."""
    return "".join(line[1:] + "\n" for line in diff.splitlines()).encode()


def test_doing_what_is_advised_for_buildkit_mends_buildkit() -> None:
    fix = by_client(found(chain_seen(LEAF))[CODE])["buildkit"]
    (change,) = fix.files
    written = "".join(line[1:] + "\n" for line in change.diff.splitlines())
    ca = shlex.split(fix.commands[-1])[-1]
    files = host_files({change.path: written.encode(), ca: ROOT.pem})
    assert "buildkit" not in found(chain_seen(LEAF, files=files))[CODE].breaks


def test_nothing_tells_to_take_the_ca_from_the_failing_connection() -> None:
    for fix in found(chain_seen(LEAF))[CODE].fixes:
        assert not any("s_client" in command for command in fix.commands)


def test_trust_for_the_whole_host_is_marked_unsafe() -> None:
    assert by_client(found(chain_seen(LEAF))[CODE])["host"].disposition == "unsafe"


def test_words_of_a_server_are_quoted_in_commands() -> None:
    evil = "x;$(reboot)`reboot`.example"
    leaf = ROOT.issue("registry.example", validity=VALID)
    finding = found(chain_seen(leaf, host=evil, system=[ROOT.der]))["x509-hostname-mismatch"]
    for fix in finding.fixes:
        for command in fix.commands:
            words = shlex.split(command)
            assert f"subjectAltName=DNS:{evil}" in words


def test_every_planner_gives_something_for_its_own_finding() -> None:
    assert all(callable(planner) for planner in PLANNERS.values())
    for finding in found(chain_seen(LEAF)).values():
        assert finding.fixes
