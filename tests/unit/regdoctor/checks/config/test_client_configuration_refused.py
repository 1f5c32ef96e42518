"""client-configuration-refused."""

from __future__ import annotations

from regdoctor.diagnose import judged
from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import configured

CODE = "client-configuration-refused"


def test_fires_in_the_words_of_the_client() -> None:
    finding = found(
        configured(
            {
                "/etc/containers/registries.conf": b"[[registry]\n",
            },
            "podman",
            failing=False,
        )
    )[CODE]
    assert finding.severity == "error"
    assert finding.breaks == ("podman",)
    assert "would say: " in finding.evidence[0].fact


def test_quiet_where_the_client_reads_its_files() -> None:
    assert CODE not in found(
        configured(
            {
                "/etc/containers/registries.conf": (
                    b'[[registry]]\nlocation = "registry.example:5000"\n'
                ),
            },
            "podman",
            failing=False,
        )
    )


def test_pulls_and_builds_that_fail_over_one_file_are_one_fault() -> None:
    seen = configured({"/etc/docker/daemon.json": b"{,}"}, "docker", failing=False)
    (finding,) = (each for each in judged(seen, ()).findings if each.code == CODE)
    assert "docker-pull and docker-build 29.7.2 contact nobody: " in finding.title
