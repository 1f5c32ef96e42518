"""Gives executed cases to the evaluator: ``python -m tests.replay.client_cases FILE``.

A case agrees where every version that it lists has the same endpoints, in order of first
contact, with the same trust. A case that cannot be judged is a miss, whatever is wrong with it.
Exit code 0 where 97 of 100 agree, 1 where fewer do, 2 where there is no case in the file.
"""

from __future__ import annotations

import argparse
import collections
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regdoctor.clients.plan import Situation
from regdoctor.clients.programs import PROGRAMS, Program
from regdoctor.clients.version import version
from regdoctor.clients.wire import Contact, Wire
from tests.replay.commands import Invocation, invocations
from tests.replay.hostfiles import tree
from tests.replay.world import CaseWorld

WANTED = 0.97
OWN = Path(__file__).parents[1] / "fixtures" / "data" / "client-cases.json"
COMPARED = ("endpoint", "proxy", "dns", "trusted", "name_path", "ns")
"""Keys of an observed endpoint that the evaluator has to give; ``auth``, ``why`` and
``client_cert`` are told beside them."""

DAEMONS = ("docker", "buildkitd")
"""Clients whose command asks a daemon, which opens the connections."""

Shown = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Miss:
    """A case, the version with which it differs, and both sides."""

    case: str
    client: str
    version: str
    expected: tuple[Shown, ...]
    predicted: tuple[Shown, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a file: clients of the cases that agree, and the misses."""

    agreeing: tuple[str, ...]
    misses: tuple[Miss, ...]

    @property
    def total(self) -> int:
        return len(self.agreeing) + len(self.misses)

    @property
    def share(self) -> float:
        return len(self.agreeing) / self.total if self.total else 0.0


def replay(data: Mapping[str, Any], only: Sequence[str] = ()) -> Outcome:
    """Every case of a file, or those whose id begins with one of ``only``."""
    programs = {program.name: program for program in PROGRAMS}
    agreeing, misses = [], []
    for case in data["cases"]:
        if only and not str(case.get("id", "")).startswith(tuple(only)):
            continue
        miss = compared(data, case, programs)
        if miss is None:
            agreeing.append(str(case["client"]))
        else:
            misses.append(miss)
    return Outcome(tuple(agreeing), tuple(misses))


def compared(
    data: Mapping[str, Any], case: Mapping[str, Any], programs: Mapping[str, Program]
) -> Miss | None:
    """The first version that differs, or None."""
    identity, client = str(case.get("id", "without an id")), str(case.get("client", ""))
    number, expected = "", tuple[Shown, ...]()
    try:
        expected = tuple(shown(each) for each in case["observed"]["endpoints"])
        for number in case.get("versions") or [case["version"]]:
            if client not in programs:
                return Miss(identity, client, number, expected, (), "no such client here")
            predicted = predict(data, case, programs[client], number)
            if predicted != expected:
                return Miss(identity, client, number, expected, predicted)
    except Exception as error:  # noqa: BLE001  # one case that breaks is no end of the others
        reason = f"{type(error).__name__}: {error}"
        return Miss(identity, client, number, expected, (), reason)
    return None


def predict(
    data: Mapping[str, Any], case: Mapping[str, Any], program: Program, number: str
) -> tuple[Shown, ...]:
    """The endpoints in order of first contact, in the shape of a case."""
    pki = data["pki"]
    names = {**data["hosts"], **(case.get("hosts") or {})}
    wire = Wire(CaseWorld(case.get("servers") or (), names, pki))
    for invocation in invocations(case.get("command") or "") or [Invocation(case["client"])]:
        situation = situation_of(case, invocation, pki, names, number)
        program.walk(program.evaluate(situation), situation, wire)
    return endpoints(wire.contacts)


def situation_of(
    case: Mapping[str, Any],
    invocation: Invocation,
    pki: Mapping[str, str],
    names: Mapping[str, str],
    number: str,
) -> Situation:
    """A case and one command of it, as the evaluator wants it."""
    environment = dict(case.get("env") or {})
    cli_environment = dict(case.get("client_env") or {})
    # What is set for a command that a daemon works for is not set for the daemon.
    of_command = cli_environment if case["client"].startswith(DAEMONS) else environment
    of_command |= invocation.environment
    files = tree(
        case.get("files") or {}, pki, case.get("empty_dirs") or (), case.get("prepare") or ""
    )
    return Situation(
        client=case["client"],
        version=version(number),
        reference=case["reference"],
        files=files.seen(environment.get("HOME", "/root")),
        environment=environment,
        cli_environment=cli_environment,
        options=invocation.options,
        words=invocation.words,
        store=case.get("store") or "",
        addresses={name: (address,) for name, address in names.items()},
    )


def endpoints(contacts: Iterable[Contact]) -> tuple[Shown, ...]:
    """Distinct addresses in order of first contact. The first name path that shows counts."""
    found: dict[str, Shown] = {}
    for contact in contacts:
        if contact.unresolved:
            found.setdefault(f"dns {contact.url}", {"dns": contact.url})
            continue
        if contact.proxy:
            line = f"{contact.proxy} CONNECT {contact.url}"
            found.setdefault(line, {"proxy": line})
            continue
        entry = found.setdefault(contact.url, {"endpoint": contact.url, "trusted": contact.trusted})
        if contact.name_path and "name_path" not in entry:
            entry["name_path"] = contact.name_path
        if contact.ns and "ns" not in entry:
            entry["ns"] = contact.ns
    return tuple(found.values())


def shown(entry: Mapping[str, Any]) -> Shown:
    """The keys of an observed endpoint that are compared."""
    return {key: entry[key] for key in COMPARED if key in entry}


def report(outcome: Outcome) -> Iterable[str]:
    """A block for each miss, then the share of every client and of all."""
    for miss in outcome.misses:
        yield f"{miss.case} ({miss.client} {miss.version}) {miss.reason}".rstrip()
        for title, side in (("expected ", miss.expected), ("predicted", miss.predicted)):
            lines = [_line(each) for each in side] or ["nothing"]
            yield f"  {title} {lines[0]}"
            yield from (f"            {line}" for line in lines[1:])
    good = collections.Counter(outcome.agreeing)
    every = good + collections.Counter(miss.client for miss in outcome.misses)
    for client in sorted(every):
        yield f"{client:16}{good[client]:4} of {every[client]:4}"
    yield (
        f"{len(outcome.agreeing)} of {outcome.total} agree ({100 * outcome.share:.1f}%), "
        "each with every version that it lists"
    )


def _line(entry: Shown) -> str:
    main = entry.get("endpoint") or entry.get("proxy") or f"dns {entry.get('dns')}"
    rest = [f"{key}={entry[key]}" for key in ("trusted", "name_path", "ns") if key in entry]
    return " ".join([main, *rest])


def load(path: Path) -> Mapping[str, Any]:
    """A file of cases; what it leaves out (certificates, addresses) is as in our own file.

    Raises ValueError where there is no case in it.
    """
    data = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(data, list):
        data = {"cases": data}
    cases = data.get("cases") if isinstance(data, dict) else None
    if not isinstance(cases, list) or not all(isinstance(each, dict) for each in cases):
        raise ValueError("there is no list of cases in it")
    if not cases:
        raise ValueError("there is no case in it")
    own = json.loads(OWN.read_text(encoding="utf-8"))
    known = {key: {**own[key], **(data.get(key) or {})} for key in ("pki", "hosts")}
    return {**data, **known}


def main(arguments: Sequence[str]) -> int:
    """Prints the report; 0 where enough cases agree."""
    parser = argparse.ArgumentParser(prog="client-cases", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--case", action="append", default=[], help="only ids that begin so")
    chosen = parser.parse_args(arguments)
    try:
        data = load(chosen.file)
    except (OSError, ValueError) as error:
        print(f"{chosen.file}: {error}", file=sys.stderr)
        return 2
    outcome = replay(data, chosen.case)
    print("\n".join(report(outcome)))
    return 0 if outcome.share >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
