"""Puts real output into the README: ``make docs`` runs its three scenes and writes them there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

from demo.__main__ import HERE, TOOL
from demo.stage import Stage, set_up

README = HERE.parent / "README.md"


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
        [str(TOOL), command, *stage.resolve, *rest],
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


def main() -> int:
    text = README.read_text(encoding="utf-8")
    with set_up(HERE.parent / ".demo") as stage:
        for name, arguments in scenes(stage).items():
            block = (
                f"<!-- scene: {name} -->\n```console\n{played(stage, arguments)}```\n<!-- end -->"
            )
            place = re.compile(rf"<!-- scene: {name} -->.*?<!-- end -->", re.DOTALL)
            before, _, after = place.sub("\0", text).partition("\0")
            text = before + block + after
    README.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
