"""Platforms: parsing, normalising and matching as containerd's ``platforms`` package does."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from builder.errors import BuilderError

_COMPONENT = re.compile(r"[A-Za-z0-9_.-]+")
_KNOWN_OS = re.compile(
    "aix|android|darwin|dragonfly|freebsd|hurd|illumos|ios|js|linux|nacl|netbsd|openbsd"
    "|plan9|solaris|windows|zos"
)
_KNOWN_ARCH = re.compile(
    "386|amd64|amd64p32|arm|armbe|arm64|arm64be|loong64|mips|mipsle|mips64|mips64le"
    "|mips64p32|mips64p32le|ppc|ppc64|ppc64le|riscv|riscv64|s390|s390x|sparc|sparc64|wasm"
)


class InvalidPlatform(BuilderError):
    """``text`` is no platform specifier (``os[/arch[/variant]]``)."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(f'"{text}": {why}')
        self.text = text


@dataclass(frozen=True, slots=True)
class Platform:
    """An OCI platform; ``variant`` is empty where the architecture has none."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""
    os_features: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {"architecture": self.architecture, "os": self.os}
        if self.os_version:
            out["os.version"] = self.os_version
        if self.os_features:
            out["os.features"] = list(self.os_features)
        if self.variant:
            out["variant"] = self.variant
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Platform:
        features = data.get("os.features")
        return cls(
            os=str(data.get("os") or ""),
            architecture=str(data.get("architecture") or ""),
            variant=str(data.get("variant") or ""),
            os_version=str(data.get("os.version") or ""),
            os_features=tuple(str(f) for f in features) if isinstance(features, list) else (),
        )


def normalize(platform: Platform) -> Platform:
    """Aliases and default variants brought to one spelling (``x86_64`` is ``amd64`` ...)."""
    os_name = {"macos": "darwin"}.get(platform.os.lower(), platform.os.lower())
    arch, variant = platform.architecture.lower(), platform.variant.lower()
    if arch in ("x86_64", "x86-64", "amd64"):
        arch, variant = "amd64", "" if variant == "v1" else variant
    elif arch in ("i386", "386"):
        arch, variant = "386", ""
    elif arch in ("aarch64", "arm64"):
        arch, variant = "arm64", "" if variant in ("8", "v8") else variant
    elif arch == "armhf":
        arch, variant = "arm", "v7"
    elif arch == "armel":
        arch, variant = "arm", "v6"
    elif arch == "arm":
        variant = {"": "v7", "5": "v5", "6": "v6", "7": "v7", "8": "v8"}.get(variant, variant)
    return Platform(os_name, arch, variant, platform.os_version, platform.os_features)


def host() -> Platform:
    """The platform that this process's machine runs natively."""
    machine = os.uname()
    arch = machine.machine
    if arch.startswith("armv"):
        arch, variant = "arm", arch[3:5]
    else:
        variant = ""
    return normalize(Platform(machine.sysname, arch, variant))


def parse(text: str) -> Platform:
    """A specifier: ``linux/amd64``, ``linux/arm/v7``, ``arm64``, ``linux``.

    Raises InvalidPlatform in the way containerd's parser does: unknown single words and
    empty components are refused.
    """
    parts = text.split("/")
    for part in parts:
        if _COMPONENT.fullmatch(part) is None:
            raise InvalidPlatform(
                text,
                f'"{part}" is an invalid component of "{text}": platform specifier '
                'component must match "^[A-Za-z0-9_.-]+$": invalid argument',
            )
    if len(parts) == 1:
        word = normalize(Platform(parts[0], parts[0]))
        if _KNOWN_OS.fullmatch(word.os):
            return normalize(Platform(word.os, host().architecture))
        if _KNOWN_ARCH.fullmatch(word.architecture):
            return normalize(Platform("linux", word.architecture, word.variant))
        raise InvalidPlatform(text, "unknown operating system or architecture: invalid argument")
    if len(parts) > 3:
        raise InvalidPlatform(text, "cannot parse platform specifier: invalid argument")
    return normalize(Platform(parts[0], parts[1], parts[2] if len(parts) == 3 else ""))


def matches(wanted: Platform, offered: Platform) -> bool:
    """Whether ``offered`` runs where ``wanted`` is asked for, exactly (no older variants)."""
    want, offer = normalize(wanted), normalize(offered)
    return (want.os, want.architecture, want.variant) == (
        offer.os,
        offer.architecture,
        offer.variant,
    )


def candidates(wanted: Platform) -> tuple[Platform, ...]:
    """``wanted`` and what a machine of that kind runs as well, best first.

    containerd's ``platformVector``: an arm machine runs older variants, arm64 runs arm,
    amd64 runs 386.
    """
    want = normalize(wanted)
    out = [want]
    if want.architecture == "amd64":
        if want.variant.startswith("v") and want.variant[1:].isdigit():
            out += [
                Platform(want.os, "amd64", f"v{n}" if n > 1 else "")
                for n in range(int(want.variant[1:]) - 1, 0, -1)
            ]
        out.append(Platform(want.os, "386"))
    elif want.architecture == "arm":
        level = int(want.variant[1:]) if want.variant[1:].isdigit() else 7
        out += [Platform(want.os, "arm", f"v{n}") for n in range(level - 1, 4, -1)]
    elif want.architecture == "arm64":
        out += [Platform(want.os, "arm", f"v{n}") for n in (8, 7, 6, 5)]
    return tuple(out)
