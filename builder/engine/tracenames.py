"""Under which names a step is found again when the Dockerfile around it has changed.

The name of a step has its number, the number of all steps, and for a base image the digest:
each of them changes where the step itself did not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from builder.oci.digest import Digest
from builder.solver.types import Vertex

_STEP = re.compile(r"\[(.*?) *(\d+)/\d+\] (.*)", re.DOTALL)
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}")


def trace_names(scope: str) -> Callable[[Vertex], Sequence[str]]:
    """By what a step says, then by where it stands. ``scope`` tells Dockerfiles apart."""
    prefix = Digest.of(scope.encode()).hex[:16]

    def names(vertex: Vertex) -> Sequence[str]:
        found = _STEP.fullmatch(vertex.name)
        if found is None:
            return (f"{prefix} {vertex.name}",)
        stage, number, text = found.groups()
        return (
            f"{prefix} [{stage}] {_DIGEST.sub('', text)}",
            f"{prefix} [{stage} {number}]",
        )

    return names
