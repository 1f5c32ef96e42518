"""The ``--flags`` of an instruction."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from builder.frontend.dockerfile.errors import ParseError
from builder.frontend.dockerfile.suggest import suggestion


class Kind(Enum):
    """What a flag takes: true or false, one value, or a value each time."""

    BOOL = "bool"
    STRING = "string"
    STRINGS = "strings"


class Flags:
    """Flags checked against what the instruction allows. Raises ParseError."""

    def __init__(self, given: tuple[str, ...], allowed: Mapping[str, Kind]) -> None:
        self._values: dict[str, list[str]] = {}
        for flag in given:
            name, equals, value = flag.removeprefix("--").partition("=")
            kind = allowed.get(name)
            if kind is None:
                near = suggestion(name, sorted(allowed), case_sensitive=True)
                raise ParseError(f"unknown flag: --{name}{near}")
            if name in self._values and kind is not Kind.STRINGS:
                raise ParseError(f"duplicate flag specified: --{name}")
            if not equals and kind is not Kind.BOOL:
                raise ParseError(f"missing a value on flag: --{name}")
            if kind is Kind.BOOL:
                value = _boolean(name, value, given=bool(equals))
            self._values.setdefault(name, []).append(value)

    def one(self, name: str, default: str = "") -> str:
        return self._values.get(name, [default])[0]

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(self._values.get(name, ()))

    def boolean(self, name: str) -> bool | None:
        """None where it was not given."""
        value = self._values.get(name)
        return None if value is None else value[0] == "true"


def _boolean(name: str, value: str, *, given: bool) -> str:
    if not given:
        return "true"
    if not value:
        raise ParseError(f"missing a value on flag: --{name}")
    if value.lower() not in ("true", "false"):
        raise ParseError(f"expecting boolean value for flag --{name}, not: {value}")
    return value.lower()
