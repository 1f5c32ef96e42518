"""What real clients do with trees that nobody ran before, and what the evaluator says they do."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.live.clients import MAKERS, version
from tests.live.compare import run, told
from tests.live.trees import trees

pytestmark = [pytest.mark.slow, pytest.mark.root, pytest.mark.timeout(300)]

COUNTS = {
    "skopeo": 100,
    "podman": 50,
    "buildah": 40,
    "crane": 40,
    "ctr": 120,
    "buildkitd": 60,
    "docker-pull": 60,
    "docker-build": 60,
}
"""How many new trees each program runs; together two minutes on two idle processors."""


@pytest.mark.parametrize("client", MAKERS)
def test_new_trees_agree(client: str, record_property: Callable[[str, object], None]) -> None:
    runs = run(trees(client, "a", COUNTS[client], MAKERS[client]), version(client))
    agreeing = sum(each.agrees for each in runs)
    figure = f"{client} {version(client)}: {agreeing} of {len(runs)} new trees agree"
    record_property("figure", figure)
    print(figure)
    misses = [each for each in runs if not each.agrees]
    for each in misses:
        print(told(each))
    assert [each.tree["id"] for each in misses] == []
    contacted = [each for each in runs if each.seen]
    assert len(contacted) > len(runs) / 2
