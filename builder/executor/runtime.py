"""Which OCI runtime works on this host, found out by running a container with it.

A runtime that is installed need not work: crun 1.8 refuses hybrid cgroup trees, cgroups may
be read-only, a kernel may lack a namespace. The answer is kept until the next boot or
another binary.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from builder.executor import idmaps, programs
from builder.executor.spec import Sandbox, bounding_capabilities, runtime_config
from builder.executor.types import ExecutorError, Network, Process
from builder.executor.users import Identity

RUNTIMES = ("crun", "runc")
_TRIAL_SECONDS = 20.0
_TERMINAL_GROUP = 5

_EXIT_ZERO: dict[str, tuple[int, bytes]] = {
    # machine: (ELF machine number, code of exit(0))
    "x86_64": (62, bytes.fromhex("31ff b83c000000 0f05")),
    "aarch64": (183, bytes.fromhex("000080d2 a80b80d2 010000d4")),
    "riscv64": (243, bytes.fromhex("13050000 9308d005 73000000")),
}


class Runtime(Struct, frozen=True):
    """A runtime as it is called. ``cgroups`` False: started without making any."""

    name: str
    binary: str
    cgroups: bool = True

    def command(self, state: Path) -> list[str]:
        """The program and its global options; ``state`` is where it keeps containers."""
        out = [self.binary, "--root", str(state)]
        if not self.cgroups:
            out += (
                ["--cgroup-manager", "disabled"]
                if self.name.startswith("crun")
                else ["--rootless=true"]
            )
        return out

    @property
    def label(self) -> str:
        return self.name if self.cgroups else f"{self.name} (without cgroups)"


def candidates(wanted: str) -> list[Runtime]:
    """What could be tried, best first. ``wanted``: ``auto``, a name or a path.

    With cgroups first: they also filter devices.
    """
    names = RUNTIMES if wanted == "auto" else (wanted,)
    found = [
        Runtime(Path(name).name, path)
        for name in names
        if (path := programs.find(name)) is not None
    ]
    return found + [replace(runtime, cgroups=False) for runtime in found]


def describe_host(runtime: Runtime) -> Sandbox:
    """What steps get on this host with ``runtime``."""
    plain = os.geteuid() != 0
    uid_map, gid_map = idmaps.for_runtime() if plain else ((), ())
    return Sandbox(
        capabilities=bounding_capabilities(),
        cgroups=runtime.cgroups,
        unified=Path("/sys/fs/cgroup/cgroup.controllers").exists(),
        device_cgroup=runtime.cgroups or idmaps.in_user_namespace(),
        uid_map=uid_map,
        gid_map=gid_map,
        nested=idmaps.in_user_namespace(),
        groups=not plain and idmaps.groups_allowed(),
        terminal_group=idmaps.has_gid(_TERMINAL_GROUP, gid_map),
    )


async def choose(state_dir: Path, wanted: str = "auto") -> Runtime:
    """The first candidate that runs a container; raises ExecutorError with what each said."""
    options = candidates(wanted)
    if not options:
        names = " or ".join(RUNTIMES) if wanted == "auto" else wanted
        raise ExecutorError(
            f"no sandbox for RUN steps: {names} not found", hint="install runc or crun"
        )
    memory = state_dir / "runtime.json"
    key = _fingerprint(options)
    remembered = _recall(memory, key)
    for option in options:
        if [option.label, option.binary] == remembered:
            return option
    refusals = []
    for option in options:
        said = await trial(state_dir, option)
        if said is None:
            _remember(memory, key, option)
            return option
        refusals.append(f"{option.label}: {said}")
    raise ExecutorError(
        "no sandbox for RUN steps works here: " + "; ".join(refusals),
        hint="run as root or in a container that may create namespaces, or choose a runtime "
        "with --sandbox",
    )


async def trial(state_dir: Path, runtime: Runtime) -> str | None:
    """Run a container that only ends: None where it did, else the runtime's own words."""
    place = state_dir / f"trial-{secrets.token_hex(6)}"
    root = place / "root"
    root.mkdir(parents=True)
    program = _program(os.uname().machine)
    if program is not None:
        (root / "exit").write_bytes(program)
        (root / "exit").chmod(0o755)
    process = Process(args=("/exit",), env=("PATH=/",), network=Network.NONE)
    config = runtime_config(
        root,
        process,
        Identity(),
        (),
        sandbox=describe_host(runtime),
        network=None,
        private_network=True,
    )
    (place / "config.json").write_text(json.dumps(config))
    name = f"regdoctor-{place.name}"
    log = place / "log.json"
    command = [
        *runtime.command(place / "state"),
        "--log", str(log), "--log-format", "json",
        "run", "--bundle", str(place), name,
    ]  # fmt: skip
    try:
        code, said = await _output(command)
        if code == 0 or (program is None and "/exit" in said):
            return None  # without a program for this machine, getting as far as exec counts
        last = said.strip().rpartition("\n")[2]
        return logged_error(log) or last or f"exit code {code}"
    finally:
        await _output([*runtime.command(place / "state"), "delete", "--force", name])
        shutil.rmtree(place, ignore_errors=True)


def logged_error(log: Path) -> str:
    """The last error that a runtime wrote to its JSON log; ``""`` where there is none."""
    message = ""
    with contextlib.suppress(OSError):
        for line in log.read_text(errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict) and entry.get("level") in ("error", "fatal"):
                    message = str(entry.get("msg", ""))
    return message


async def _output(command: list[str]) -> tuple[int, str]:
    child = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await asyncio.wait_for(child.communicate(), _TRIAL_SECONDS)
    except TimeoutError:
        child.kill()
        await child.wait()
        return -1, f"no answer in {_TRIAL_SECONDS:g} seconds"
    return child.returncode or 0, said.decode("utf-8", "replace")


def _program(machine: str) -> bytes | None:
    """A static ELF executable that only exits, so that no libc or shell is needed."""
    known = _EXIT_ZERO.get(machine)
    if known is None:
        return None
    number, code = known
    base, header_size = 0x400000, 64 + 56
    header = struct.pack(
        "<4s5B7xHHIQQQIHHHHHH",
        b"\x7fELF",
        2,
        1,
        1,
        0,
        0,
        2,
        number,
        1,
        base + header_size,
        64,
        0,
        0,
        64,
        56,
        1,
        0,
        0,
        0,
    )
    size = header_size + len(code)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x1000)
    return header + segment + code


def _fingerprint(options: list[Runtime]) -> list[Any]:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    binaries = sorted({option.binary for option in options})
    return [boot, os.geteuid(), idmaps.in_user_namespace(), *map(list, _stamps(binaries))]


def _stamps(binaries: list[str]) -> Iterator[tuple[str, int]]:
    for binary in binaries:
        yield binary, Path(binary).stat().st_mtime_ns


def _recall(memory: Path, key: list[Any]) -> list[str] | None:
    try:
        document = json.loads(memory.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict) or document.get("key") != key:
        return None
    chosen = document.get("runtime")
    return chosen if isinstance(chosen, list) else None


def _remember(memory: Path, key: list[Any], runtime: Runtime) -> None:
    fresh = memory.with_name(f"{memory.name}.{secrets.token_hex(4)}")
    fresh.write_text(json.dumps({"key": key, "runtime": [runtime.label, runtime.binary]}))
    fresh.replace(memory)
