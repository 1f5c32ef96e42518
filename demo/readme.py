"""Puts real output into the README: ``make docs`` runs its three scenes and writes them there.

A scene that says what it said stays as it is: dates and digests differ from run to run.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

from demo.__main__ import HERE, TOOL
from demo.stage import Stage, set_up

README = HERE.parent / "README.md"


_WITHOUT_CLIENTS = (
    *("unshare", "--mount", "sh", "-ec"),
    '[ ! -e "$1" ] || mount --bind /dev/null "$1"; shift; exec "$@"',
    *("sh", "/var/lib/dpkg/status"),
)
"""What clients say depends on their versions: here none are installed, wherever this runs."""


def scenes(stage: Stage) -> dict[str, list[str]]:
    """Name of a place in the README -> arguments of the command that is shown there."""
    state = ["--root", str(stage.directory / "state"), "--progress", "plain"]
    trust = ["--ca", str(stage.root_certificate)]
    context = str(HERE / "context")
    through = ["--build-arg", f"REGISTRY={stage.nexus}", *trust]
    image = ["-o", f"type=oci,dest={stage.directory / 'page.tar'}"]
    return {
        "diagnose": ["check", f"{stage.registry}/base/busybox:1"],
        "preflight": [
            *("build", "--preflight", "only", *trust),
            *("--build-arg", f"REGISTRY={stage.registry}/golden", *state, context),
        ],
        "mirror": ["build", *through, *state, *image, context],
    }


def played(stage: Stage, arguments: list[str]) -> str:
    """The command and what it printed, as it would look on a host with such names."""
    command, *rest = arguments
    done = subprocess.run(
        [*_WITHOUT_CLIENTS, str(TOOL), command, *stage.resolve, *rest],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    shown = shlex.join(_without_state(["regdoctor", *arguments]))
    text = f"$ {shown}\n{done.stdout.rstrip()}\n"
    for machine, meant in (
        (str(stage.root_certificate), "corp-root.pem"),
        (f"{stage.directory}/", ""),
        (str(HERE / "context"), "."),
    ):
        text = text.replace(machine, meant)
    for port, usual in ((stage.registry_port, "5000"), (stage.nexus_port, "8443")):
        text = re.sub(rf"(?<=[:-]){port}\b", usual, text)
    return text


def _without_state(words: list[str]) -> list[str]:
    """``--root`` only keeps the demonstration's state apart from the host's."""
    if "--root" in words:
        at = words.index("--root")
        del words[at : at + 2]
    return words


def steady(text: str) -> str:
    """What a scene says in every run: no dates, digests or times, and steps in any order."""
    lines = [line for line in text.splitlines() if not _ON_THE_WAY.search(line)]
    text = "\n".join(lines)
    for pattern, meant in _VARYING:
        text = pattern.sub(meant, text)
    said, *steps = re.split(r"^(?=# )", text, maxsplit=1, flags=re.MULTILINE)
    return said + "\n\n".join(sorted("".join(steps).split("\n\n")))


_ON_THE_WAY = re.compile(r"^#\d+ sha256:\w+ \S+ / \S+ [\d.]+s$")
_VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:]+Z"), "DATE"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "DIGEST"),
    (re.compile(r"(?:(?<=in)| )\d+\.\d+ ?s\b"), ""),
    (re.compile(r"^#\d+ ", re.MULTILINE), "# "),
)


def place(name: str) -> re.Pattern[str]:
    """Where a scene stands in the README; the group is what it shows."""
    return re.compile(
        rf"(?<=<!-- scene: {name} -->\n```console\n)(.*?)(?=```\n<!-- end -->)", re.DOTALL
    )


def main() -> int:
    text = README.read_text(encoding="utf-8")
    with set_up(HERE.parent / ".demo") as stage:
        for name, arguments in scenes(stage).items():
            new = played(stage, arguments)

            def either(old: re.Match[str], new: str = new) -> str:
                return old[0] if steady(old[0]) == steady(new) else new

            text, places = place(name).subn(either, text)
            assert places == 1, f"the README has {places} places for the scene {name}"
    README.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
