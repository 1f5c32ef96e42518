"""Sonatype Nexus before 3.15: HEAD of a manifest is 404, GET serves it."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, subject_of
from regdoctor.checks.manifest.head_answers import BREAKS, HeadRefused, error_page, refusals
from regdoctor.checks.protocol import Check
from regdoctor.clients.table import OWN
from regdoctor.model.finding import Evidence, Finding, OpenQuestion, Severity
from regdoctor.model.wording import listed
from regdoctor.observations.host import AskedClients
from regdoctor.observations.http import HeadRoute, ManifestLook, Ping
from regdoctor.observations.products import is_nexus, nexus_version
from regdoctor.observations.store import HOST, Observations


class NexusHead404(Check):
    """NEXUS-12684. We go on with GET, so it warns; BuildKit and containerd say "not found"."""

    code = "nexus-lt-3.15-head-404"
    summary = "a Nexus before 3.15 answers HEAD of a manifest with 404, so BuildKit says not found"
    needs = (ManifestLook,)
    question = "is GET of the manifest served where HEAD of the same URL is 404?"
    probe = "manifest"
    supersedes = ("head-manifest-refused",)
    texts = (
        "failed to resolve source metadata for *: not found",
        "failed to resolve reference *: not found",
        "rpc error: code = Unknown desc = *: not found",
        "rpc error: code = Unknown desc = * not found",
    )
    products = ("nexus",)
    clients = ("buildkit", "containerd")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        for each in refusals(seen):
            if each.old_nexus:
                yield _finding(seen, self.code, each)
        for endpoint in seen.endpoints():
            route = seen.get(HeadRoute, endpoint)
            why = f"no image of {subject_of(endpoint)} was asked for"
            if seen.has(ManifestLook, endpoint):
                route = _refused_route(seen, endpoint)
                why = f"{subject_of(endpoint)} shows the image to nobody without a login"
            if route is not None:
                yield from _suspicion(seen, self, endpoint, route, why)


def _finding(seen: Observations, code: str, each: HeadRefused) -> Finding:
    where = subject_of(each.looked.endpoint)
    named = f"Nexus {each.version[0]}.{each.version[1]}" if each.version else "Nexus"
    identity = (
        Evidence(f"the server calls itself {named}", "ping", {"version": list(each.version)})
        if each.version
        else Evidence(
            "the page that answered HEAD is Nexus's own; something before it hides its version",
            "manifest",
        )
    )
    return Finding(
        code=code,
        title=f"{where} ({named}) answers HEAD of the manifest of {each.looked.image} with 404 "
        f"and serves it to GET: {listed(BREAKS)} will say not found",
        severity=head_severity(seen),
        confidence="certain" if each.version else "likely",
        subject=each.looked.image,
        evidence=(
            answer_evidence(each.head, "manifest"),
            answer_evidence(each.got, "manifest"),
            identity,
        ),
        breaks=BREAKS,
    )


def _refused_route(seen: Observations, endpoint: str) -> HeadRoute | None:
    """HEAD and GET of an image that a Nexus refuses: the login that opens it mends GET alone."""
    ping = seen.get(Ping, endpoint)
    for _, look in seen.named(ManifestLook, endpoint):
        if look.head is None or look.get is None or look.get.status != 401:
            continue
        answers = [look.head, look.get, *([ping.answer] if ping else [])]
        if any(map(is_nexus, answers)):
            return HeadRoute(look.head, look.get)
    return None


def _suspicion(
    seen: Observations, check: NexusHead404, endpoint: str, route: HeadRoute, why: str
) -> Iterator[Finding | OpenQuestion]:
    """No image was seen: one that does not exist, or is refused, shows whether HEAD has a route.

    A registry refuses or misses it the same way by both methods; only where the route is
    missing is the answer to HEAD a page (Nexus's own, not that of a proxy before it), and that
    to GET a registry's.
    """
    api = route.get.header("Docker-Distribution-Api-Version") or "json" in route.get.header(
        "Content-Type"
    )
    version = nexus_version([route.head, route.get])
    page = error_page(route.head) and is_nexus(route.head)
    if not page or not api or route.get.status not in (401, 404):
        return
    if version is not None and version >= (3, 15):
        return
    subject = subject_of(endpoint)
    yield Finding(
        code=check.code,
        title=f"{subject} (Nexus) has no route for HEAD of manifests: {listed(BREAKS)} will say "
        "not found for every image",
        severity=head_severity(seen),
        confidence="likely",
        subject=subject,
        evidence=(
            answer_evidence(route.head, "head-route"),
            answer_evidence(route.get, "head-route"),
        ),
        breaks=BREAKS,
    )
    yield OpenQuestion(check.code, check.question, "manifest", why)


def head_severity(seen: Observations) -> Severity:
    """As ``severity_of_head``, for those who take a 404 to HEAD for an answer."""
    return severity_of_head(seen, BREAKS)


def severity_of_head(seen: Observations, breaks: tuple[str, ...]) -> Severity:
    """A warning through our eyes, for we cope; an error for a client that does not."""
    asked = seen.get(AskedClients, HOST)
    names = asked.names if asked else (OWN,)
    return "error" if set(names) & set(breaks) else "warning"


CHECK = NexusHead404()
