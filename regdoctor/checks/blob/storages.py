"""Blobs that a registry redirects to a storage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from regdoctor.model.finding import Evidence
from regdoctor.observations.http import Answer, BlobLook
from regdoctor.observations.store import Observations


@dataclass(frozen=True, slots=True)
class Redirected:
    """A blob of the registry ``endpoint`` that was redirected; ``storage`` is the endpoint's URL
    of where to, ``answer`` what came, or did not come, from there."""

    endpoint: str
    storage: str
    look: BlobLook
    answer: Answer

    @property
    def evidence(self) -> Evidence:
        fact = f"the registry redirects its blobs to {self.storage}"
        return Evidence(fact, "blob", {"registry": self.endpoint, "storage": self.storage})


def redirected(seen: Observations) -> Iterator[Redirected]:
    """Every blob that a registry did not serve itself."""
    known = {_origin(urlsplit(url)): url for url in seen.endpoints()}
    for endpoint in seen.endpoints():
        for _, look in seen.named(BlobLook, endpoint):
            if look.redirected and look.answer is not None:
                parts = urlsplit(look.redirected)
                storage = known.get(_origin(parts), f"{parts.scheme}://{parts.netloc}")
                yield Redirected(endpoint, storage, look, look.answer)


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    try:
        port = parts.port
    except ValueError:
        port = None
    return parts.scheme, parts.hostname or "", port or (443 if parts.scheme == "https" else 80)
