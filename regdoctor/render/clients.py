"""The plans of clients for a person at a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from regdoctor.observations.plans import ClientPlanSeen, PlannedEndpoint
from regdoctor.render.safe import plain

WIDTH = 100
TITLES = {
    "docker-pull": "docker pull",
    "docker-build": "docker build",
    "docker-classic": "docker build (without BuildKit)",
    "docker-login": "docker login",
    "docker-cli": "docker manifest",
    "docker-desktop": "Docker Desktop: docker pull",
    "docker-desktop-build": "Docker Desktop: docker build",
    "buildx": "buildx builder",
    "kind": "kind node",
    "cri": "containerd (kubelet, crictl)",
}


def render(plans: Sequence[ClientPlanSeen], *, width: int = WIDTH) -> str:
    """A block for each client: its endpoints in order, then what of its files is ignored."""
    lines: list[str] = []
    for plan in plans:
        if lines:
            lines.append("")
        lines += _plan(plan, width)
    return "\n".join(plain(line) for line in lines) + "\n"


def _plan(plan: ClientPlanSeen, width: int) -> Iterator[str]:
    guessed = ", not found here: the newest is taken" if plan.guessed else ""
    unproven = "" if plan.executed else "; read from its source, not compared with the program"
    title = TITLES.get(plan.client, plan.client)
    yield f"{title} {plan.version}{guessed}{unproven}: {plan.reference}"
    if plan.refuses:
        yield from _wrapped("fails before any contact: ", plan.refuses, width, "  ")
    for number, endpoint in enumerate(plan.endpoints, 1):
        yield from _endpoint(number, endpoint, width)
    for note in plan.notes:
        yield from _wrapped("note: ", note.sentence, width, "  ")


def _endpoint(number: int, endpoint: PlannedEndpoint, width: int) -> Iterator[str]:
    query = f"?ns={endpoint.ns}" if endpoint.ns else ""
    yield f"  {number}  {endpoint.role:<6}  {endpoint.url}/{endpoint.repository}{query}"
    for label, text in _facts(endpoint):
        yield from _wrapped(f"{label:<8}", text, width, "       ")


def _facts(endpoint: PlannedEndpoint) -> Iterator[tuple[str, str]]:
    if endpoint.broken:
        yield "broken", endpoint.broken
        return
    yield "trust", _trust(endpoint)
    if endpoint.schemes == ("https", "http"):
        yield "http", "tried after https"
    if endpoint.roots or endpoint.store:
        files = f", and {', '.join(endpoint.roots)}" if endpoint.roots else ""
        system = endpoint.store or "the system's"
        yield "roots", f"{system}{files}"
    if endpoint.pairs:
        yield "shows", f"the client certificate {', '.join(endpoint.pairs)}"
    if endpoint.login:
        yield "login", f"{endpoint.login}, where it is asked for"
    if endpoint.proxy:
        yield "proxy", endpoint.proxy


def _trust(endpoint: PlannedEndpoint) -> str:
    if endpoint.schemes == ("http",):
        return "plain http, nothing to verify"
    if not endpoint.verify:
        return "any certificate: verification is off"
    if endpoint.trusted:
        return "yes"
    if endpoint.trusted is None:
        return f"not known: {endpoint.error}" if endpoint.error else "not looked at"
    return f"NO: {endpoint.error}"


def _wrapped(label: str, text: str, width: int, indent: str) -> list[str]:
    hang = indent + " " * len(label)
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent + label,
        subsequent_indent=hang if len(label) < 12 else indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    ) or [indent + label.rstrip()]
