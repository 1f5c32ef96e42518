"""Go itself as the judge: random damage and mixtures of the executed chains, word for word.

The toolchain is the one of ``make peers-go``; the release compared with is its own.
"""

from __future__ import annotations

import base64
import datetime as dt
import functools
import json
import os
import random
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from regdoctor.x509 import verify
from tests.unit.regdoctor.x509.vectors import chain, vectors

pytestmark = [pytest.mark.integration, pytest.mark.slow]

GO = Path(__file__).parents[2] / ".peers" / "go" / "bin" / "go"
CASES = 4000

PROGRAM = """
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"os"
	"time"
)

type situation struct {
	Chain, Roots [][]byte
	Name, Time   string
}

func judge(s situation) string {
	roots, sent := x509.NewCertPool(), x509.NewCertPool()
	for _, file := range s.Roots {
		roots.AppendCertsFromPEM(file)
	}
	var certificates []*x509.Certificate
	for _, octets := range s.Chain {
		certificate, err := x509.ParseCertificate(octets)
		if err != nil {
			return err.Error()
		}
		certificates = append(certificates, certificate)
	}
	for _, certificate := range certificates[1:] {
		sent.AddCert(certificate)
	}
	now, _ := time.Parse(time.RFC3339, s.Time)
	_, err := certificates[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: sent, DNSName: s.Name, CurrentTime: now,
	})
	if err != nil {
		return err.Error()
	}
	return ""
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<26)
	answers := json.NewEncoder(os.Stdout)
	answers.SetEscapeHTML(false)
	for lines.Scan() {
		var s situation
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			panic(err)
		}
		answers.Encode(judge(s))
	}
}
"""


@dataclass(frozen=True)
class Situation:
    """What both judges are given."""

    chain: tuple[bytes, ...]
    roots: tuple[bytes, ...]
    name: str
    time: str


@dataclass(frozen=True)
class GoJudge:
    """A compiled program that says what ``crypto/x509`` says, and its release."""

    program: Path
    release: str

    def say(self, situations: list[Situation]) -> list[str]:
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
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> GoJudge:
    assert GO.exists(), "make peers-go installs the Go toolchain"
    source = tmp_path_factory.mktemp("go-judge")
    environment = os.environ | {"GOTOOLCHAIN": "local", "CGO_ENABLED": "0", "GOPROXY": "off"}
    shown = subprocess.run(
        [GO, "version"], capture_output=True, text=True, check=True, env=environment
    )
    found = re.search(r"go(1\.\d+)(\.\d+)?", shown.stdout)
    assert found is not None
    (source / "go.mod").write_text(f"module judge\n\ngo {found[1]}\n")
    (source / "main.go").write_text(PROGRAM)
    subprocess.run([GO, "build", "-o", "judge", "."], check=True, cwd=source, env=environment)
    return GoJudge(source / "judge", found[1] + (found[2] or ".0"))


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
    said = go.say(situations)
    assert len(said) == CASES
    assert len(set(said)) > 40, "the situations are too much alike to say anything"
    differing = []
    for case, theirs in zip(situations, said, strict=True):
        time = dt.datetime.fromisoformat(case.time)
        ours = verify(case.chain, case.roots, case.name, time, go.release).verify_text
        if ours != theirs:
            differing.append((theirs, ours, case.name))
    assert differing == []
