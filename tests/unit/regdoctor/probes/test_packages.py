"""Versions from the package manager's own file."""

from __future__ import annotations

from pathlib import Path

from regdoctor.probes.packages import installed_versions

STATUS = """\
Package: docker.io
Status: install ok installed
Version: 20.10.24+dfsg1-1+deb12u1

Package: podman
Status: deinstall ok config-files
Version: 4.3.1

Package: docker-ce-cli
Status: install ok installed
Version: 5:27.0.0

Package: containerd.io
Status: install ok installed
Version: 1:1.7.24-1
"""


def test_installed_packages_are_found_without_their_epoch(tmp_path: Path) -> None:
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(STATUS)
    assert installed_versions(tmp_path) == {
        "docker": "20.10.24+dfsg1-1+deb12u1",
        "containerd": "1.7.24-1",
    }


def test_a_host_without_dpkg_has_none(tmp_path: Path) -> None:
    assert installed_versions(tmp_path) == {}
