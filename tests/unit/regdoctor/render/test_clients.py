"""Plans of clients as a person reads them, at any width."""

from __future__ import annotations

from dataclasses import replace

import pytest

from regdoctor.observations.plans import ClientPlanSeen, ConfigNote, PlannedEndpoint
from regdoctor.render.clients import render

IMAGE = "registry.example:5000/team/app:1"
ENDPOINT = PlannedEndpoint(
    "https://registry.example:5000/v2", "team/app", "origin", ("https",), verify=True, trusted=True
)
PULL = ClientPlanSeen("docker-pull", "29.7.2", IMAGE, (ENDPOINT,))
BUILD = replace(PULL, client="docker-build")


def test_the_image_is_told_once_and_above_all() -> None:
    lines = render((PULL, replace(PULL, client="podman", version="5.8.6"))).splitlines()
    assert lines.count(IMAGE) == 1
    assert lines[0] == IMAGE


def test_clients_that_do_the_same_share_a_block() -> None:
    text = render((PULL, BUILD))
    assert "docker pull, docker build 29.7.2\n" in text
    assert text.count("team/app\n") == 1
    assert render((PULL, replace(BUILD, version="24.0.9"))).count("team/app\n") == 2


def test_what_was_guessed_and_what_was_not_executed_say_so() -> None:
    text = render((replace(PULL, guessed=True, executed=False),))
    assert "no version was found here; 29.7.2 is taken" in text
    assert "not compared with the program" in text
    assert "(" not in render((PULL,))


def test_whose_roots_are_trusted_is_told_where_they_are_not_the_hosts() -> None:
    inside = replace(ENDPOINT, store="the public roots of its image", roots=("/x/ca.pem",))
    text = render((replace(PULL, endpoints=(inside,)),))
    assert "roots   the public roots of its image, and /x/ca.pem" in text
    outside = render((replace(PULL, endpoints=(replace(ENDPOINT, roots=("/x/ca.pem",)),)),))
    assert "roots   the system's, and /x/ca.pem" in outside


def test_roots_are_not_told_where_nothing_is_verified() -> None:
    plain = replace(ENDPOINT, store="the public roots of its image", schemes=("http",))
    assert "roots" not in render((replace(PULL, endpoints=(plain,)),))


@pytest.mark.parametrize("width", [40, 60, 100])
def test_prose_stays_within_the_terminal(width: int) -> None:
    note = ConfigNote("a", "/etc/x", "x", "a sentence of many words " * 9)
    plan = replace(PULL, notes=(note,), guessed=True, executed=False, refuses="it does not " * 9)
    assert max(map(len, render((plan, BUILD), width=width).splitlines())) <= max(width, 55)
