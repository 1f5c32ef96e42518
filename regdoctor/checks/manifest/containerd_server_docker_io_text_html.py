"""A web page that was taken for a manifest."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

from regdoctor.checks.judging import answer_evidence, asking, severity_of, subject_of
from regdoctor.checks.manifest.images import looks
from regdoctor.checks.products.known import product_evidence
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.host import HostFiles
from regdoctor.observations.http import ManifestLook, Ping
from regdoctor.observations.images import DigestLook
from regdoctor.observations.store import HOST, Observations

HOSTS_TOML = "/etc/containerd/certs.d/docker.io/hosts.toml"
WEB_SITES = ("https://docker.io", "https://www.docker.com", "https://hub.docker.com")
"""Docker's pages for browsers; its registry is ``registry-1.docker.io``."""


class WebPage(Check):
    """``server`` names the web site in place of the registry, or a portal stands in between."""

    code = "containerd-server-docker-io-text-html"
    summary = "a web page comes in place of a manifest"
    needs = (ManifestLook,)
    question = "is the manifest answered with a page, and which server does containerd ask?"
    probe = "manifest"
    supersedes = ("manifest-unexpected-answer",)
    texts = (
        "unexpected media type text/html for sha256:",
        "reference for unknown type: text/html",
    )
    clients = ("buildkit", "containerd", "kubernetes", "nerdctl")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        yield from _configured(seen, self.code)
        for each in looks(seen):
            answers = [each.look.get, each.look.head]
            answers += [
                look.answer
                for _, look in seen.named(DigestLook, each.endpoint)
                if look.image == each.name
            ]
            page = next((a for a in answers if a and a.ok and a.html), None)
            ping = seen.get(Ping, each.endpoint)
            # Where everything is a page, that is said of the endpoint as a whole.
            if page is None or (ping is not None and ping.answer.html):
                continue
            breaks = asking(seen, each.endpoint)
            yield Finding(
                code=self.code,
                title=f"{subject_of(each.endpoint)} answers {page.status} with a web page where "
                f"the manifest of {each.image} is asked for",
                severity=severity_of(seen, breaks, each.endpoint),
                confidence="certain",
                subject=each.image,
                evidence=(
                    answer_evidence(page, "manifest"),
                    *product_evidence(seen, each.endpoint, self.code),
                ),
                breaks=breaks,
            )


def _configured(seen: Observations, code: str) -> Iterator[Finding]:
    files = seen.get(HostFiles, HOST)
    text = files.text(HOSTS_TOML) if files is not None else None
    if text is None:
        return
    try:
        server = tomllib.loads(text).get("server")
    except tomllib.TOMLDecodeError:
        return
    if not isinstance(server, str) or server.rstrip("/") not in WEB_SITES:
        return
    breaks = ("containerd",)
    yield Finding(
        code=code,
        title=f"containerd takes {server} for Docker Hub's registry: that is a web site",
        severity=severity_of(seen, breaks),
        confidence="certain",
        subject="docker.io",
        evidence=(Evidence(f'{HOSTS_TOML} has server = "{server}"', "files", {"server": server}),),
        breaks=breaks,
    )


CHECK = WebPage()
