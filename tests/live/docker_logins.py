"""The file of docker's command with its logins, and the environment that it has."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from tests.live.trees import Dice, process_environment

_KEYS: Mapping[str, str] = {
    "https://index.docker.io/v1/": "h:h",
    "docker.io": "h:h",
    "registry-1.docker.io": "h:h",
    "reg.example:5000": "r:r",
    "reg.example": "r:r",
    "https://reg.example:5000": "r:r",
    "mirror.example:5000": "m:m",
    "ghcr.io": "h:h",
}


def logins(dice: Dice, files: dict[str, str]) -> dict[str, str]:
    """The environment of a command that asks a daemon; its files are put into ``files``."""
    environment = process_environment(dice, files) if dice.chance(0.3) else {}
    path = "/root/.docker/config.json"
    if dice.chance(0.15):
        environment["DOCKER_CONFIG"] = "/x/docker"
        path = dice.one((path, "/x/docker/config.json"))
    if dice.chance(0.5):
        chosen = dice.some(sorted(_KEYS.items()), 1, 4)
        auths = {key: {"auth": base64.b64encode(user.encode()).decode()} for key, user in chosen}
        files[path] = json.dumps({"auths": auths})
    return environment
