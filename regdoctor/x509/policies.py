"""Certificate policies along a path (RFC 5280, section 6.1, as amended by RFC 9618).

The valid policies are a graph with one level per certificate: a node is a policy, its
``expected`` set is what the certificates below may assert under it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from regdoctor.x509.certificate import Certificate

ANY_POLICY: Final = "2.5.29.32.0"


@dataclass(slots=True, eq=False)
class _Node:
    policy: str
    expected: list[str]
    parents: set[_Node] = field(default_factory=set)
    children: set[_Node] = field(default_factory=set)


class _Graph:
    def __init__(self) -> None:
        self.levels: list[dict[str, _Node]] = [{ANY_POLICY: _Node(ANY_POLICY, [ANY_POLICY])}]

    @property
    def leaves(self) -> dict[str, _Node]:
        return self.levels[-1]

    def descend(self) -> dict[str, _Node]:
        """Begins the next level and returns the one above it."""
        self.levels.append({})
        return self.levels[-2]

    def add(self, policy: str, parents: Sequence[_Node]) -> _Node:
        node = _Node(policy, [policy], set(parents))
        for each in parents:
            each.children.add(node)
        self.leaves[policy] = node
        return node

    def drop(self, level: dict[str, _Node], node: _Node) -> None:
        for parent in node.parents:
            parent.children.discard(node)
        for child in node.children:
            child.parents.discard(node)
        del level[node.policy]

    def prune(self) -> None:
        """Drops what has no children, level by level towards the root, which stays."""
        for level in reversed(self.levels[1:-1]):
            for node in list(level.values()):
                if not node.children:
                    self.drop(level, node)


@dataclass(slots=True)
class _State:
    """How many more certificates until each rule binds (RFC 5280, 6.1.2 (d) to (f))."""

    explicit: int
    inhibit_any: int
    mapping: int
    graph: _Graph | None = field(default_factory=_Graph)


def valid(path: Sequence[Certificate]) -> bool:
    """May the path be used, if any policy will do?"""
    length = len(path) - 1
    if length == 0:
        return True
    state = _State(length + 1, length + 1, length + 1)
    for index in range(length - 1, -1, -1):
        certificate = path[index]
        if not certificate.policies:
            state.graph = None
        if state.explicit == 0 and state.graph is None:
            return False
        if state.graph is not None:
            last = index == 0
            _assert_policies(state, state.graph, certificate, last=last)
            if not last and not _map(state, state.graph, certificate):
                return False
        if index:
            _count_down(state, certificate)
    return _outcome(state, path[0])


def _assert_policies(state: _State, graph: _Graph, certificate: Certificate, *, last: bool) -> None:
    """RFC 9618, 6.1.3 (d)."""
    above = graph.descend()
    expecting: dict[str, list[_Node]] = {}
    for node in above.values():
        for policy in node.expected:
            expecting.setdefault(policy, []).append(node)
    for policy in certificate.policies:
        if policy == ANY_POLICY:
            continue
        parents = expecting.get(policy) or [above[each] for each in (ANY_POLICY,) if each in above]
        if parents:
            graph.add(policy, parents)
    any_counts = state.inhibit_any > 0 or (not last and certificate.self_issued)
    if ANY_POLICY in certificate.policies and any_counts:
        for policy, parents in expecting.items():
            if policy not in graph.leaves:
                graph.add(policy, parents)
    graph.prune()


def _map(state: _State, graph: _Graph, certificate: Certificate) -> bool:
    """RFC 9618, 6.1.4 (a) and (b); False for a mapping from or to anyPolicy."""
    mappings: dict[str, list[str]] = {}
    for issuer, subject in certificate.policy_mappings:
        if state.mapping > 0:
            if ANY_POLICY in (issuer, subject):
                return False
            mappings.setdefault(issuer, []).append(subject)
        elif issuer in graph.leaves:
            graph.drop(graph.leaves, graph.leaves[issuer])
    if certificate.policy_mappings:
        graph.prune()
    for issuer, subjects in mappings.items():
        node = graph.leaves.get(issuer)
        if node is None and ANY_POLICY in graph.leaves:
            # The new node hangs below anyPolicy of its own level.
            node = graph.add(issuer, [graph.leaves[ANY_POLICY]])
        if node is not None:
            node.expected = subjects
    return True


def _count_down(state: _State, certificate: Certificate) -> None:
    """RFC 5280, 6.1.4 (h) to (j)."""
    if not certificate.self_issued:
        state.explicit = max(0, state.explicit - 1)
        state.mapping = max(0, state.mapping - 1)
        state.inhibit_any = max(0, state.inhibit_any - 1)
    state.explicit = _lower(state.explicit, certificate.require_explicit_policy)
    state.mapping = _lower(state.mapping, certificate.inhibit_policy_mapping)
    state.inhibit_any = _lower(state.inhibit_any, certificate.inhibit_any_policy)


def _lower(current: int, asked: int | None) -> int:
    return min(current, asked) if asked is not None and asked >= 0 else current


def _outcome(state: _State, leaf: Certificate) -> bool:
    """RFC 9618, 6.1.5 (g), with anyPolicy as the only policy that the user asks for."""
    if max(0, state.explicit - 1) > 0 and leaf.require_explicit_policy != 0:
        return True
    graph = state.graph
    if graph is None:
        return False
    if ANY_POLICY in graph.leaves:
        return True
    return any(
        node.policy != ANY_POLICY and [each.policy for each in node.parents] == [ANY_POLICY]
        for level in graph.levels
        for node in level.values()
    )
