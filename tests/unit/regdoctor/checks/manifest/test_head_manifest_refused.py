"""head-manifest-refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fixtures.scenes import API, found, manifest_answer, manifest_seen

CODE = "head-manifest-refused"
SERVED = manifest_answer("GET", 200, API)


@pytest.mark.parametrize("status", [403, 404, 500, 501])
def test_fires_where_get_serves_what_head_refuses(status: int) -> None:
    finding = found(manifest_seen(manifest_answer("HEAD", status), SERVED))[CODE]
    assert finding.severity == "warning"
    assert finding.breaks == ("buildkit", "containerd")


def test_quiet_for_405_on_which_clients_turn_to_get() -> None:
    assert CODE not in found(manifest_seen(manifest_answer("HEAD", 405), SERVED))


def test_quiet_where_head_is_served() -> None:
    assert found(manifest_seen(manifest_answer("HEAD", 200, API), SERVED)) == {}


def test_fires_where_head_is_broken_off() -> None:
    torn = replace(manifest_answer("HEAD", 200), status=0, fault="read", text="EOF")
    assert "breaks HEAD of" in found(manifest_seen(torn, SERVED))[CODE].title
    unasked = replace(torn, fault="dns")
    assert CODE not in found(manifest_seen(unasked, SERVED))
