"""platform-detection-or-index-variant-bug."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.images import index_seen

CODE = "platform-detection-or-index-variant-bug"


def test_fires_where_only_the_variant_differs() -> None:
    finding = found(index_seen("linux/arm/v7", "linux/amd64", missing=("linux/arm/v6",)))[CODE]
    assert "linux/arm/v7" in finding.title
    assert "linux/amd64" not in finding.title


def test_quiet_for_another_architecture() -> None:
    assert CODE not in found(index_seen("linux/s390x", missing=("linux/arm/v6",)))
