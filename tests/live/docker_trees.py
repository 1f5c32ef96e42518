"""Trees for dockerd: daemon.json, certs.d, and the logins and the environment of the command."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from tests.live import image
from tests.live.docker_logins import logins
from tests.live.trees import SERVED, Dice, Tree, bundle, process_environment, put_authority, servers

_REFERENCES = (
    *("alpine", "alpine", "docker.io/foo/img:1", "reg.example:5000/a/img", "reg.example/a/img:2"),
    *("reg.example:5000/a/img", "sub.reg.example:5000/img", "ghcr.io/o/img", "localhost:5000/img"),
    *("127.0.0.1:5000/img", "10.77.0.30:5000/a/img", f"reg.example:5000/a/img@{image.DIGEST}"),
    *(f"alpine@{image.DIGEST}", "mirror.example/img", "gone.example:5000/img"),
)
_MIRRORS = (
    *("https://mirror.example:5000", "https://mirror.example:5000/", "http://mirror.example:5000"),
    *("https://mirror2.example:5000", "http://mirror2.example:5000", "https://mirror.example"),
    *("http://mirror.example", "https://gone.example:5000", "https://reg.example:5000"),
    *("http://localhost:5000", "https://10.77.0.20:5000"),
)
_INSECURE = (
    *("mirror.example:5000", "reg.example:5000", "reg.example", "sub.reg.example:5000"),
    *("10.77.0.0/24", "10.77.0.20/31", "10.77.0.30/32", "10.77.0.30:5000", "mirror2.example:5000"),
    *("http://reg.example:5000", "https://mirror.example:5000", "docker.io", "mirror.example"),
    *("registry-1.docker.io", "ghcr.io", "localhost:5000"),
)
_ODD: Sequence[Callable[[str], str]] = (
    lambda text: f"{text}\n}}",
    lambda text: f"\ufeff{text}",
    lambda text: text.replace("registry-mirrors", "registry-mirror"),
    lambda text: text.replace("insecure-registries", "Insecure-Registries"),
    lambda text: text.replace("[", "").replace("]", ""),
    lambda text: text.replace("https://", "ftp://"),
    lambda text: text.replace("https://", "https://u:p@"),
    lambda text: text.replace("https://", "HTTPS://"),
    lambda text: text.replace("mirror.example", "MIRROR.example"),
    lambda text: text.replace("https://mirror", "mirror"),
    lambda text: text.replace('"', "'"),
    lambda text: f"# {text}",
    lambda text: "",
    lambda text: "null",
    lambda text: '{"debug": true}',
)
"""What people write into such files besides."""
_CERTIFICATES = "/etc/docker/certs.d"


def docker_tree(dice: Dice, client: str) -> Tree:
    """A tree for ``docker pull`` or ``docker build``."""
    reference = dice.one(_REFERENCES)
    files = bundle(dice)
    environment = process_environment(dice, files)
    host = reference.partition("/")[0] if "/" in reference else "docker.io"
    if dice.chance(0.85):
        text = json.dumps(_daemon(dice, host), indent=1)
        files["/etc/docker/daemon.json"] = dice.one(_ODD)(text) if dice.chance(0.1) else text
    empty = _certificates(dice, files, host)
    of_command = logins(dice, files)
    build = "docker build --network host --progress plain /x/ctx"
    if client == "docker-build":
        of_command["DOCKER_BUILDKIT"] = "1"
    return {
        "reference": reference,
        "command": build if client == "docker-build" else f"docker pull {reference}",
        "files": files,
        "empty_dirs": empty,
        "env": environment,
        "client_env": of_command,
        "servers": servers(dice, dice.some(SERVED, 9, len(SERVED))),
    }


def _daemon(dice: Dice, host: str) -> Tree:
    settings: Tree = {}
    if dice.chance(0.8 if host == "docker.io" else 0.3):
        settings["registry-mirrors"] = dice.some(_MIRRORS, 1, 3)
    if dice.chance(0.03):
        settings["registry-mirrors"] = ["https://mirror.example:5000/p"]
    if dice.chance(0.5):
        settings["insecure-registries"] = dice.some(_INSECURE, 1, 3)
        if host != "docker.io" and dice.chance(0.3):
            settings["insecure-registries"].append(host)
    return settings


def _certificates(dice: Dice, files: dict[str, str], host: str) -> list[str]:
    empty = []
    for each in (
        *(host, "mirror.example:5000", "mirror2.example:5000", "registry-1.docker.io"),
        *("mirror.example", "docker.io"),
    ):
        if not dice.chance(0.4):
            continue
        name = each if dice.chance(0.9) else each.partition(":")[0]
        directory = f"{_CERTIFICATES}/{name}"
        _directory(dice, files, directory, name.partition(":")[0])
        if not any(path.startswith(f"{directory}/") for path in files):
            empty.append(directory)
    return list(dict.fromkeys(empty))


def _directory(dice: Dice, files: dict[str, str], directory: str, host: str) -> None:
    put_authority(dice, files, directory, host)
    if dice.chance(0.2):
        files[f"{directory}/client.cert"] = "{{pem:client-a}}"
    if dice.chance(0.2):
        files[f"{directory}/client.key"] = "{{pem:client-a.key}}"
