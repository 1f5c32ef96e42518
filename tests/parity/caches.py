"""Builds that write and read caches, by our command and by BuildKit's, and how many steps hit."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.parity.builders import COMPILED, run

_STEP = re.compile(r"#(\d+) (\[(?!internal\])[^]]*\] .*)")
_END = re.compile(r"#(\d+) (CACHED|DONE|ERROR|CANCELED)\b")


@dataclass(frozen=True)
class Steps:
    """Steps by their names: ``hits`` came from a cache, ``runs`` did not.

    Sources are neither, nor is what only lays layers of other steps over one another.
    """

    hits: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    text: str = field(default="", repr=False, compare=False)

    @classmethod
    def read(cls, text: str) -> Steps:
        """From plain progress."""
        names: dict[str, str] = {}
        ends: dict[str, str] = {}
        for line in text.splitlines():
            if step := _STEP.fullmatch(line.rstrip()):
                names.setdefault(step[1], step[2])
            elif end := _END.match(line):
                ends.setdefault(end[1], end[2])
        steps = {
            name: ends.get(number, "")
            for number, name in names.items()
            if not re.match(r"\[[^]]*\] (FROM|LINK|ADD https?:)", name) and name not in _SOURCES
        }
        return cls(
            tuple(sorted(name for name, end in steps.items() if end == "CACHED")),
            tuple(sorted(name for name, end in steps.items() if end != "CACHED")),
            text,
        )


_SOURCES = frozenset({"[context] load", "[auth] sharing credentials"})


class CachingBuilder(Protocol):
    """``build`` starts from nothing but what ``imports`` bring. The steps that it took."""

    name: str

    def build(
        self,
        context: Path,
        arguments: Mapping[str, str],
        *,
        exports: Sequence[str] = (),
        imports: Sequence[str] = (),
        image: str = "",
    ) -> Steps: ...


@dataclass
class OursCaching:
    """This product; its state is thrown away before each build."""

    directory: Path
    name: str = "ours"

    def build(
        self,
        context: Path,
        arguments: Mapping[str, str],
        *,
        exports: Sequence[str] = (),
        imports: Sequence[str] = (),
        image: str = "",
    ) -> Steps:
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        values = [*arguments.values(), image]
        hosts = {value.partition("/")[0] for value in values if "/" in value}
        config = self.directory / "config.toml"
        config.write_text("".join(f'[registry."{host}"]\nhttp = true\n' for host in hosts))
        return _steps(
            [
                *(
                    sys.executable,
                    "-c",
                    "import sys; from regdoctor.cli import main; sys.exit(main())",
                ),
                *("build", "--root", str(self.directory / "state"), "--config", str(config)),
                *("--progress", "plain", "--preflight", "off"),
                *(f"--build-arg={key}={value}" for key, value in arguments.items()),
                *(f"--cache-to={text}" for text in exports),
                *(f"--cache-from={text}" for text in imports),
                *(["-t", image, "--push"] if image else ["-o", "type=cacheonly"]),
                str(context),
            ]
        )


@dataclass
class BuildKitCaching:
    """``buildctl``; the daemon's cache is pruned before each build."""

    address: str
    name: str = "buildkit"

    def build(
        self,
        context: Path,
        arguments: Mapping[str, str],
        *,
        exports: Sequence[str] = (),
        imports: Sequence[str] = (),
        image: str = "",
    ) -> Steps:
        client = [str(COMPILED / "buildctl"), "--addr", self.address]
        subprocess.run([*client, "prune", "--all"], check=True, capture_output=True)
        return _steps(
            [
                *(*client, "build", "--progress", "plain", "--frontend", "dockerfile.v0"),
                *(f"--opt=build-arg:{key}={value}" for key, value in arguments.items()),
                *("--local", f"context={context}", "--local", f"dockerfile={context}"),
                *(f"--export-cache={text}" for text in exports),
                *(f"--import-cache={text}" for text in imports),
                *(["--output", f"type=image,name={image},push=true"] if image else []),
            ]
        )


def _steps(command: list[str]) -> Steps:
    return Steps.read(run(command))
