"""A mirror for digests is not asked for a tag."""

from __future__ import annotations

from regdoctor.checks.config.noted import ConfigCheck


class DigestsOnly(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = "crio-mirror-by-digest-only"
    summary = "the mirrors serve digests only, and the image is asked for by its tag"
    question = "does registries.conf say mirror-by-digest-only?"
    kinds = ("mirrors-by-digest-only",)
    symptoms = ("the mirror is used for digests and not for tags",)
    about_trust = False
    clients = ("podman",)


CHECK = DigestsOnly()
