"""Our images beside those of the real builders, Dockerfile by Dockerfile."""

from __future__ import annotations

import pytest

from tests.parity.builders import CASES
from tests.parity.conftest import Build
from tests.parity.flatten import differences
from tests.parity.known import DIFFERENCES, REFUSED, unexplained

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.root]

NAMES = sorted(path.name for path in CASES.iterdir())
PAIRS = [(peer, case) for peer in DIFFERENCES for case in NAMES if case not in REFUSED[peer]]


@pytest.mark.parametrize(("peer", "case"), PAIRS)
def test_the_image_equals_the_one_of_the_peer(build: Build, peer: str, case: str) -> None:
    assert unexplained(peer, case, differences(build("ours", case), build(peer, case))) == {}


@pytest.mark.parametrize("case", NAMES)
def test_history_and_number_of_layers_equal_those_of_buildkit(build: Build, case: str) -> None:
    ours, theirs = build("ours", case), build("buildkit", case)
    assert ours.history == theirs.history
    assert ours.layers == theirs.layers


@pytest.mark.parametrize(("peer", "case"), [p for p in PAIRS if p[0] != "buildkit"])
def test_a_peer_differs_from_buildkit_only_where_we_know_why(
    build: Build, peer: str, case: str
) -> None:
    assert unexplained(peer, case, differences(build("buildkit", case), build(peer, case))) == {}


def test_every_known_difference_names_a_case_that_exists() -> None:
    named = {case for table in DIFFERENCES.values() for case in table}
    named |= {case for table in REFUSED.values() for case in table}
    assert named <= {"*", *NAMES}
