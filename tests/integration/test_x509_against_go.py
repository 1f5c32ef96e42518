"""Go itself as the judge, word for word: random damage and mixtures of the executed chains, and
chains of every kind that are made anew.

``make peers-go`` builds the judge; the release compared with is the one that built it.
"""

from __future__ import annotations

import base64
import datetime as dt
import functools
import json
import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from regdoctor.x509 import Place, verify
from tests.fixtures.chains.situation import Situation, situation
from tests.unit.regdoctor.x509.vectors import chain, vectors

pytestmark = [pytest.mark.integration, pytest.mark.slow]

JUDGE = Path(__file__).parents[2] / ".peers" / "bin" / "chain-judge"
CASES = 4000
GENERATED = 6000


@dataclass(frozen=True)
class Said:
    """Verify's text, the certificate in its error value, and the paths that it found."""

    text: str
    about: str
    paths: list[list[str]]


@dataclass(frozen=True)
class GoJudge:
    """The program of ``tests/peers/chain-judge``, and the release that it was built with."""

    program: Path
    release: str

    def say(self, situations: list[Situation]) -> list[Said]:
        lines = [
            json.dumps(
                {
                    "Chain": [base64.b64encode(each).decode() for each in case.chain],
                    "Roots": [base64.b64encode(each).decode() for each in case.roots],
                    "Name": case.name,
                    "Time": case.time,
                }
            )
            for case in situations
        ]
        done = subprocess.run(
            [self.program], input="\n".join(lines), capture_output=True, text=True, check=True
        )
        told = [json.loads(line) for line in done.stdout.splitlines()]
        return [Said(each["Text"], each["About"], each["Paths"] or []) for each in told]


@pytest.fixture(scope="module")
def go() -> GoJudge:
    assert JUDGE.exists(), "make peers-go builds it"
    shown = subprocess.run([JUDGE, "-version"], capture_output=True, text=True, check=True)
    return GoJudge(JUDGE, json.loads(shown.stdout))


def ours(case: Situation, go: str) -> Said:
    verdict = verify(case.chain, case.roots, case.name, dt.datetime.fromisoformat(case.time), go)
    return Said(
        verdict.verify_text,
        _place(verdict.about),
        [[_place(each) for each in path] for path in verdict.paths],
    )


def _place(place: Place | None) -> str:
    if place is None:
        return ""
    return "root" if place.sent is None else f"chain[{place.sent}]"


def differing(go: GoJudge, situations: list[Situation]) -> list[tuple[Said, Said, Situation]]:
    """Where we say something else, as (Go, we, about what)."""
    said = go.say(situations)
    assert len(said) == len(situations)
    found = []
    for case, theirs in zip(situations, said, strict=True):
        told = ours(case, go.release)
        if not theirs.about:  # Go's error value holds no certificate
            told = replace(told, about="")
        if told != theirs:
            found.append((theirs, told, case))
    return found


Change = Callable[[random.Random, Situation], Situation]


@functools.cache
def _situations() -> list[Situation]:
    return [
        Situation(
            tuple(chain(each)), tuple(r.encode() for r in each["roots"]), each["name"], each["time"]
        )
        for each in vectors()
        if each["name"] and each["roots"] is not None and len(each["chain"]) < 20
    ]


def damaged(dice: random.Random, case: Situation) -> Situation:
    """One certificate of the chain with one to three octets changed."""
    at = dice.randrange(len(case.chain))
    octets = bytearray(case.chain[at])
    for _ in range(dice.choice((1, 1, 2, 3))):
        if octets:
            # Tags and lengths are worth more than noise.
            value = dice.choice((*range(32), 0x30, 0x31, 0x80, 0x82, 0x86, 0x87, 0xA0, 0xA3, 0xFF))
            octets[dice.randrange(len(octets))] = dice.choice((value, dice.randrange(256)))
    return replace(case, chain=(*case.chain[:at], bytes(octets), *case.chain[at + 1 :]))


def mixed(dice: random.Random, case: Situation) -> Situation:
    """Chains, pools, names and times of different situations put together."""
    other, third = dice.choice(_situations()), dice.choice(_situations())
    sent = list(case.chain[1:] + (other.chain if dice.random() < 0.6 else ()))
    if dice.random() < 0.4:
        dice.shuffle(sent)
    return Situation(
        (case.chain[0], *sent),
        case.roots + (other.roots if dice.random() < 0.5 else ()),
        third.name if dice.random() < 0.3 else case.name,
        dice.choice(("2019-01-01T00:00:00Z", "2031-01-01T00:00:00Z", *[case.time] * 6)),
    )


def renamed(dice: random.Random, case: Situation) -> Situation:
    """The host with characters put in or taken out."""
    name = list(dice.choice(_situations()).name)
    for _ in range(dice.choice((0, 1, 1, 2))):
        at = dice.randrange(len(name) + 1)
        name[at : at + dice.choice((0, 1))] = dice.choice(".-*_[]:%a1 AZ")
    return replace(case, name="".join(name) or "a")


def torn(dice: random.Random, case: Situation) -> Situation:
    """A root file with marks, blanks or octets put in, and another file after it."""
    if not case.roots:
        return case
    text = bytearray(case.roots[0])
    for _ in range(dice.choice((1, 1, 2))):
        at = dice.randrange(len(text) + 1)
        text[at : at + dice.choice((0, 1))] = dice.choice(
            (b"\n", b" ", b"-", b"=", b"A", b"\r", b":", b"\n\n", b"-----BEGIN ", b"-----END ")
        )
    following = dice.choice(_situations()).roots[:1]
    return replace(case, roots=(bytes(text) + b"".join(following), *case.roots[1:]))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("change", [damaged, mixed, renamed, torn], ids=lambda each: each.__name__)
def test_no_word_differs_from_go(go: GoJudge, change: Change) -> None:
    dice = random.Random(f"{change.__name__} 1")
    originals = _situations()
    situations = [change(dice, dice.choice(originals)) for _ in range(CASES)]
    assert differing(go, situations) == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", ["generated 1", "generated 2"])
def test_no_word_differs_from_go_on_chains_made_anew(go: GoJudge, seed: str) -> None:
    dice = random.Random(seed)
    situations = [situation(dice) for _ in range(GENERATED // 2)]
    said = go.say(situations)
    assert sum(1 for each in said if not each.text) > GENERATED // 20, "too few are accepted"
    texts = {each.text[:40] for each in said}
    assert len(texts) > 60, "the chains are too much alike to say anything"
    assert differing(go, situations) == []
