"""Scopes of a token: ``repository:NAME:pull,push`` (distribution, token/scope)."""

from __future__ import annotations

from collections.abc import Iterable


def pull(repository: str) -> str:
    return f"repository:{repository}:pull"


def push(repository: str) -> str:
    return f"repository:{repository}:pull,push"


def merged(scopes: Iterable[str]) -> tuple[str, ...]:
    """One scope a resource, actions joined, sorted: equal rights have equal spelling."""
    actions: dict[str, set[str]] = {}
    opaque: set[str] = set()
    for scope in scopes:
        resource, colon, names = scope.rpartition(":")
        if not colon or ":" not in resource:
            opaque.add(scope)  # not of the three-part form: kept as it is
            continue
        actions.setdefault(resource, set()).update(name for name in names.split(",") if name)
    joined = {f"{resource}:{','.join(sorted(names))}" for resource, names in actions.items()}
    return tuple(sorted(joined | opaque))


def covers(granted: Iterable[str], wanted: Iterable[str]) -> bool:
    """Whether all that ``wanted`` asks for is in ``granted``."""
    had = merged(granted)
    return merged((*had, *wanted)) == had
