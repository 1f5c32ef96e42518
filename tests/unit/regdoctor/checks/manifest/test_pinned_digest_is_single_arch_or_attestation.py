"""pinned-digest-is-single-arch-or-attestation."""

from __future__ import annotations

from tests.fixtures.scenes import found
from tests.fixtures.scenes.images import image_seen

CODE = "pinned-digest-is-single-arch-or-attestation"


def test_fires_as_an_error_for_an_attestation() -> None:
    layers = ("application/vnd.in-toto+json",)
    finding = found(image_seen(pinned=True, layers=layers, config_platform="unknown/unknown"))[CODE]
    assert finding.severity == "error"
    assert "attestation" in finding.title


def test_fires_as_a_warning_for_another_platform() -> None:
    finding = found(image_seen(pinned=True, config_platform="linux/arm64/v8"))[CODE]
    assert finding.severity == "warning"


def test_quiet_for_this_platforms_manifest() -> None:
    assert found(image_seen(pinned=True)) == {}
    assert found(image_seen(pinned=True, config_platform="linux/amd64/v2")) == {}


def test_quiet_for_a_tag_and_for_what_is_no_image() -> None:
    assert found(image_seen(config_platform="linux/arm64")) == {}
    helm = "application/vnd.cncf.helm.config.v1+json"
    assert found(image_seen(pinned=True, config_type=helm, config_platform="x/y")) == {}


def test_quiet_for_an_index() -> None:
    assert found(image_seen(pinned=True, index=True, config_platform="linux/arm64")) == {}
