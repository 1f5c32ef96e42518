"""Faults of this host and of what the user wrote, beside a registry that is right."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.checked import REPOSITORY, Ran, check
from tests.fixtures.registry import Registry, Server, Store

pytestmark = pytest.mark.integration

MAIN = "import sys; from regdoctor.cli import main; sys.exit(main())"
STRANGER = 54321
"""A user that no file of this host knows."""
# Once as root, which imports everything: the interpreter may be where only root may look.
AS_STRANGER = f"""
import contextlib, io, os, shlex, sys
from regdoctor.cli import main
with contextlib.redirect_stdout(io.StringIO()):
    main()
os.setgroups([]); os.setgid({STRANGER}); os.setuid({STRANGER})
sys.exit(main())
"""


@pytest.fixture(scope="module")
def good() -> Iterator[Server]:
    store = Store()
    store.add_image("team/app", "1.0")
    with Server(Registry(store)) as server:
        yield server


@pytest.fixture
def stranger(tmp_path: Path) -> Mapping[str, str]:
    """The environment of a user with podman on the PATH and nothing else."""
    tmp_path.chmod(0o755)
    (tmp_path / "podman").write_text("#!/bin/sh\n")
    (tmp_path / "podman").chmod(0o755)
    return {"PATH": f"{tmp_path}:{os.environ['PATH']}", "REGDOCTOR_ROOT": str(tmp_path / "state")}


def within(script: str, environ: Mapping[str, str], *arguments: str, program: str = MAIN) -> Ran:
    """``regdoctor check`` in a mount namespace of its own, after ``script`` (sh)."""
    done = subprocess.run(
        [
            *("unshare", "--mount", "sh", "-e", "-c", f'{script}; exec "$@"', "sh"),
            *(sys.executable, "-c", program, "check", "--format", "json", "--timeout", "5"),
            *arguments,
        ],
        env={"HOME": "/nonexistent", "PYTHONPATH": str(REPOSITORY), **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


def by_stranger(environ: Mapping[str, str], *arguments: str, script: str = "true") -> Ran:
    return within(script, environ, *arguments, program=AS_STRANGER)


@pytest.mark.root
def test_a_full_disk_is_told_before_a_build_fills_it(good: Server, tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "REGDOCTOR_ROOT": str(tmp_path / "state")}
    mount = f"mount -t tmpfs -o size=32m x {tmp_path}"
    ran = within(mount, environ, f"{good.authority}/team/app:1.0")
    assert ran.serious == {"no-space-left-on-device"}
    finding = ran.findings["no-space-left-on-device"]
    assert (finding["severity"], finding["subject"]) == ("error", str(tmp_path / "state"))
    assert ran.code == 1


@pytest.mark.root
def test_inodes_that_are_used_up_are_told(good: Server, tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "REGDOCTOR_ROOT": str(tmp_path / "state")}
    mount = f"mount -t tmpfs -o size=2g,nr_inodes=500 x {tmp_path}"
    ran = within(mount, environ, f"{good.authority}/team/app:1.0")
    assert ran.serious == {"no-space-left-on-device"}
    assert "inodes" in ran.findings["no-space-left-on-device"]["title"]


def test_a_host_with_room_has_nothing_to_tell(good: Server) -> None:
    ran = check(f"{good.authority}/team/app:1.0")
    assert (ran.report["findings"], ran.code) == ([], 0)


@pytest.mark.root
def test_a_socket_of_docker_that_the_user_may_not_open(
    good: Server, stranger: Mapping[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        path.chmod(0o660)
        environ = {**stranger, "DOCKER_HOST": f"unix://{path}"}
        closed = by_stranger(environ, "--as", "docker", good.authority)
        unasked = by_stranger(environ, good.authority)
        path.chmod(0o666)
        opened = by_stranger(environ, "--as", "docker", good.authority)
    assert closed.serious == {"docker-sock-permission-denied"}
    assert closed.code == 1
    assert unasked.serious == opened.serious == set()


@pytest.mark.root
def test_a_user_without_subordinate_ids_who_has_podman(
    good: Server, stranger: Mapping[str, str]
) -> None:
    given = ("--resolve", f"registry.example:{good.authority.rpartition(':')[2]}:127.0.0.1")
    ran = by_stranger(stranger, *given, "--as", "podman", good.authority)
    assert "rootless-insufficient-subuids" in ran.serious
    assert f"{STRANGER}" in ran.findings["rootless-insufficient-subuids"]["title"]


@pytest.mark.root
def test_a_directory_of_certificates_that_the_user_may_not_read(
    stranger: Mapping[str, str], tmp_path: Path
) -> None:
    root = CertificateAuthority("Example Root CA")
    pair = root.issue("registry.example").write(tmp_path / "served")
    (tmp_path / "ca.crt").write_bytes(root.pem)
    with Server(Registry(), tls=pair) as server:
        name = f"registry.example:{server.authority.rpartition(':')[2]}"
        directory = f"/etc/containers/certs.d/{name}"
        script = (
            f"mount -t tmpfs x /etc/containers; mkdir -p {directory}; "
            f"cp {tmp_path}/ca.crt {directory}; chmod MODE /etc/containers/certs.d"
        )
        given = ("--resolve", f"{name}:127.0.0.1", "--as", "podman", name)
        closed = by_stranger(stranger, *given, script=script.replace("MODE", "700"))
        opened = by_stranger(stranger, *given, script=script.replace("MODE", "755"))
    code = "podman-rootless-and-machine-certs"
    assert "/etc/containers/certs.d" in closed.findings[code]["title"]
    assert code not in opened.findings


def test_a_policy_that_lets_no_image_in(good: Server, tmp_path: Path) -> None:
    directory = tmp_path / "etc/containers"
    directory.mkdir(parents=True)
    image = f"{good.authority}/team/app:1.0"
    (directory / "registries.conf").write_text(
        f'[[registry]]\nlocation = "{good.authority}"\ninsecure = true\n'
    )
    given = ("--host-root", str(tmp_path), "--as", "podman", image)
    (directory / "policy.json").write_text('{"default": [{"type": "reject"}]}')
    ran = check(*given)
    assert ran.serious == {"podman-policy-signature-rejected"}
    assert ran.code == 1
    letting_in = {good.authority: [{"type": "insecureAcceptAnything"}]}
    (directory / "policy.json").write_text(
        json.dumps({"default": [{"type": "reject"}], "transports": {"docker": letting_in}})
    )
    assert check(*given).serious == set()


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("HOST/team/App:1.0", "reference-with-scheme-or-uppercase"),
        ("http://HOST/team/app:1.0", "reference-with-scheme-or-uppercase"),
        ("HOST/team/app:1.0+build", "tag-with-illegal-character"),
    ],
)
def test_an_image_that_no_client_takes_is_a_finding(
    image: str, code: str, good: Server, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.json"
    ran = check("--save", str(kept), image.replace("HOST", good.authority))
    assert ran.serious == {code}
    assert ran.code == 1
    assert check("--replay", str(kept)).report["findings"] == ran.report["findings"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ARG BASE\nFROM $BASE\n", "base-image-arg-empty"),
        ("ARG REG\nFROM $REG/team/app:1.0\n", "base-image-arg-empty"),
        ("FROM HOST/team/App:1.0\n", "reference-with-scheme-or-uppercase"),
        ("FROM HOST/team/app:1.0 AS a\nFROM HOST/team/app:1+0\n", "tag-with-illegal-character"),
    ],
)
def test_a_dockerfile_whose_base_is_no_image_is_a_finding(
    text: str, code: str, good: Server, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(text.replace("HOST", good.authority))
    ran = check(str(tmp_path))
    assert ran.serious == {code}
    assert ran.findings[code]["subject"].startswith(str(tmp_path / "Dockerfile"))
    assert ran.code == 1


def test_a_dockerfile_that_needs_buildkit_where_it_is_turned_off(
    good: Server, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(
        f"FROM {good.authority}/team/app:1.0\nRUN --mount=type=cache,target=/c true\n"
    )
    given = ("--as", "docker", str(tmp_path))
    ran = check(*given, environ={"DOCKER_BUILDKIT": "0"})
    assert ran.serious == {"legacy-builder-lacks-mount"}
    assert check(*given, environ={"DOCKER_BUILDKIT": "1"}).serious == set()
    assert check(*given).serious == set()
    (tmp_path / "etc/docker").mkdir(parents=True)
    (tmp_path / "etc/docker/daemon.json").write_text('{"features": {"buildkit": false}}')
    ran = check("--host-root", str(tmp_path), *given)
    assert ran.findings["legacy-builder-lacks-mount"]["severity"] == "warning"
    assert ran.code == 0
