"""Who fetches the token: with BuildKit it is the client, and buildkitd.toml is not its file."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.observations.http import Challenge
from regdoctor.observations.network import Role
from regdoctor.observations.store import Observations
from regdoctor.observations.trust import ChainVerdicts

CLIENT = "buildkit"


def registries_of(seen: Observations, realm: str) -> Iterator[str]:
    """The endpoints whose challenge names the token server at ``realm``."""
    for endpoint in seen.endpoints():
        challenge = seen.get(Challenge, endpoint)
        if challenge is not None and challenge.realm.startswith((f"{realm}/", f"{realm}?")):
            yield endpoint


def fetched_elsewhere(seen: Observations, realm: str) -> str:
    """The registry that buildkitd trusts and whose token server its client does not; or empty."""
    role, verdicts = seen.get(Role, realm), seen.get(ChainVerdicts, realm)
    if role is None or role.kind != "realm" or verdicts is None:
        return ""
    if CLIENT not in verdicts.distrusting():
        return ""
    for registry in registries_of(seen, realm):
        there = seen.get(ChainVerdicts, registry)
        own = there.of(CLIENT) if there else None
        if own is not None and own.accepted:
            return registry
    return ""


def without_token_fetcher(
    seen: Observations, endpoint: str, clients: tuple[str, ...]
) -> tuple[str, ...]:
    """``clients`` without BuildKit where the store of its client is to blame instead."""
    if not fetched_elsewhere(seen, endpoint):
        return clients
    return tuple(each for each in clients if each != CLIENT)
