"""One screen of what a host can do."""

from __future__ import annotations

import json

from regdoctor.model.ability import Ability
from regdoctor.observations.ability import HostAbility, Kernel, Trial
from regdoctor.render import ability

FOUND = (
    Ability("kernel", "told", "Linux 6.1"),
    Ability("sandbox", "works", "runc\x1b[2J 1.1"),
    Ability("network of RUN", "limited", "the host's " * 8, "install passt"),
)


def test_each_has_a_mark_and_what_is_missing_a_way_to_get_it() -> None:
    assert ability.text(FOUND, width=80) == (
        "   kernel           Linux 6.1\n"
        "ok sandbox          runc\\x1b[2J 1.1\n"
        "!! network of RUN   the host's the host's the host's the host's the host's the\n"
        "                    host's the host's the host's\n"
        "                    -> install passt\n"
    )
    assert "\x1b[33m!!\x1b[0m network" in ability.text(FOUND, width=80, colour=True)


def test_the_document_has_both_what_was_judged_and_what_was_seen() -> None:
    seen = HostAbility(Kernel("6.1", "x86_64"), "ann", 1000, Trial(), "/state", 1, 2)
    document = json.loads(ability.document(FOUND, seen))
    assert document["abilities"][2]["remedy"] == "install passt"
    assert document["seen"]["kernel"]["release"] == "6.1"
