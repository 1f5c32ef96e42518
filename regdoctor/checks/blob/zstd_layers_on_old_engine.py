"""Layers that engines before 23.0 cannot unpack."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.manifest.images import parts
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.host import AskedClients
from regdoctor.observations.images import Asked, ImageSeen
from regdoctor.observations.store import HOST, Observations

MAGIC = "28b52ffd"
"""The first bytes of zstd (RFC 8878, 3.1.1)."""


class ZstdLayers(Check):
    """Said where dockerd is asked about: its version is not seen from here, and current ones,
    and all other clients, read zstd."""

    code = "zstd-layers-on-old-engine"
    summary = "layers are packed with zstd, which Docker before 23.0 cannot unpack"
    needs = (ImageSeen,)
    question = "are the layers zstd, and is the engine older than 23.0?"
    probe = "manifest"
    texts = ("archive/tar: invalid tar header",)
    clients = ("docker",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        asked = seen.get(AskedClients, HOST)
        if asked is None or "docker" not in asked.names:
            return
        for each, image in parts(seen):
            packed = sum(layer.endswith("zstd") for layer in image.layers)
            start = seen.get(Asked, each.endpoint, "layer-start")
            hidden = start is not None and start.digest.startswith(MAGIC) and not packed
            if not packed and not hidden:
                continue
            what = (
                f"{packed} of {len(image.layers)} layers are zstd by their media type"
                if packed
                else "a layer begins as zstd does, whatever its media type says"
            )
            yield Finding(
                code=self.code,
                title=f"{each.image} has layers packed with zstd: Docker before 23.0 says "
                "invalid tar header",
                severity="info",
                confidence="possible",
                subject=each.image,
                evidence=(Evidence(what, "manifest", {"layers": list(image.layers)}),),
                breaks=("docker",),
            )
            yield OpenQuestion(
                self.code,
                "which version does `docker version` name for the server?",
                "manifest",
                "the engine's version is not seen from outside",
            )


CHECK = ZstdLayers()
