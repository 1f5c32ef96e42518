"""The plans of clients for a person at a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace

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
    "buildx": "buildx builder (buildkitd)",
    "kind": "kind node (containerd)",
    "cri": "containerd (kubelet, crictl)",
}


def render(plans: Sequence[ClientPlanSeen], *, width: int = WIDTH) -> str:
    """A block for each client: its endpoints in order, then what of its files is ignored.

    Clients that would do the same share one. The image stands above all.
    """
    lines: list[str] = []
    image = ""
    for together in _alike(plans):
        plan = together[0]
        if lines:
            lines.append("")
        if plan.reference != image:
            image = plan.reference
            lines += [image, ""]
        lines += _plan(together, width)
    return "\n".join(plain(line) for line in lines) + "\n"


def _alike(plans: Sequence[ClientPlanSeen]) -> Iterator[list[ClientPlanSeen]]:
    """Neighbours that differ in their names alone."""
    together: list[ClientPlanSeen] = []
    for plan in plans:
        if together and replace(plan, client=together[0].client) != together[0]:
            yield together
            together = []
        together.append(plan)
    if together:
        yield together


def _plan(together: Sequence[ClientPlanSeen], width: int) -> Iterator[str]:
    plan = together[0]
    names = ", ".join(TITLES.get(each.client, each.client) for each in together)
    yield from _wrapped("", f"{names} {plan.version}", width, "")
    if plan.guessed:
        said = f"no version was found here; {plan.version} is taken, the newest that is known"
        yield from _wrapped("(", f"{said})", width, "  ")
    if not plan.executed:
        said = "read from its source and documentation, not compared with the program"
        yield from _wrapped("(", f"{said})", width, "  ")
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
    if "https" in endpoint.schemes and (endpoint.roots or endpoint.store):
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
