"""A warning that every registry:2 and registry:3 writes, and that matters to few."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from regdoctor.checks.printed import OnlyPrinted
from regdoctor.model.finding import Finding, OpenQuestion
from regdoctor.observations.store import Observations


class HttpSecretWarning(OnlyPrinted):
    """Harmless with one server; with several, uploads break off between them."""

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in super().findings(seen):
            yield replace(each, severity="info") if isinstance(each, Finding) else each


CHECK = HttpSecretWarning(
    "distribution-http-secret-and-mirror-warning-noise",
    "the registry makes up its http.secret, which matters only where several share the uploads",
    ("No HTTP secret provided - generated random secret",),
    question="how many registries stand behind the name?",
    confidence="certain",
    clients=(),
    products=("distribution",),
)
