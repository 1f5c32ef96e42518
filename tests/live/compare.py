"""Runs trees with the real programs, some at a time, and puts the evaluator's word beside each."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regdoctor.clients.programs import PROGRAMS
from regdoctor.clients.wire import Contact
from tests.live.pki import pki
from tests.live.trees import HOSTS
from tests.replay.client_cases import Shown, endpoints, predict

ROOT = Path(__file__).parents[2]
WORKERS = 4
"""More than processors: podman and dockerd wait a second between their tries."""


@dataclass(frozen=True, slots=True)
class Run:
    """A tree, what the real program contacted and what the evaluator says that it does."""

    tree: Mapping[str, Any]
    seen: tuple[Shown, ...]
    predicted: tuple[Shown, ...]
    status: int
    output: str
    trouble: str = ""

    @property
    def agrees(self) -> bool:
        return not self.trouble and self.seen == self.predicted


def run(trees: Sequence[Mapping[str, Any]], version: str) -> list[Run]:
    """Every tree with the real program, in the order of ``trees``. Needs root."""
    shares = [trees[start::WORKERS] for start in range(WORKERS)]
    with ThreadPoolExecutor(WORKERS) as pool:
        done = list(pool.map(_observed, shares))
    found = {}
    for share, lines in zip(shares, done, strict=True):
        for tree, line in zip(share, lines, strict=True):
            found[tree["id"]] = _compared(tree, line, version)
    return [found[tree["id"]] for tree in trees]


def _observed(trees: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What the worker says, one object for each tree."""
    if not trees:
        return []
    made = pki()
    process = subprocess.run(
        [
            *("unshare", "--net", "--mount", "--propagation", "private"),
            *(sys.executable, "-m", "tests.live.worker"),
        ],
        input=json.dumps({"hosts": HOSTS, "pki": made, "cases": list(trees)}),
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        check=True,
    )
    return [json.loads(line) for line in process.stdout.splitlines()]


def _compared(tree: Mapping[str, Any], line: Mapping[str, Any], version: str) -> Run:
    program = next(each for each in PROGRAMS if each.name == tree["client"])
    seen = endpoints(Contact(**each) for each in line["contacts"])
    trouble = "; ".join(line["faults"])
    predicted: tuple[Shown, ...] = ()
    try:
        predicted = predict({"pki": pki(), "hosts": HOSTS}, tree, program, version)
    except Exception as error:  # noqa: BLE001  # one tree that breaks is no end of the others
        trouble = f"{type(error).__name__}: {error}"
    return Run(tree, seen, predicted, line["status"], line["output"], trouble)


def told(run: Run) -> str:
    """A miss for a person: the tree, both sides and what the program said."""
    tree = run.tree
    lines = [f"{tree['id']}: {tree['command']}  env {tree.get('env', {})} {run.trouble}"]
    for path, text in sorted(tree["files"].items()):
        lines += [f"  -- {path}", *(f"     {line}" for line in text.splitlines())]
    lines += [f"  -- {path}/" for path in tree.get("empty_dirs", ())]
    lines += [f"  server {_server(each)}" for each in tree["servers"]]
    lines += [f"  seen      {each}" for each in run.seen] or ["  seen      nothing"]
    lines += [f"  predicted {each}" for each in run.predicted] or ["  predicted nothing"]
    return "\n".join([*lines, f"  exit {run.status}: {run.output[-1500:].strip()}"])


def _server(server: Mapping[str, Any]) -> str:
    more = {key: value for key, value in server.items() if key not in ("host", "ip", "port", "tls")}
    secured = (server["tls"] or {}).get("leaf", "plain")
    return f"{server['host']}:{server['port']} {secured} {more or ''}".rstrip()
