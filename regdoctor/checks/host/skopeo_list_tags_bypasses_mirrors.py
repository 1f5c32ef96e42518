"""Lists of tags are asked of the origin, never of a mirror."""

from __future__ import annotations

from regdoctor.checks.printed import OnlyPrinted

CHECK = OnlyPrinted(
    "skopeo-list-tags-bypasses-mirrors",
    "skopeo asks the origin for the list of tags, never a mirror",
    ("Error listing repository tags:",),
    question="is the host in the message the origin, while a mirror is configured for it?",
    clients=("podman",),
)
