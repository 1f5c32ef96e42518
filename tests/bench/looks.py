"""Rows D1 to D3: how long a look takes where the network is far away, and how long a start.

The registry is Debian's docker-registry over TLS, in a network namespace behind a relay that
holds every packet back. *Round trips* are the time that the distance adds, in units of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.fixtures import images
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.distance import ELSEWHERE, REGISTRIES, Place, apart, listening
from tests.fixtures.programs import docker_registry

THERE_AND_BACK = 0.050
_PYTHON = (sys.executable, "-c", "import sys; from regdoctor.cli import main; sys.exit(main())")
_NAMES = tuple(f"r{at}.example" for at in range(len(REGISTRIES)))
_REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Row:
    """Seconds of every run by program; ``near`` are ours without the distance."""

    code: str
    title: str
    times: dict[str, list[float]]
    near: list[float]

    @property
    def round_trips(self) -> str:
        if not self.near:
            return "-"
        added = statistics.median(self.times["ours"]) - statistics.median(self.near)
        return f"{added / THERE_AND_BACK:.1f}"


def measure(scratch: Path, runs: int, only: Sequence[str] = ()) -> list[Row]:
    """The rows that were asked for (all of them where none was named)."""
    wanted = [code for code in ("D1", "D2", "D3") if not only or code in only]
    rows = []
    scratch.mkdir()
    if "D1" in wanted or "D2" in wanted:
        near = _looks(scratch / "near", 0.0, runs, wanted, peers=False)
        far = _looks(scratch / "far", THERE_AND_BACK / 2, runs, wanted, peers=True)
        rows = [
            Row(code, title, far[code, title], near[code, title]["ours"]) for code, title in far
        ]
    return rows + (list(_starts(runs)) if "D3" in wanted else [])


def _looks(
    scratch: Path, delay: float, runs: int, wanted: Sequence[str], *, peers: bool
) -> dict[tuple[str, str], dict[str, list[float]]]:
    scratch.mkdir()
    with _registries(scratch, delay) as (near, ca):
        works: dict[tuple[str, str], dict[str, list[list[str]]]] = {}
        ours = [*_PYTHON, "check", "--ca", str(ca)]
        if "D1" in wanted:
            inspect = ["skopeo", "inspect", "--cert-dir", str(ca.parent)]
            openssl = ["openssl", "s_client", "-connect", "r0.example:443", "-CAfile", str(ca)]
            works["D1", "check of a TLS registry"] = {
                "ours": [[*ours, "r0.example"]],
                "openssl": [[*openssl, "-servername", "r0.example"]],
            }
            works["D1", "check of a TLS registry, tokens from another host"] = {
                "ours": [[*ours, "r9.example"]]
            }
            works["D1", "check of an image there"] = {
                "ours": [[*ours, "r0.example/i0:1"]],
                "skopeo": [[*inspect, "docker://r0.example/i0:1"]],
            }
            works["D1", "check of an image, tokens from another host"] = {
                "ours": [[*ours, "r9.example/app:1"]],
                "skopeo": [[*inspect, "docker://r9.example/app:1"]],
            }
        if "D2" in wanted:
            context = _fifty(scratch / "context")
            build = [*_PYTHON, "build", "--ca", str(ca), "--root", str(scratch / "root")]
            works["D2", "preflight of 50 references on 9 registries"] = {
                "ours": [[*build, "--preflight", "only", str(context)]],
                "skopeo": [
                    ["skopeo", "inspect", "--cert-dir", str(ca.parent), f"docker://{image}"]
                    for image in _references()
                ],
            }
        results: dict[tuple[str, str], dict[str, list[float]]] = {}
        for key, programs in works.items():
            chosen = {n: c for n, c in programs.items() if n == "ours" or peers}
            times: dict[str, list[float]] = {name: [] for name in chosen}
            for _ in range(runs):
                for name, commands in chosen.items():
                    times[name].append(_timed(near, commands))
            results[key] = times
        return results


def _timed(near: Place, commands: Sequence[Sequence[str]]) -> float:
    environ = {**os.environ, "HOME": "/nonexistent", "PYTHONPATH": str(_REPOSITORY)}
    started = time.perf_counter()
    for command in commands:
        done = near.run(command, environ)
        if done.returncode:
            raise RuntimeError(f"{command}: {done.stdout[-1500:]}{done.stderr[-1500:]}")
    return time.perf_counter() - started


def _references() -> list[str]:
    """Fifty images on nine registries; the tenth asks for tokens."""
    return [f"r{at % 9}.example/i{at}:1" for at in range(50)]


def _fifty(context: Path) -> Path:
    context.mkdir()
    stages = "".join(f"FROM {image} AS s{at}\n" for at, image in enumerate(_references()))
    copies = "".join(f"COPY --from=s{at} /etc/passwd /{at}\n" for at in range(49))
    (context / "Dockerfile").write_text(stages + copies)
    return context


@contextlib.contextmanager
def _registries(scratch: Path, delay: float) -> Iterator[tuple[Place, Path]]:
    """(where to look from, the CA): ``r0`` to ``r8`` are a docker-registry, ``r9`` wants tokens."""
    root = CertificateAuthority("Far Root CA")
    chain, key = root.issue(*_NAMES, "auth.example").write(scratch / "tls")
    ca = scratch / "ca" / "ca.crt"
    ca.parent.mkdir()
    ca.write_bytes(root.pem)
    image = images.busybox(scratch / "busybox")
    kept = scratch / "registry"
    with docker_registry(kept) as local:
        for at in range(50):
            images.push(image, local.authority, f"i{at}", "1")
    settings = {
        "version": "0.1",
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(kept / "storage")}},
        "http": {
            "addr": ":443",
            "secret": secrets.token_hex(16),
            "tls": {"certificate": str(chain), "key": str(key)},
        },
    }
    config = scratch / "config.yml"
    config.write_text(json.dumps(settings))
    with apart(delay) as (near, far):
        for address in REGISTRIES[:9]:
            own = scratch / f"{address}.yml"
            own.write_text(config.read_text().replace('":443"', f'"{address}:443"'))
            far.start(["docker-registry", "serve", str(own)], scratch / f"{address}.log")
        token = ["--cert", str(chain), "--key", str(key), "--layout", str(image)]
        served = [sys.executable, "-m", "tests.bench.tokens", REGISTRIES[9], ELSEWHERE, *token]
        far.start(served, scratch / "tokens.log")
        for address in (*REGISTRIES, ELSEWHERE):
            listening(far, f"{address}:443")
        yield near, ca


def _starts(runs: int) -> Iterator[Row]:
    """What a shell waits for ``--help`` and for a list that needs no network."""
    peer = ["docker", "--help"] if shutil.which("docker") else None
    for arguments in (["--help"], ["codes"]):
        times: dict[str, list[float]] = {"ours": []}
        if peer:
            times["docker --help"] = []
        for turn in range(runs + 1):
            for name, command in (("ours", [*_PYTHON, *arguments]), ("docker --help", peer)):
                if command is None:
                    continue
                started = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True)
                if turn:
                    times[name].append(time.perf_counter() - started)
        yield Row("D3", f"regdoctor {' '.join(arguments)}", times, [])
