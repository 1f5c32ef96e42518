"""Google Container Registry ended; its names work only where Artifact Registry has taken over."""

from __future__ import annotations

from regdoctor.checks.auth.worded import Worded

CHECK = Worded(
    "gcr-io-shut-down",
    "Google Container Registry is shut down, and this project has not moved",
    ("Container Registry is deprecated and shutting down",),
    lambda _: (
        "is refused: Google Container Registry is shut down, and the project has not "
        "moved to Artifact Registry"
    ),
    question="has the project moved to Artifact Registry?",
    products=("gar",),
)
