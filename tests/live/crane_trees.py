"""Trees for crane: docker's logins, the system's roots, and names that may be plain http."""

from __future__ import annotations

import base64
import json

from tests.live.trees import Dice, Tree, bundle, process_environment, servers

_REFERENCES = (
    *("docker.io/library/alpine", "alpine:3", "reg.example:5000/a/img", "reg.example/a/img"),
    *("ghcr.io/o/img:1", "localhost:5000/img", "127.0.0.1:5000/img", "reg.local:5000/img"),
    *("10.77.0.30:5000/a/img", "mirror.example:5000/p/img", "sub.reg.example/img"),
)
_SERVED = (
    *("index.docker.io:443", "reg.example:5000", "reg.example:443", "mirror.example:5000"),
    *("ghcr.io:443", "localhost:5000", "reg.local:5000", "sub.reg.example:443"),
)
_KEYS = (
    *("https://index.docker.io/v1/", "docker.io", "index.docker.io", "reg.example:5000"),
    *("reg.example", "https://reg.example:5000", "mirror.example:5000", "ghcr.io"),
)
_FILES = (
    *("/root/.docker/config.json", "/x/docker/config.json", "/x/auth.json"),
    *("/x/run/containers/auth.json", "/root/.config/containers/auth.json"),
)


def crane_tree(dice: Dice) -> Tree:
    """A tree and a command that reads from one registry."""
    reference = dice.one(_REFERENCES)
    files = bundle(dice)
    environment = process_environment(dice, files)
    for path in dice.some(_FILES, 0, 3):
        auths = {}
        for key in dice.some(_KEYS, 1, 3):
            user = dice.one(("r:r", "h:h", "m:m"))
            auths[key] = {"auth": base64.b64encode(user.encode()).decode()}
        files[path] = json.dumps({"auths": auths}) if dice.chance(0.9) else "{}"
    settings = {
        "DOCKER_CONFIG": "/x/docker",
        "REGISTRY_AUTH_FILE": "/x/auth.json",
        "XDG_RUNTIME_DIR": "/x/run",
    }
    for name in dice.some(sorted(settings), 0, 2):
        environment[name] = settings[name]
    if dice.chance(0.2):
        files["/etc/docker/certs.d/reg.example:5000/ca.crt"] = "{{pem:ca-reg}}"
    insecure = " --insecure" if dice.chance(0.2) else ""
    verb = dice.one((f"manifest {reference}", f"digest {reference}", f"pull {reference} /x/o.tar"))
    return {
        "reference": reference,
        "command": f"crane {verb}{insecure}",
        "files": files,
        "env": environment,
        "servers": servers(dice, dice.some(_SERVED, 7, len(_SERVED))),
    }
