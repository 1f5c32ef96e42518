"""crio-mirror-by-digest-only."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import configured

CODE = "crio-mirror-by-digest-only"


def test_fires_where_the_files_say_so() -> None:
    finding = found(
        configured(
            {
                "/etc/containers/registries.conf": (
                    b"[[registry]]\n"
                    b'location = "registry.example:5000"\n'
                    b"mirror-by-digest-only = true\n"
                    b"[[registry.mirror]]\n"
                    b'location = "m.example"\n'
                ),
            },
            "podman",
            failing=True,
        )
    )[CODE]
    assert finding.severity == "info"
    assert finding.evidence[0].data["file"]
    assert finding.fixes


def test_quiet_where_they_are_right() -> None:
    assert CODE not in found(
        configured(
            {
                "/etc/containers/registries.conf": (
                    b"[[registry]]\n"
                    b'location = "registry.example:5000"\n'
                    b"[[registry.mirror]]\n"
                    b'location = "m.example"\n'
                ),
            },
            "podman",
            failing=False,
        )
    )
