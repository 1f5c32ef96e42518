"""Real builders before the emulation of Sonatype Nexus: it must do to them what Nexus does.

NEXUS-12684: before 3.15 HEAD on a manifest is answered 404. BuildKit asks HEAD first and takes that
for the answer; buildah asks GET.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixtures.registry import Mirror, Nexus, Server, Upstream
from tests.parity.builders import CASES, BuilderRefusedError
from tests.parity.conftest import Start

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.root]

OLD, MENDED = "3.14.0-04", "3.15.0-01"


@pytest.fixture
def nexus(base: str, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Build arguments that lead to the base image through a proxy repository of that version."""
    registry, _, image = base.partition("/")
    mirror = Mirror(Upstream(f"http://{registry}"))
    with Server(Nexus(mirror, request.param, kind="proxy")) as server:
        yield {"BASE": f"{server.authority}/{image}"}


@pytest.mark.parametrize("nexus", [OLD], indirect=True)
@pytest.mark.parametrize("name", ["buildkit", "docker"])
def test_buildkit_says_not_found_behind_a_nexus_before_3_15(
    start: Start, nexus: dict[str, str], name: str
) -> None:
    with pytest.raises(BuilderRefusedError, match="not found"):
        start(name).build(CASES / "labels", nexus, None)


@pytest.mark.parametrize("nexus", [OLD], indirect=True)
@pytest.mark.parametrize("name", ["buildah", "ours"])
def test_buildah_and_ours_build_behind_it(start: Start, nexus: dict[str, str], name: str) -> None:
    start(name).build(CASES / "labels", nexus, None)


@pytest.mark.parametrize("nexus", [MENDED], indirect=True)
@pytest.mark.parametrize("name", ["buildkit", "docker", "buildah", "ours"])
def test_everyone_builds_behind_a_later_one(start: Start, nexus: dict[str, str], name: str) -> None:
    start(name).build(CASES / "labels", nexus, None)
