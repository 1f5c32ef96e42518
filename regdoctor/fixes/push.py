"""Fixes for pushes: what stands before the registry, how the registry runs, what a client sends."""

from __future__ import annotations

from regdoctor.fixes.authority import added, quoted
from regdoctor.model.finding import FileChange, Finding, Fix
from regdoctor.observations.store import Observations


def _host(finding: Finding) -> str:
    return finding.subject.partition("/")[0]


def _server(
    title: str, *, commands: tuple[str, ...] = (), files: tuple[FileChange, ...] = ()
) -> Fix:
    return Fix("server", title, "manual", commands, files)


def _again(finding: Finding) -> str:
    return f"regdoctor check --push {quoted(finding.subject)}"


def allow_large_bodies(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Every proxy on the way has a limit of its own."""
    return (
        _server(
            "lift the limit on bodies in every nginx before the registry, its own one included",
            commands=("nginx -s reload", _again(finding)),
            files=(
                FileChange("/etc/nginx/conf.d/registry.conf", added("client_max_body_size 0;")),
            ),
        ),
        _server(
            "ingress-nginx: the same by an annotation of the registry's Ingress",
            files=(
                FileChange(
                    "ingress.yaml",
                    added(
                        "metadata:\n  annotations:\n"
                        '    nginx.ingress.kubernetes.io/proxy-body-size: "0"'
                    ),
                ),
            ),
        ),
        _server(
            "Cloudflare: take the registry's name out of the proxy (DNS only), for the plan sets "
            "the limit"
        ),
    )


def forwarded_headers(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The registry must learn how it is addressed, or give relative addresses."""
    host = _host(finding)
    return (
        _server(
            "let what stands before the registry say how it is addressed; with a second proxy "
            "behind a TLS terminator write https, not $scheme",
            commands=("nginx -s reload", _again(finding)),
            files=(
                FileChange(
                    "/etc/nginx/conf.d/registry.conf",
                    added(
                        "proxy_set_header Host $http_host;\n"
                        "proxy_set_header X-Forwarded-Proto $scheme;"
                    ),
                ),
            ),
        ),
        _server(
            "or let Distribution give relative addresses, which clients resolve themselves",
            files=(
                FileChange(
                    "/etc/docker/registry/config.yml",
                    added(f"http:\n  host: https://{host}\n  relativeurls: true"),
                ),
            ),
        ),
    )


def one_registry(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Replicas that are one registry."""
    return (
        _server(
            "give every replica the same secret (any long random string) and one shared storage",
            commands=("openssl rand -hex 32", _again(finding)),
            files=(
                FileChange(
                    "/etc/docker/registry/config.yml",
                    added("http:\n  secret: <the same for every replica>"),
                ),
            ),
        ),
        _server(
            "or let each client stay with one replica (Kubernetes: sessionAffinity: ClientIP)",
            files=(FileChange("service.yaml", added("spec:\n  sessionAffinity: ClientIP")),),
        ),
    )


def push_elsewhere(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A cache takes no pushes; a proxy must let POST pass."""
    return (
        _server(
            "push to a registry that is no pull-through cache: run a second one, without "
            "proxy.remoteurl and without maintenance.readonly",
        ),
        _server(
            "where a web page came back: let POST, PATCH, PUT and DELETE of /v2/ pass to the "
            "registry, and redirect no http to https there",
            commands=(_again(finding),),
        ),
    )


def count_chunks(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Send blobs whole."""
    host = quoted(_host(finding))
    return (
        Fix(
            "all clients",
            "regctl: never send a blob in chunks; docker, BuildKit, containerd and podman do not",
            "safe",
            (f"regctl registry set --blob-max -1 {host}",),
        ),
        _server("update the registry: zot after August 2025 and Distribution 3 count rightly"),
    )


def more_quota(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Room in the project."""
    host, _, repository = finding.subject.partition("/")
    project = repository.partition("/")[0]
    url = f"https://{host}/api/v2.0/projects/{project}/summary"
    return (
        _server(
            "raise the quota of the project, or delete artifacts and run garbage collection",
            commands=(f"curl -su USER {quoted(url)}", _again(finding)),
        ),
    )


def may_push(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A login, and a right."""
    return (
        Fix(
            "all clients",
            "log in with an account that may push there",
            "safe",
            (f"docker login {quoted(_host(finding))}", _again(finding)),
        ),
        _server("or give the account the right to push to that repository; some create it first"),
    )


def healthy_pushes(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A step that fails: the log of the registry names the reason."""
    return (
        _server(
            "see what the registry's log says of the request, and that what stands before it "
            "passes POST, PATCH, PUT and DELETE of /v2/ on unchanged",
            commands=(f"regdoctor check -v --push {quoted(finding.subject)}",),
        ),
    )


def tell_location(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A header that got lost."""
    return (
        _server(
            "let the proxy pass the registry's Location and Docker-Upload-UUID headers on",
            commands=(f"regdoctor check -v --push {quoted(finding.subject)}",),
        ),
    )


def purge_uploads(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Open uploads end by themselves where the registry is told to."""
    return (
        _server(
            "let the registry remove uploads that nobody finishes (Distribution: uploadpurging)",
            files=(
                FileChange(
                    "/etc/docker/registry/config.yml",
                    added(
                        "storage:\n  maintenance:\n    uploadpurging:\n"
                        "      enabled: true\n      age: 168h"
                    ),
                ),
            ),
        ),
    )


def mount_or_upload(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """The registry, or who rewrites its queries."""
    return (
        _server(
            "let POST with mount= and from= reach the registry with its query, and the account "
            "read the repository that is named; a registry that cannot mount answers 202"
        ),
    )


def delete_by_hand(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """What is still there, by name."""
    host, _, repository = finding.subject.partition("/")
    names = [each.fact.partition(" ")[0] for each in finding.evidence]
    manifests = [name.partition("/")[2] for name in names if name.startswith("manifests/")]
    return (
        _server(
            "delete what is left in the registry's own way, or let its garbage collection do it: "
            "no tag leads there",
            commands=tuple(
                f"skopeo delete docker://{quoted(f'{host}/{repository}@{digest}')}"
                for digest in manifests
            ),
        ),
    )


def take_docker_types(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Let the registry take them, or push OCI's."""
    return (
        _server(
            "zot: let it take Docker's manifests",
            files=(FileChange("/etc/zot/config.json", added('"http": {"compat": ["docker2s2"]}')),),
        ),
        Fix(
            "buildkit",
            "push OCI manifests",
            "safe",
            (
                (
                    "docker buildx build --output "
                    f"type=image,name={quoted(finding.subject)},oci-mediatypes=true,push=true ."
                ),
            ),
        ),
        Fix(
            "docker",
            "docker push sends Docker's from the classic image store, OCI's from the containerd "
            "image store",
            "manual",
            files=(
                FileChange(
                    "/etc/docker/daemon.json",
                    added('"features": {"containerd-snapshotter": true}'),
                ),
            ),
        ),
    )


def cache_as_image(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """BuildKit's newer form of a cache."""
    ref = quoted(f"{finding.subject}:cache") if "/" in finding.subject else "REGISTRY/CACHE"
    return (
        Fix(
            "buildkit",
            "export the cache as an image manifest (the default since BuildKit 0.21)",
            "safe",
            (
                (
                    f"docker buildx build --cache-to type=registry,ref={ref},mode=max,"
                    "image-manifest=true,oci-mediatypes=true ."
                ),
            ),
        ),
        Fix(
            "buildkit",
            "or keep it in the image, or here; ECR also refuses a cache under an immutable tag",
            "safe",
            ("docker buildx build --cache-to type=inline .",),
        ),
    )


def other_tag(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """A tag of its own for each push."""
    return (
        Fix(
            "all clients",
            "push a tag that does not exist yet, and keep caches in a repository whose tags move",
            "manual",
            (
                (
                    "aws ecr describe-repositories --query "
                    "'repositories[].[repositoryName,imageTagMutability]'"
                ),
            ),
        ),
        _server(
            "or except the tag from the rule (ECR: exclusion filters; Harbor: the rule's tags)"
        ),
    )


def resolve_location(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """The client is at fault; the registry can spare it."""
    return (
        Fix(
            "all clients",
            "update the client, or push with one that resolves relative addresses",
            "manual",
            ("skopeo copy dir:image docker://HOST/REPOSITORY:TAG",),
        ),
        _server(
            "Distribution: give whole addresses",
            files=(
                FileChange(
                    "/etc/docker/registry/config.yml", added("http:\n  relativeurls: false")
                ),
            ),
        ),
    )


def helm_flags(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Each command of helm is told by itself."""
    return (
        Fix(
            "helm",
            "name the registry's CA in every command (since helm 3.12)",
            "safe",
            ("helm push CHART.tgz oci://HOST/REPOSITORY --ca-file ca.pem",),
        ),
        Fix(
            "helm",
            "for a registry that speaks plain HTTP, in a network that you trust (since 3.13)",
            "unsafe",
            ("helm push CHART.tgz oci://HOST/REPOSITORY --plain-http",),
        ),
    )


def plain_images(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Update the registry, or push what it takes."""
    return (
        _server("update the registry to a version that takes OCI indexes and artifacts"),
        Fix(
            "buildkit",
            "push one image without attestations, in Docker's media types",
            "safe",
            (
                (
                    "docker buildx build --provenance=false --sbom=false --output type=image,"
                    f"name={quoted(finding.subject)},oci-mediatypes=false,push=true ."
                ),
            ),
        ),
    )


def notice_subjects(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """The registry, or what stands before it."""
    return (
        _server(
            "update the registry, and let what stands before it pass the OCI-Subject header on; "
            "oras and cosign can keep to the tag schema meanwhile",
            commands=("cosign sign --registry-referrers-mode=legacy IMAGE",),
        ),
    )
