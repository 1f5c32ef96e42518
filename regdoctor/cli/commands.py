"""The commands, one row each; a command's module is imported only when it is chosen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """``module`` holds ``function``, whose signature is the command's; ``help`` is its line
    in the list of commands. With ``commands`` it is a group of these, and the function has its
    help only."""

    name: str
    module: str
    function: str
    help: str
    commands: tuple[Command, ...] = ()


_IMAGE = (
    Command("ls", "regdoctor.cli.image", "ls", "List the images that have names."),
    Command("inspect", "regdoctor.cli.image", "inspect", "Show all that is known of images."),
    Command("push", "regdoctor.cli.imagepush", "push", "Push an image to a registry."),
    Command("rm", "regdoctor.cli.image", "rm", "Take names away from images."),
    Command("save", "regdoctor.cli.imagesave", "save", "Write images into an archive."),
)


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
    Command(
        "image",
        "regdoctor.cli.image",
        "image",
        "List, inspect, push, remove and save the images of the local store.",
        _IMAGE,
    ),
)
