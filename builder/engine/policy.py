"""Source policy files: which sources a build may use, and what is taken in their place.

The form is BuildKit's (``sourcepolicy/pb``, as JSON)::

    {"rules": [{"action": "DENY", "selector": {"identifier": "docker-image://*"}},
               {"action": "CONVERT", "selector": {"identifier": "docker-image://a/*:1"},
                "updates": {"identifier": "docker-image://mirror.example/a/${1}:1"}}]}

The rules of a file are read in their order: the last ALLOW or DENY that fits decides, the
first CONVERT that changes anything starts all over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from builder.errors import BuilderError
from builder.llb import ops as llb
from builder.llb import wire
from builder.llb.definition import Definition, Locations, OpMetadata
from builder.oci.credentials import without_credentials
from builder.oci.digest import Digest

_ACTIONS = ("ALLOW", "DENY", "CONVERT")
_KINDS = ("WILDCARD", "EXACT", "REGEX")
_CONDITIONS = ("EQUAL", "NOTEQUAL", "MATCHES")
_MOST_CONVERSIONS = 20
_REFERENCED = re.compile(r"\$(?:\$|\{(\w+)\}|(\w+))")


class PolicyError(BuilderError):
    """A policy file that cannot be used."""


class SourceDenied(BuilderError):
    """A source that the policy does not allow; ``identifier`` is what was asked for."""

    def __init__(self, identifier: str) -> None:
        super().__init__(
            f'source "{identifier}" denied by policy: source denied by policy',
            hint="the rules are in the file of --policy or EXPERIMENTAL_BUILDKIT_SOURCE_POLICY",
        )
        self.identifier = identifier


class Source(Struct, frozen=True):
    """A source as an op has it."""

    identifier: str
    attributes: Mapping[str, str] = field(default_factory=dict)


class Rule(Struct, frozen=True):
    """``pattern`` fits identifiers, as does equality with ``identifier``; every constraint
    ``(key, condition, value)`` has to hold. ``updates`` is for a conversion."""

    action: str
    identifier: str
    pattern: re.Pattern[str] | None
    kind: str
    constraints: tuple[tuple[str, str, str], ...] = ()
    updates: Source | None = None

    def fits(self, source: Source) -> bool:
        for key, condition, value in self.constraints:
            found = source.attributes.get(key, "")
            if condition == "MATCHES":
                holds = re.search(value, found) is not None
            else:
                holds = (found == value) == (condition == "EQUAL")
            if not holds:
                return False
        if self.identifier == source.identifier:
            return True
        return self.pattern is not None and self.pattern.search(source.identifier) is not None

    def convert(self, source: Source) -> Source:
        assert self.updates is not None
        wanted = self.updates.identifier or self.identifier
        match = self.pattern.search(source.identifier) if self.pattern is not None else None
        if match is not None and self.kind == "REGEX":
            wanted = self.pattern.sub(  # type: ignore[union-attr]
                lambda each: _expanded(wanted, each), source.identifier
            )
        elif match is not None:
            wanted = _expanded(wanted, match)
        elif self.kind != "EXACT":
            wanted = source.identifier
        attributes = {**source.attributes, **self.updates.attributes}
        return Source(wanted or source.identifier, attributes)


class SourcePolicy(Struct, frozen=True):
    """The rules of each file, in the order of the files."""

    policies: tuple[tuple[Rule, ...], ...] = ()

    def evaluate(self, source: Source) -> Source:
        """What to use for ``source``. Raises SourceDenied, PolicyError for rules in a circle."""
        for _ in range(_MOST_CONVERSIONS + 1):
            converted = self._round(source)
            if converted == source:
                return source
            source = converted
        raise PolicyError(
            f"source policy: {without_credentials(source.identifier)} is converted without an end"
        )

    def _round(self, source: Source) -> Source:
        for rules in self.policies:
            denied = False
            for rule in rules:
                if not rule.fits(source):
                    continue
                if rule.action == "CONVERT":
                    converted = rule.convert(source)
                    if converted != source:
                        return converted
                else:
                    denied = rule.action == "DENY"
            if denied:
                raise SourceDenied(without_credentials(source.identifier))
        return source

    def apply(self, definition: Definition) -> Definition:
        """``definition`` with every source judged; digests above a converted one change.

        Raises SourceDenied, PolicyError.
        """
        if not self.policies:
            return definition
        renamed: dict[str, Digest] = {}
        ops = []
        for data in definition.def_:
            op = wire.decode(llb.Op, data)
            inputs = tuple(
                replace(each, digest=renamed.get(str(each.digest), each.digest))
                for each in op.inputs
            )
            fresh = replace(op, inputs=inputs)
            if isinstance(op.op, llb.SourceOp):
                asked = Source(op.op.identifier, dict(op.op.attrs))
                used = self.evaluate(asked)
                if used != asked:
                    inner = llb.SourceOp(used.identifier, dict(used.attributes))
                    fresh = replace(fresh, op=inner)
            if fresh != op:
                before, data = str(Digest.of(data)), wire.encode(fresh)
                renamed[before] = Digest.of(data)
            ops.append(data)
        return _renamed(replace(definition, def_=tuple(ops)), renamed)


def read_policies(paths: Sequence[Path]) -> SourcePolicy:
    """Raises PolicyError."""
    return SourcePolicy(tuple(_read(path) for path in paths))


def _read(path: Path) -> tuple[Rule, ...]:
    if path.suffix == ".rego":
        raise PolicyError(
            f"source policy {path}: rules in Rego are not supported",
            hint="write them as JSON, as EXPERIMENTAL_BUILDKIT_SOURCE_POLICY takes it",
        )
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise PolicyError(f"source policy {path}: {why}") from error
    except ValueError as error:
        raise PolicyError(f"source policy {path} is not JSON: {error}") from error
    try:
        return tuple(_rule(item) for item in document.get("rules") or ())
    except (AttributeError, TypeError, ValueError, re.error) as error:
        raise PolicyError(f"source policy {path}: {error}") from error


def _rule(item: Mapping[str, Any]) -> Rule:
    action = _word(item.get("action"), _ACTIONS, "action")
    selector = item.get("selector") or {}
    identifier = str(selector.get("identifier") or "")
    kind = _word(_either(selector, "matchType", "match_type"), _KINDS, "match type")
    constraints = tuple(
        (
            str(each.get("key") or ""),
            _word(each.get("condition"), _CONDITIONS, "condition"),
            str(each.get("value") or ""),
        )
        for each in selector.get("constraints") or ()
    )
    for _, condition, value in constraints:
        if condition == "MATCHES":
            re.compile(value)
    updates = item.get("updates")
    if action == "CONVERT" and updates is None:
        raise ValueError("missing destination for convert rule")
    target = None
    if updates is not None:
        attributes = {str(k): str(v) for k, v in (updates.get("attrs") or {}).items()}
        target = Source(str(updates.get("identifier") or ""), attributes)
    return Rule(action, identifier, _pattern(identifier, kind), kind, constraints, target)


def _pattern(identifier: str, kind: str) -> re.Pattern[str] | None:
    if kind == "EXACT":
        return None
    if kind == "REGEX":
        return re.compile(identifier)
    if "**" in identifier:
        raise ValueError('invalid wildcard: "**"')
    return re.compile("(.*)".join(map(re.escape, identifier.split("*"))) + r"\Z")


def _word(value: object, words: Sequence[str], what: str) -> str:
    """A name or a number of an enumeration; the first where it is missing."""
    if value is None:
        return words[0]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(words):
        return words[value]
    if value in words:
        return str(value)
    raise ValueError(f"unknown {what} {value!r}")


def _either(document: Mapping[str, Any], one: str, other: str) -> object:
    return document[one] if one in document else document.get(other)


def _expanded(text: str, match: re.Match[str]) -> str:
    """``$1``, ``${1}`` and ``${name}`` as Go's ``Expand`` has them; unknown ones are empty."""

    def value(reference: re.Match[str]) -> str:
        name = reference[1] or reference[2]
        if name is None:
            return "$"
        try:
            return match[int(name) if name.isdecimal() else name] or ""
        except (IndexError, KeyError):
            return ""

    return _REFERENCED.sub(value, text)


def _renamed(definition: Definition, renamed: Mapping[str, Digest]) -> Definition:
    """The metadata and places of ops under their new digests."""

    def name(digest: str) -> str:
        return str(renamed.get(digest, digest))

    metadata: dict[str, OpMetadata] = {name(k): v for k, v in definition.metadata.items()}
    source = definition.source
    if source is not None:
        places: dict[str, Locations] = {name(k): v for k, v in source.locations.items()}
        source = replace(source, locations=places)
    return replace(definition, metadata=metadata, source=source)
