"""policy.json refuses images of the registry."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.host.asked import asked
from regdoctor.checks.protocol import Check
from regdoctor.clients import signatures
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.host import HostFiles
from regdoctor.observations.http import ManifestLook
from regdoctor.observations.network import Role
from regdoctor.observations.store import HOST, Observations


class PodmanPolicySignatureRejected(Check):
    """Only ``reject`` is a verdict. Whether a signature that is asked for is there and good
    shows in the pull."""

    code = "podman-policy-signature-rejected"
    summary = "podman's policy.json refuses images of this registry"
    question = "which rule of policy.json holds for the image, and is the signature it wants there?"
    probe = "files"
    texts = ("Source image rejected:", "is rejected by policy")
    clients = ("podman",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        if "podman" not in asked(seen):
            return
        files = seen.get(HostFiles, HOST) or HostFiles()
        policy = signatures.policy(files)
        if policy is None:
            return
        for endpoint in seen.endpoints():
            role = seen.get(Role, endpoint)
            if role is None or role.kind != "registry":
                continue
            for domain in role.domains:
                for image in _images(seen, endpoint, domain):
                    rule = policy.rule(image)
                    if rule is None or not rule.rejects:
                        continue
                    if image == domain and policy.narrower(domain):
                        continue  # some repository of it may be let in
                    yield self._finding(policy, rule, image)

    def _finding(self, policy: signatures.Policy, rule: signatures.Rule, image: str) -> Finding:
        return Finding(
            code=self.code,
            title=f"{policy.path} refuses {image} whatever its signature",
            severity="error",
            confidence="certain",
            subject=image,
            evidence=(
                Evidence(
                    f'{policy.path}: "reject" holds for {rule.scope}',
                    "files",
                    {"path": policy.path, "scope": rule.scope},
                ),
            ),
            breaks=self.clients,
        )


def _images(seen: Observations, endpoint: str, domain: str) -> Iterator[str]:
    """``domain/path:tag`` of every image that was asked for, else the domain."""
    names = []
    for _, look in seen.named(ManifestLook, endpoint):
        mark = "@" if ":" in look.reference else ":"
        names.append(f"{domain}/{look.repository}{mark}{look.reference}")
    yield from names or [domain]


CHECK = PodmanPolicySignatureRejected()
