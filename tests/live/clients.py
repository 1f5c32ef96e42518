"""The programs of the harness: how each one's trees are made, and which release is here."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.live.buildkitd_trees import buildkitd_tree
from tests.live.containers_trees import containers_tree
from tests.live.crane_trees import crane_tree
from tests.live.ctr_trees import ctr_tree
from tests.live.docker_trees import docker_tree
from tests.live.sandbox import PATH
from tests.live.trees import Dice, Tree

GO_MOD = Path(__file__).parents[1] / "peers" / "go.mod"

MAKERS: Mapping[str, Callable[[Dice], Tree]] = {
    "skopeo": lambda dice: containers_tree(dice, "skopeo"),
    "podman": lambda dice: containers_tree(dice, "podman"),
    "buildah": lambda dice: containers_tree(dice, "buildah"),
    "crane": crane_tree,
    "ctr": ctr_tree,
    "buildkitd": buildkitd_tree,
    "docker-pull": lambda dice: docker_tree(dice, "docker-pull"),
    "docker-build": lambda dice: docker_tree(dice, "docker-build"),
}
_ASKED = {"ctr": "containerd", "docker-pull": "dockerd", "docker-build": "dockerd"}
_COMPILED = {
    "crane": "github.com/google/go-containerregistry",
    "buildkitd": "github.com/moby/buildkit",
}
_NUMBER = re.compile(r"(?<![\w.])v?(\d+\.\d+\.\d+)")


def version(client: str) -> str:
    """The release that is run: of a compiled program as go.mod has it, else as it says itself."""
    if client in _COMPILED:
        found = re.search(rf"^\s*{_COMPILED[client]} v(\S+)", GO_MOD.read_text(), re.MULTILINE)
    else:
        line = [_ASKED.get(client, client), "--version"]
        said = subprocess.run(
            line, capture_output=True, text=True, check=True, env={"PATH": PATH}
        ).stdout
        found = _NUMBER.search(said)
    if found is None:
        raise RuntimeError(f"{client} does not say its version")
    return found[1]
