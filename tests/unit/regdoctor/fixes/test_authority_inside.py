"""An authority is put where the client that was judged will find it, and nowhere else."""

from __future__ import annotations

import pytest

from regdoctor.model.finding import Fix
from regdoctor.observations.host import IN_IMAGES, RootsSeen
from regdoctor.observations.store import HOST
from tests.fixtures.scenes import found
from tests.fixtures.scenes.config import configured

BUILDER = {
    "/root/.docker/buildx/instances/b": b'{"Name": "b", "Driver": "kubernetes", "Nodes": []}'
}


def fixes(client: str, program: str, files: dict[str, bytes] | None = None) -> dict[str, Fix]:
    seen = configured(files or {}, client, failing=True, judged_by={client: program})
    seen.add(HOST, RootsSeen((), ("image",)), name=IN_IMAGES)
    made = found(seen)["x509-unknown-authority-private-root"].fixes
    return {fix.client: fix for fix in made}


def test_docker_desktop_takes_it_from_the_users_directory() -> None:
    (command,) = fixes("docker", "docker-desktop")["docker"].commands
    assert command.endswith("/root/.docker/certs.d/registry.example:5000/ca.crt")


@pytest.mark.parametrize("files", [{}, BUILDER])
def test_a_builder_is_made_anew_with_it(files: dict[str, bytes]) -> None:
    fix = fixes("buildkit", "buildx", files)["buildkit"]
    removed = [each for each in fix.commands if each == "docker buildx rm b"]
    assert len(removed) == len(files)
    assert fix.commands[-1].endswith(
        "--driver kubernetes" if files else "--driver docker-container"
    )
    (change,) = fix.files
    assert change.path == "/root/.docker/buildx/buildkitd.default.toml"
    assert '[registry."registry.example:5000"]' in change.diff


def test_it_is_copied_into_every_node() -> None:
    (command,) = fixes("containerd", "kind")["containerd"].commands
    assert (
        'docker cp ca.crt "$node":/etc/containerd/certs.d/registry.example:5000/ca.crt' in command
    )


def test_clients_of_the_host_have_their_own_places_and_the_store_of_the_host() -> None:
    made = fixes("docker", "docker-pull")
    assert "/etc/docker/certs.d/registry.example:5000/ca.crt" in made["docker"].commands[0]
    assert "host" in made
