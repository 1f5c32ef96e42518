"""The command lines of cases, as the options of a ``Situation``."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

_PULL_IMAGE = re.compile(r"PullImage\((?P<reference>[^,)]+)(?:, auth (?P<auth>[^)]*))?\)")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_WRAPPERS = {"timeout": 2}
"""Programs that run another, and how many words of theirs come before it."""

VALUES = {
    "ctr": {"hosts-dir", "user", "tlscacert", "tlscert", "tlskey", "platform", "namespace", "n"},
    "buildctl": {
        "addr",
        "frontend",
        "local",
        "opt",
        "output",
        "progress",
        "registry-auth-tlscontext",
    },
    "docker": {
        "u",
        "p",
        "username",
        "password",
        "f",
        "file",
        "t",
        "tag",
        "config",
        "host",
        "H",
        "context",
        "platform",
        "build-arg",
        "progress",
    },
    "skopeo": {
        "authfile",
        "cert-dir",
        "creds",
        "dest-authfile",
        "dest-cert-dir",
        "dest-creds",
        "registries-conf",
        "registries.d",
        "src-authfile",
        "src-cert-dir",
        "src-creds",
        "tmpdir",
        "override-os",
        "override-arch",
        "format",
    },
    "podman": {
        "arch",
        "authfile",
        "cert-dir",
        "creds",
        "os",
        "platform",
        "registries-conf",
        "root",
        "runroot",
        "storage-driver",
        "u",
        "p",
        "username",
        "password",
    },
    "buildah": {
        "arch",
        "authfile",
        "cert-dir",
        "creds",
        "name",
        "os",
        "platform",
        "registries-conf",
        "registries-conf-dir",
        "root",
        "runroot",
        "storage-driver",
    },
    "executor": {
        "cache-repo",
        "context",
        "destination",
        "dockerfile",
        "image-download-retry",
        "insecure-registry",
        "registry-certificate",
        "registry-client-cert",
        "registry-map",
        "registry-mirror",
        "skip-tls-verify-registry",
    },
    "crane": {"platform"},
    "nerdctl": {"hosts-dir", "namespace", "platform"},
}
"""Per program, the options that take a value; every other one is a switch."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One command: ``words`` are those without dashes, ``environment`` what was set before it.

    ``silent``: its output was thrown away, it prepares the ground for the next.
    """

    program: str
    words: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    silent: bool = False


def invocations(command: str) -> list[Invocation]:
    """The commands of a line, in order."""
    pulled = _PULL_IMAGE.match(command)
    if pulled:
        auth = pulled["auth"]
        options = (("auth", auth),) if auth else ()
        return [Invocation("cri", ("pull", pulled["reference"]), options)]
    exported: dict[str, str] = {}
    found = []
    for part in re.split(r";|&&", re.split(r"\s#", command)[0]):
        words = shlex.split(part)
        if words and words[0] == "export":
            exported |= dict(_assigned(word) for word in words[1:])
            continue
        one = _invocation(words, exported)
        if one is not None:
            found.append(one)
    return found


def _invocation(words: Sequence[str], exported: dict[str, str]) -> Invocation | None:
    environment = dict(exported)
    left = list(words)
    while left and (_ASSIGNMENT.match(left[0]) or left[0] in _WRAPPERS):
        if left[0] in _WRAPPERS:
            del left[: _WRAPPERS[left[0]]]
        else:
            environment |= [_assigned(left.pop(0))]
    silent = any(word.startswith((">", "2>", "1>", "&>")) for word in left)
    left = [word for word in left if not re.match(r"[12&]?>", word)]
    if not left or left[0] not in VALUES:
        return None
    program = left[0]
    plain, options = _parsed(left[1:], VALUES[program])
    return Invocation(program, plain, options, environment, silent)


def _parsed(
    words: Sequence[str], valued: set[str]
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    plain: list[str] = []
    options: list[tuple[str, str]] = []
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("-") or word == "-":
            if word != "...":
                plain.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if not equals:
            value = left.pop(0) if name in valued and left else "true"
        options.append((name, value))
    return tuple(plain), tuple(options)


def _assigned(word: str) -> tuple[str, str]:
    name, _, value = word.partition("=")
    return name, value.strip("\"'")
