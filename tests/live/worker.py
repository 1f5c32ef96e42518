"""Runs cases with the real programs: cases as JSON on standard input, what came of them on output.

Wants a network and a mount namespace of its own, and root.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.live import sandbox
from tests.live.names import nameserver
from tests.live.pki import pki
from tests.live.scripts import script
from tests.live.servers import Servers

SECONDS = 60.0
SETTLED = 0.02
"""Seconds for the threads of the servers to write down what a client did last."""


def ran(
    case: Mapping[str, Any], names: Mapping[str, str], made: Mapping[str, str], directory: Path
) -> dict[str, Any]:
    """The contacts of one case, in order, with the status and the output of its program."""
    certificates = made
    known = {server["host"]: server["ip"] for server in case["servers"]} | dict(names)
    sandbox.addresses(known, case["servers"])
    servers = Servers(case["servers"], known, certificates, directory)
    root = directory / "root"
    sandbox.prepared(root, case, known, certificates)
    try:
        with servers.listening(), nameserver(servers.asked_for):
            status, output = sandbox.run(root, script(case), case.get("env", {}), SECONDS)
            threading.Event().wait(SETTLED)
    finally:
        sandbox.removed(root)
    return {
        "contacts": [dataclasses.asdict(each) for each in servers.contacts],
        "faults": servers.faults,
        "status": status,
        "output": output[-2000:],
    }


def main() -> None:
    asked = json.load(sys.stdin)
    made = asked.get("pki") or pki()
    with tempfile.TemporaryDirectory(prefix="live-") as directory:
        for case in asked["cases"]:
            names = {**asked["hosts"], **case.get("hosts", {})}
            print(json.dumps(ran(case, names, made, Path(directory))), flush=True)


if __name__ == "__main__":
    main()
