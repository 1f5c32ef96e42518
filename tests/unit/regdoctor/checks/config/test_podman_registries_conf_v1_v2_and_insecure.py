"""podman-registries-conf-v1-v2-and-insecure."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import configured

CODE = "podman-registries-conf-v1-v2-and-insecure"


def test_fires_where_the_files_say_so() -> None:
    finding = found(
        configured(
            {
                "/etc/containers/registries.conf": (
                    b'[[registry]]\nlocation = "registry.example:5000"\ninsecure = true\n'
                ),
                "/root/.config/containers/registries.conf": b"",
            },
            "podman",
            failing=True,
        )
    )[CODE]
    assert finding.severity == "error"
    assert finding.evidence[0].data["file"]
    assert finding.fixes


def test_quiet_where_they_are_right() -> None:
    assert CODE not in found(
        configured(
            {
                "/etc/containers/registries.conf": (
                    b'[[registry]]\nlocation = "registry.example:5000"\ninsecure = true\n'
                ),
            },
            "podman",
            failing=False,
        )
    )
