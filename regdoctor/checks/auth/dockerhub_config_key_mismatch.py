"""A login for Docker Hub stands under a key by which docker does not look for it."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.checks.auth.logins import (
    HUB_KEY,
    HUB_NAMES,
    entry_for,
    helper_for,
    host_of,
    is_hub,
    logins,
    milder,
    registries,
)
from regdoctor.checks.auth.refusals import refusals
from regdoctor.checks.judging import severity_of, subject_of
from regdoctor.checks.protocol import Check
from regdoctor.model.finding import Evidence, Finding, OpenQuestion
from regdoctor.observations.auth import LoginFile, Logins
from regdoctor.observations.store import Observations


class DockerHubConfigKeyMismatch(Check):
    """docker, kaniko and crane know one key; podman and regdoctor know the other names too."""

    code = "dockerhub-config-key-mismatch"
    summary = "the login for Docker Hub stands under a key that docker, kaniko and crane ignore"
    needs = (Logins,)
    question = "is the login for Docker Hub kept under the key that clients look for?"
    probe = "credentials"
    texts = ("checking push permission for *index.docker.io/*: UNAUTHORIZED: authentication",)
    clients = ("docker", "buildkit", "kaniko", "crane")
    products = ("docker-hub",)

    def findings(self, seen: Observations) -> Iterator[Finding | OpenQuestion]:
        refused = {each.endpoint for each in refusals(seen)}
        for endpoint in registries(seen):
            if not is_hub(seen, endpoint):
                continue
            for file in logins(seen).files:
                key = _ignored(file)
                if not key:
                    continue
                breaks = ("docker", "buildkit")
                yield Finding(
                    code=self.code,
                    title=f"the login for Docker Hub in {file.path} stands under {key}, which "
                    "docker ignores: pulls and pushes are anonymous",
                    severity=milder(severity_of(seen, breaks, endpoint), endpoint in refused),
                    confidence="certain",
                    subject=subject_of(endpoint),
                    evidence=(
                        Evidence(
                            f"{file.path} has a login under {key}, and none under {HUB_KEY}",
                            "files",
                            {"path": file.path, "key": key, "wanted": HUB_KEY},
                        ),
                    ),
                    breaks=breaks,
                )


def _ignored(file: LoginFile) -> str:
    """The key with a login that should be Docker Hub's, where the right key has none."""
    if file.kind != "docker" or helper_for(file, HUB_NAMES)[0]:
        return ""
    right = entry_for(file, HUB_NAMES)
    if right is not None and right.kind != "empty":
        return ""
    usable = (each for each in file.entries if each.kind in ("password", "identity", "token"))
    return next((each.key for each in usable if host_of(each.key) in (*HUB_NAMES, _SITE)), "")


_SITE = "hub.docker.com"
CHECK = DockerHubConfigKeyMismatch()
