"""zstd-layers-on-old-engine."""

from __future__ import annotations

from regdoctor.observations.host import AskedClients
from regdoctor.observations.store import HOST, Observations
from tests.fixtures.scenes import answer, found, questions
from tests.fixtures.scenes.images import asked_seen, image_seen

CODE = "zstd-layers-on-old-engine"
ZSTD = ("application/vnd.oci.image.layer.v1.tar+zstd",)


def for_docker(seen: Observations) -> Observations:
    seen.add(HOST, AskedClients(("docker",)))
    return seen


def test_fires_as_a_note_for_docker() -> None:
    seen = for_docker(image_seen(layers=ZSTD))
    assert found(seen)[CODE].severity == "info"
    assert CODE in questions(seen)


def test_fires_for_zstd_under_another_media_type() -> None:
    seen = for_docker(image_seen())
    asked_seen(seen, "layer-start", answer(), digest="28b52ffd0000", length=16)
    assert "begins as zstd" in found(seen)[CODE].evidence[0].fact


def test_quiet_for_other_clients() -> None:
    assert found(image_seen(layers=ZSTD)) == {}


def test_quiet_for_gzip() -> None:
    seen = for_docker(image_seen())
    asked_seen(seen, "layer-start", answer(), digest="1f8b0800", length=16)
    assert found(seen) == {}
