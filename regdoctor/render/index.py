"""The index of the pages, by what one saw, by client and by product, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from regdoctor.checks.protocol import EVERYBODY, Check

CLIENT_NAMES = {
    "docker": "docker (the engine)",
    "docker-desktop": "Docker Desktop",
    "buildkit": "BuildKit, buildx, docker build",
    "containerd": "containerd, ctr",
    "kubernetes": "Kubernetes (kubelet)",
    "nerdctl": "nerdctl",
    "k3s": "k3s, RKE2",
    "podman": "podman, buildah, skopeo, CRI-O",
    "kaniko": "kaniko",
    "crane": "crane, ko, go-containerregistry",
    "helm": "helm",
    "regdoctor": "regdoctor",
}
"""What a check may name as its clients, and how they are called."""

PRODUCT_NAMES = {
    "acr": "Azure Container Registry",
    "artifactory": "JFrog Artifactory",
    "cloudsmith": "Cloudsmith",
    "distribution": "Docker Distribution (registry:2, registry:3)",
    "docker-hub": "Docker Hub",
    "dragonfly": "Dragonfly",
    "ecr": "Amazon ECR",
    "gar": "Google Artifact Registry, gcr.io",
    "ghcr": "GitHub Container Registry",
    "gitea": "Gitea, Forgejo",
    "gitlab": "GitLab",
    "harbor": "Harbor",
    "kraken": "Kraken",
    "nexus": "Sonatype Nexus",
    "nginx": "nginx before a registry",
    "proxy": "a proxy or load balancer before a registry",
    "pulp": "Pulp",
    "quay": "Quay",
    "zot": "zot",
}
"""What a check may name as its products, and how they are called."""

_HEAD = """# Findings, by what you saw

`regdoctor codes` lists the findings, `regdoctor codes CODE` prints a page; both work without a
network. A code never changes its meaning and is never removed. Written by `make docs` from the
checks themselves; in a text of a client, `*` stands for what varies.
"""


def render(checks: Sequence[Check]) -> str:
    """The page ``docs/troubleshooting/README.md``."""
    lines = [_HEAD, *_by_words(checks), *_by_symptom(checks), *_by_client(checks)]
    return "\n".join([*lines, *_by_product(checks)]) + "\n"


def _by_words(checks: Sequence[Check]) -> Iterator[str]:
    yield from ("## By the words of the client", "", *_head("what the client printed"))
    codes: dict[str, list[str]] = {}
    for check in checks:
        for text in check.texts:
            codes.setdefault(text, []).append(check.code)
    for text, of in codes.items():
        yield f"| `{text.replace('|', chr(92) + '|')}` | {_links(of)} |"


def _by_symptom(checks: Sequence[Check]) -> Iterator[str]:
    yield from ("", "## By what happens", "", *_head("what one sees"))
    codes: dict[str, list[str]] = {}
    for check in checks:
        for symptom in check.symptoms:
            codes.setdefault(symptom, []).append(check.code)
    for symptom, of in codes.items():
        yield f"| {symptom} | {_links(of)} |"


def _by_client(checks: Sequence[Check]) -> Iterator[str]:
    yield from ("", "## By client", "", *_head("client"))
    every = [each.code for each in checks if set(EVERYBODY) <= set(each.clients)]
    yield f"| every client | {_links(every)} |"
    for client, name in CLIENT_NAMES.items():
        of = [each.code for each in checks if client in each.clients and each.code not in every]
        if of:
            yield f"| {name} | {_links(of)} |"


def _by_product(checks: Sequence[Check]) -> Iterator[str]:
    yield from ("", "## By product of the registry", "", *_head("product"))
    for product, name in PRODUCT_NAMES.items():
        if of := [each.code for each in checks if product in each.products]:
            yield f"| {name} | {_links(of)} |"


def _head(what: str) -> tuple[str, str]:
    return f"| {what} | pages |", "|---|---|"


def _links(codes: Iterable[str]) -> str:
    return ", ".join(f"[{code}]({code}.md)" for code in codes)
