"""buildkit-mirror-not-used-by-container-builder."""

from __future__ import annotations

from regdoctor.observations.host import AskedClients
from regdoctor.observations.printed import ClientOutput
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import configured

CODE = "buildkit-mirror-not-used-by-container-builder"


def told(text: str) -> Observations:
    seen = Observations()
    seen.add(HOST, AskedClients(("buildkit",)))
    seen.add(HOST, ClientOutput(text, "buildkit"))
    return seen


def test_fires_for_the_words_of_the_client() -> None:
    finding = found(
        told(
            "ERROR: Error response from daemon: toomanyrequests: You have "
            "reached your pull rate limit."
        )
    )[CODE]
    assert finding.confidence == "possible"
    assert finding.fixes


def test_quiet_for_other_words() -> None:
    assert CODE not in found(told("x509: certificate has expired or is not yet valid"))
    assert CODE not in found(told("denied: requested access to the resource is denied"))


MIRRORS = b'{"registry-mirrors": ["https://m.example"]}'


def test_fires_for_a_builder_beside_a_daemon_json_with_mirrors() -> None:
    seen = configured(
        {"/etc/docker/daemon.json": MIRRORS},
        "buildkit",
        failing=False,
        domain="docker.io",
        judged_by={"buildkit": "buildx"},
    )
    finding = found(seen)[CODE]
    assert finding.severity == "info"
    assert finding.evidence[0].data["file"] == "/etc/docker/daemon.json"


def test_quiet_for_a_buildkitd_that_is_no_builder() -> None:
    files = {"/etc/docker/daemon.json": MIRRORS}
    assert CODE not in found(configured(files, "buildkit", failing=False, domain="docker.io"))
