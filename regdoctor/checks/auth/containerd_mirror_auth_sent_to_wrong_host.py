"""containerd has the login under the registry's name, and asks a mirror of another name."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.auth.logins import host_of, logins
from regdoctor.checks.judging import answer_evidence, severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.auth import Logins
from regdoctor.observations.http import Challenge, Ping
from regdoctor.observations.store import Observations


class ContainerdMirrorAuth(Check):
    """Of a mirror that asks everybody for a login: containerd 1.4 sends it the registry's,
    later ones send it none."""

    code = "containerd-mirror-auth-sent-to-wrong-host"
    summary = "containerd has a login for the registry, and none under the name of its mirror"
    needs = (Logins, Ping)
    question = "under which host does containerd's config.toml keep the login?"
    probe = "files"
    texts = ('ctr: failed to resolve reference "*": * Head https://*: x509: certificate signed by',)
    clients = ("containerd", "kubernetes")

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        known = logins(seen).containerd
        if known is None:
            return
        for endpoint in seen.endpoints():
            ping, challenge = seen.get(Ping, endpoint), seen.get(Challenge, endpoint)
            subject = subject_of(endpoint)
            if ping is None or ping.answer.status != 401 or subject in known.logins:
                continue
            # A token server may serve everybody behind its 401; Basic never does.
            if challenge is None or challenge.scheme != "basic":
                continue
            for domain, url in known.mirrors:
                if host_of(url) != subject or domain == subject or domain not in known.logins:
                    continue
                breaks = ("containerd",)
                yield Finding(
                    code=self.code,
                    title=f"{subject}, which containerd asks for images of {domain}, wants a "
                    f"login, and {known.path} has one under {domain} alone",
                    severity=severity_of(seen, breaks, endpoint),
                    confidence="certain",
                    subject=subject,
                    evidence=(
                        answer_evidence(ping.answer, "ping"),
                        Evidence(
                            f"{known.path} has the endpoint {url} for {domain}, a login under "
                            f"{domain}, and none under {subject}",
                            "files",
                            {"path": known.path, "domain": domain},
                        ),
                    ),
                    breaks=breaks,
                )
                break


CHECK = ContainerdMirrorAuth()
