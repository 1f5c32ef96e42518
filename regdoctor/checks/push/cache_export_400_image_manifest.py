"""BuildKit's old form of a cache, an index of blobs, is refused."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import subject_of
from regdoctor.checks.protocol import Check
from regdoctor.checks.push.pushing import finding, pushed
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.host import AskedClients
from regdoctor.observations.push import CACHE_IMAGE, CACHE_INDEX, INDEX, StoreLook, UploadLook
from regdoctor.observations.store import HOST, Observations


class CacheIndexRefused(Check):
    """An ordinary index is taken, and one whose members are layers is not. BuildKit since 0.21
    writes its cache as an image manifest by itself, so it warns only who looks as BuildKit."""

    code = "cache-export-400-image-manifest"
    summary = "the registry refuses BuildKit's cache as an index of layers"
    needs = (UploadLook, StoreLook)
    question = "is an index whose members are layers taken where an ordinary index is?"
    probe = "push-store"
    texts = (
        "error writing manifest blob: failed commit on ref *: unexpected status: 400 Bad Request",
        "error writing manifest blob: failed commit on ref *: 400 Bad Request",
    )
    clients = ("buildkit",)
    products = ("ecr", "gar", "nexus", "pulp")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for endpoint, _ in pushed(seen):
            store = seen.get(StoreLook, endpoint)
            if store is None:
                continue
            index, cache = store.tried(INDEX), store.tried(CACHE_INDEX)
            image = store.tried(CACHE_IMAGE)
            if index is None or cache is None or not index.ok or cache.ok or not cache.status:
                continue
            asked = seen.get(AskedClients, HOST)
            looking = asked is not None and "buildkit" in asked.names
            other = "takes it as an image manifest"
            if image is None or not image.ok:
                other = "refuses it as an image manifest too"
            yield finding(
                seen,
                self,
                endpoint,
                f"{subject_of(endpoint)} answers BuildKit's cache as an index of layers with "
                f"{cache.status}, and {other}",
                [("push-store", cache), *([("push-store", image)] if image else [])],
                breaks=("buildkit",),
                as_severity="warning" if looking else "info",
            )


CHECK = CacheIndexRefused()
