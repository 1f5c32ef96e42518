"""What a target can be given: build arguments, secrets, ssh keys (``frontend.outline``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct, field

from builder.events import SourceRange
from builder.frontend.dockerfile.instructions import doc_comment

Ranges = tuple[SourceRange, ...]


class KnownArg(Struct, frozen=True):
    """An ARG as it was declared last; ``deps`` are the arguments that its default names."""

    key: str
    value: str
    ranges: Ranges
    comments: tuple[str, ...] = ()
    deps: frozenset[str] = frozenset()

    def document(self) -> dict[str, Any]:
        out: dict[str, Any] = {"name": self.key}
        description = doc_comment(self.comments, self.key)
        if description:
            out["description"] = description
        if self.value:
            out["value"] = self.value
        return {**out, "location": location(self.ranges)}


class KnownMount(Struct, frozen=True):
    """A secret or ssh key at its first use."""

    required: bool
    ranges: Ranges


class Uses(Struct):
    """What one stage declares and uses, and what it took over from its base."""

    args: dict[str, KnownArg] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    secrets: dict[str, KnownMount] = field(default_factory=dict)
    ssh: dict[str, KnownMount] = field(default_factory=dict)

    def clone(self) -> Uses:
        return Uses(dict(self.args), set(self.used), dict(self.secrets), dict(self.ssh))

    def use_of(self, keys: Iterable[str]) -> None:
        """``keys`` and whatever their defaults name."""
        stack, visited = list(keys), set[str]()
        while stack:
            key = stack.pop()
            if key in visited:
                continue
            visited.add(key)
            self.used.add(key)
            if key in self.args:
                stack += self.args[key].deps


def uses_in_order(stages: Iterable[Uses]) -> dict[str, list[dict[str, Any]]]:
    """The documents of all arguments, secrets and ssh keys of ``stages``, the target's first:
    who is named by several is told as the first tells it. Sorted by line."""
    args: dict[str, KnownArg] = {}
    secrets: dict[str, KnownMount] = {}
    ssh: dict[str, KnownMount] = {}
    for stage in stages:
        stage.use_of(stage.used)
        for key in stage.used & stage.args.keys():
            args.setdefault(key, stage.args[key])
        for name, mount in stage.secrets.items():
            secrets.setdefault(name, mount)
        for name, mount in stage.ssh.items():
            ssh.setdefault(name, mount)
    known = sorted(args.values(), key=lambda a: (_line(a.ranges), a.key))
    return {
        "args": [arg.document() for arg in known],
        "secrets": _mounts(secrets),
        "ssh": _mounts(ssh),
    }


def _mounts(mounts: dict[str, KnownMount]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            **({"required": True} if mount.required else {}),
            "location": location(mount.ranges),
        }
        for name, mount in sorted(mounts.items(), key=lambda item: (_line(item[1].ranges), item[0]))
    ]


def _line(ranges: Ranges) -> int:
    return ranges[0].start if ranges else 0


def location(ranges: Ranges) -> dict[str, Any]:
    """``pb.Location`` as Go's ``encoding/json`` has it."""
    spans = [{"start": _position(r.start), "end": _position(r.end)} for r in ranges]
    return {"ranges": spans} if spans else {}


def _position(line: int) -> dict[str, int]:
    return {"line": line} if line else {}
