"""A key that means nothing where it stands is not an error to anybody."""

from __future__ import annotations

from regdoctor.checks.config.kinds import IGNORED, kinds_of
from regdoctor.checks.config.noted import ConfigCheck


class SettingIgnored(ConfigCheck):
    """Told of the files of a client, and of its plan for the registry."""

    code = IGNORED
    summary = "a setting in a client's file has no effect"
    question = "does the client know the setting, in that place and that version?"
    kinds = kinds_of(IGNORED)
    symptoms = ("a setting was made and nothing changed",)
    clients = (
        "docker",
        "buildkit",
        "containerd",
        "podman",
    )


CHECK = SettingIgnored()
