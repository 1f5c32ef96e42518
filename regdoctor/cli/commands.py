"""The commands, one row each; a command's module is imported only when it is chosen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """``module`` holds ``function``, whose signature is the command's; ``help`` is its line
    in the list of commands."""

    name: str
    module: str
    function: str
    help: str


COMMANDS: tuple[Command, ...] = (
    Command(
        "build",
        "regdoctor.cli.build",
        "build",
        "Build an image from a Dockerfile; look first, and explain what broke.",
    ),
    Command(
        "cache",
        "regdoctor.cli.cache",
        "cache",
        "Show what the build cache holds (du), or remove what is not used (prune).",
    ),
    Command(
        "chain",
        "regdoctor.cli.chain",
        "chain",
        "Judge certificates from files as a Go client would, offline, at any time.",
    ),
    Command(
        "check",
        "regdoctor.cli.check",
        "check",
        "Find out why a registry, a mirror or a certificate stops a build or a pull.",
    ),
    Command(
        "clients",
        "regdoctor.cli.clients",
        "clients",
        "Show whom each client on this host would contact, and whether it would trust.",
    ),
    Command(
        "codes",
        "regdoctor.cli.codes",
        "codes",
        "List the findings, or read one page about a finding, offline.",
    ),
    Command(
        "doctor",
        "regdoctor.cli.doctor",
        "doctor",
        "Show what this host can do, what is missing, and how to get it.",
    ),
)
