"""Inside a user namespace, which any user can make, steps run as well."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

INSIDE = """
import asyncio, json, sys
from pathlib import Path
from builder.executor import ExecutorError, Network, Process
from builder.executor.sandbox import open_executor

async def main():
    executor = await open_executor(Path(sys.argv[1]))
    out = {"name": executor.name}
    for name in ("SANDBOX", "NONE", "HOST"):
        said = []
        step = Process(("/bin/sh", "-c", sys.argv[3]), ("PATH=/bin",), network=Network[name])
        await executor.run(Path(sys.argv[2]), step, lambda _, data: said.append(data))
        out[name] = b"".join(said).decode()
    try:
        step = Process(("/bin/sh", "-c", "id"), user="5", network=Network.NONE)
        await executor.run(Path(sys.argv[2]), step, lambda *_: None)
    except ExecutorError as error:
        out["error"] = str(error)
    out["notices"] = executor.notices
    await executor.aclose()
    print(json.dumps(out))

asyncio.run(main())
"""


@contextlib.contextmanager
def closed_at_once() -> Iterator[int]:
    """A listener on the host's loopback; to reach it is enough."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    server.accept()[0].close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def run_inside(tmp_path: Path, script: str) -> dict[str, Any]:
    root = tmp_path / "root"
    (root / "bin").mkdir(parents=True)
    program = shutil.which("busybox")
    assert program, "busybox is missing; Debian's package is busybox-static"
    for name in ("sh", "nc", "id", "cat"):
        shutil.copy(program, root / "bin" / name)
    command = [
        "unshare", "--user", "--map-root-user", "--mount",
        sys.executable, "-c", INSIDE, str(tmp_path / "state"), str(root), script,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_a_step_is_root_inside_and_has_a_network_of_its_own(tmp_path: Path) -> None:
    with closed_at_once() as port:
        script = (
            f"id -u; cat /proc/self/uid_map; nc -w 2 127.0.0.1 {port} </dev/null && echo reached"
        )
        seen = run_inside(tmp_path, f"({script}); true")
    assert seen["name"].split()[0] in ("runc", "crun")
    for network in ("SANDBOX", "NONE", "HOST"):
        assert "0" in seen[network].splitlines()  # what nc says may be read first
        assert "4294967295" not in seen[network]
    assert "reached" in seen["HOST"]
    assert "reached" not in seen["NONE"]
    assert "reached" not in seen["SANDBOX"], seen["notices"]
    assert seen["notices"] == []


def test_a_user_that_the_namespace_does_not_have_is_named(tmp_path: Path) -> None:
    seen = run_inside(tmp_path, "true")
    assert seen["error"] == "user 5 does not exist in this user namespace"
