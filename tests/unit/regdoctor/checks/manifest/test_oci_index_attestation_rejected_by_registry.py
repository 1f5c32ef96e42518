"""oci-index-attestation-rejected-by-registry."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.images import output_seen

CODE = "oci-index-attestation-rejected-by-registry"
LINE = (
    "ERROR: failed to solve: failed to push registry.example/a:1: failed commit on ref "
    '"manifest-sha256:ab": unexpected status: 400 Bad Request'
)


def test_fires_for_what_the_client_prints() -> None:
    finding = found(output_seen(LINE, "buildkit"))[CODE]
    assert finding.breaks == ("buildkit",)
    assert finding.fixes


def test_quiet_for_other_words() -> None:
    assert CODE not in found(
        output_seen(
            """failed to push registry.example/a:1: unexpected status: 401 Unauthorized""",
            "buildkit",
        )
    )
