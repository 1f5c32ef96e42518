"""Platforms: parsing, normalising and matching as containerd's ``platforms`` package does."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from msgspec import Struct
from msgspec.structs import replace

from builder.errors import BuilderError

_COMPONENT = re.compile(r"[A-Za-z0-9_.-]+")
_OS = re.compile(r"([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?")
_KNOWN_OS = re.compile(
    "aix|android|darwin|dragonfly|freebsd|hurd|illumos|ios|js|linux|nacl|netbsd|openbsd"
    "|plan9|solaris|windows|zos"
)
_KNOWN_ARCH = re.compile(
    "386|amd64|amd64p32|arm|armbe|arm64|arm64be|loong64|mips|mipsle|mips64|mips64le"
    "|mips64p32|mips64p32le|ppc|ppc64|ppc64le|riscv|riscv64|s390|s390x|sparc|sparc64|wasm"
)


_ARM64_VARIANTS = {"8": "", "v8": "", "v8.0": "", "9": "v9", "9.0": "v9", "v9.0": "v9"}
_ARM_VARIANTS = {"": "v7", "5": "v5", "6": "v6", "7": "v7", "8": "v8"}
_QUOTED = str.maketrans({"%": "%25", "+": "%2B", "(": "%28", ")": "%29", "/": "%2F"})


class InvalidPlatform(BuilderError):
    """A text is no platform specifier (``os[(version)][/arch[/variant]]``)."""


class Platform(Struct, frozen=True):
    """An OCI platform; ``variant`` is empty where the architecture has none."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""
    os_features: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    @property
    def full(self) -> str:
        """As ``str``, with the version and features of the system: containerd's ``FormatAll``."""
        features = "".join(f"+{_quoted(f)}" for f in sorted(set(self.os_features)) if f)
        if not self.os_version and not features:
            return str(self)
        named = replace(self, os=f"{self.os}({_quoted(self.os_version)}{features})")
        return str(named)

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


def _quoted(text: str) -> str:
    return text.translate(_QUOTED)


def _in_quotes(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


@lru_cache(maxsize=256)
def normalize(platform: Platform) -> Platform:
    """Aliases and default variants brought to one spelling (``x86_64`` is ``amd64`` ...)."""
    arch, variant = _normal_architecture(platform.architecture, platform.variant)
    return replace(platform, os=_normal_os(platform.os), architecture=arch, variant=variant)


def _normal_os(name: str) -> str:
    return {"macos": "darwin", "": "linux"}.get(name.lower(), name.lower())


def _normal_architecture(arch: str, variant: str) -> tuple[str, str]:
    arch, variant = arch.lower(), variant.lower()
    if arch in ("x86_64", "x86-64", "amd64"):
        return "amd64", "" if variant == "v1" else variant
    if arch == "i386":
        return "386", ""
    if arch in ("aarch64", "arm64"):
        return "arm64", _ARM64_VARIANTS.get(variant, variant)
    if arch == "armhf":
        return "arm", "v7"
    if arch == "armel":
        return "arm", "v6"
    if arch == "arm":
        return "arm", _ARM_VARIANTS.get(variant, variant)
    return arch, variant


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
    """What ``specified`` finds, normalised. Raises InvalidPlatform."""
    return normalize(specified(text))


def specified(text: str) -> Platform:
    """A specifier: ``linux/amd64``, ``linux/arm/v7``, ``arm64``, ``linux``,
    ``windows(10.0.17763)/amd64``; a default variant is left out, or written, as it was in it.

    Raises InvalidPlatform in the words of containerd's parser: unknown single words and empty
    components are refused.
    """
    if "*" in text:
        raise InvalidPlatform(f"{_in_quotes(text)}: wildcards not yet supported: invalid argument")
    first, *parts = text.split("/", 3)
    match = _OS.fullmatch(first)
    if match is None:
        pattern = _in_quotes(f"^{_OS.pattern}$")
        raise InvalidPlatform(
            f"{_in_quotes(first)} is an invalid OS component of {_in_quotes(text)}: OSAndVersion "
            f"specifier component must match {pattern}: invalid argument"
        )
    for part in parts:
        if _COMPONENT.fullmatch(part) is None:
            raise InvalidPlatform(
                f"{_in_quotes(part)} is an invalid component of {_in_quotes(text)}: platform "
                f'specifier component must match "^{_COMPONENT.pattern}$": invalid argument'
            )
    features = tuple(unquote(word) for word in (match[3] or "").split("+")[1:])
    named = Platform(_normal_os(match[1]), "", "", unquote(match[2] or ""), features)
    if not parts:
        return _from_one_word(text, named)
    if len(parts) > 2:
        raise InvalidPlatform(
            f"{_in_quotes(text)}: cannot parse platform specifier: invalid argument"
        )
    arch, variant = _normal_architecture(parts[0], parts[1] if len(parts) == 2 else "")
    if len(parts) == 2 and (arch, variant) == ("arm64", ""):
        variant = "v8"
    elif len(parts) == 1 and (arch, variant) == ("arm", "v7"):
        variant = ""
    return replace(named, architecture=arch, variant=variant)


def _from_one_word(text: str, named: Platform) -> Platform:
    if _KNOWN_OS.fullmatch(named.os):
        return replace(named, architecture=host().architecture)
    arch, variant = _normal_architecture(text, "")
    if _KNOWN_ARCH.fullmatch(arch):
        variant = "" if (arch, variant) == ("arm", "v7") else variant
        return replace(named, os="linux", architecture=arch, variant=variant)
    raise InvalidPlatform(
        f"{_in_quotes(text)}: unknown operating system or architecture: invalid argument"
    )


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
