"""The play in four acts. Each says what must come out of it; where it does not, this fails."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from demo.stage import Stage, head, set_up

HERE = Path(__file__).resolve().parent
TOOL = Path(sys.executable).with_name("regdoctor")


class UnexpectedEndError(Exception):
    """An act did not end as announced."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended, what it printed, and how many seconds it took."""

    code: int
    output: str
    seconds: float


def say(text: str = "") -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def run(*command: str) -> Outcome:
    """Runs ``command`` and shows it as a person would have typed it, with what it printed."""
    shown = shlex.join(["regdoctor" if part == str(TOOL) else part for part in command])
    say(f"\n  $ {shown}")
    started = time.monotonic()
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        timeout=300,
    )
    seconds = time.monotonic() - started
    for line in done.stdout.splitlines():
        say(f"  {line}")
    say(f"  [ended with {done.returncode} after {seconds:.2f} s]")
    return Outcome(done.returncode, done.stdout, seconds)


def expect(outcome: Outcome, code: int, *texts: str, without: str = "") -> None:
    """Fails unless the command ended with ``code`` and printed every one of ``texts``."""
    missing = [text for text in texts if text.lower() not in outcome.output.lower()]
    if outcome.code != code:
        raise UnexpectedEndError(f"ended with {outcome.code} instead of {code}")
    if missing:
        raise UnexpectedEndError(f"nothing was said of: {', '.join(missing)}")
    if without and without in outcome.output:
        raise UnexpectedEndError(f"{without!r} should not have been printed")


def build(stage: Stage, registry: str, *options: str) -> Outcome:
    return run(
        *(str(TOOL), "build", "--root", str(stage.directory / "state"), "--progress", "plain"),
        *stage.resolve,
        *("--build-arg", f"REGISTRY={registry}", *options, str(HERE / "context")),
    )


def without_the_root(stage: Stage) -> None:
    say("1. A registry behind a private CA that this host does not know.")
    outcome = build(stage, stage.registry)
    expect(
        outcome,
        1,
        "x509-unknown-authority-private-root",
        *("docker", "buildkit", "containerd", "podman", "--ca"),
        without="RUN ./make-page",
    )
    say("\n   It stopped before any step, and said what is missing where.")


def with_the_root(stage: Stage) -> None:
    say("\n2. The same build with the root given: two stages, pushed, and read back.")
    target = f"{stage.registry}/apps/page:1"
    trust = f"--ca={stage.root_certificate}"
    expect(build(stage, stage.registry, trust, "-t", target, "--push"), 0)
    if shutil.which("skopeo") is None:
        expect(run(str(TOOL), "check", trust, *stage.resolve, target), 0)
        return
    trusted = stage.directory / "certs.d"
    trusted.mkdir(exist_ok=True)
    shutil.copy(stage.root_certificate, trusted / "ca.crt")
    image = f"docker://127.0.0.1:{stage.registry_port}/apps/page:1"
    outcome = run("skopeo", "inspect", "--config", "--cert-dir", str(trusted), image)
    expect(outcome, 0)
    config = json.loads(outcome.output)["config"]
    if (config["User"], config["WorkingDir"]) != ("www-data", "/var/www"):
        raise UnexpectedEndError(f"skopeo read another config: {config}")


def through_the_nexus(stage: Stage) -> None:
    say("\n3. Through a Nexus 3.14 that proxies this registry.")
    status, server = head(stage, "base/busybox", "1")
    say(f"\n  HEAD https://{stage.nexus}/v2/base/busybox/manifests/1 -> {status} ({server})")
    if status != 404:
        raise UnexpectedEndError(f"the emulation answered HEAD with {status}")
    say("  BuildKit, containerd and docker 29 ask nothing else, and say: not found.")
    outcome = build(stage, stage.nexus, *_through_nexus(stage))
    expect(outcome, 0, "nexus-lt-3.15-head-404", "3.15")


def once_more(stage: Stage) -> None:
    say("\n4. And again: nothing changed.")
    outcome = build(stage, stage.nexus, *_through_nexus(stage))
    expect(outcome, 0, "CACHED")
    steps = outcome.output.count("CACHED")
    say(f"\n   {steps} steps CACHED, in {outcome.seconds:.2f} s.")


def _through_nexus(stage: Stage) -> list[str]:
    image = stage.directory / "page.tar"
    return [f"--ca={stage.root_certificate}", "-o", f"type=oci,dest={image}"]


def main() -> int:
    with set_up(HERE.parent / ".demo") as stage:
        for act in (without_the_root, with_the_root, through_the_nexus, once_more):
            try:
                act(stage)
            except UnexpectedEndError as error:
                say(f"\nFAILED: {act.__name__.replace('_', ' ')}: {error}")
                return 1
    say("\nAll four ended as announced.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
