"""no-matching-manifest-for-platform."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.images import image_seen, index_seen

CODE = "no-matching-manifest-for-platform"


def test_fires_for_a_platform_that_the_index_lacks() -> None:
    finding = found(index_seen("linux/s390x", "windows/amd64", missing=("linux/amd64",)))[CODE]
    assert "linux/s390x and windows/amd64" in finding.title
    assert "unknown" not in finding.title
    assert finding.severity == "error"


def test_quiet_for_a_platform_that_is_there() -> None:
    assert found(index_seen("linux/amd64", "linux/arm64")) == {}


def test_quiet_for_an_index_of_no_platforms() -> None:
    """A build cache, an artifact: nobody runs it."""
    assert found(image_seen(index=True, entries=(), missing=("linux/amd64",))) == {}


def test_quiet_where_only_the_variant_differs() -> None:
    assert CODE not in found(index_seen("linux/arm/v7", missing=("linux/arm/v6",)))


def test_what_is_advised_is_a_platform_that_is_there() -> None:
    finding = found(index_seen("linux/arm64", missing=("linux/amd64",)))[CODE]
    pulls = [each for fix in finding.fixes for each in fix.commands if " pull " in each]
    assert pulls
    assert all("--platform linux/arm64 " in each for each in pulls)
