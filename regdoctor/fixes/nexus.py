"""Fixes in the settings of a Sonatype Nexus, and before it."""

from __future__ import annotations

from regdoctor.fixes.authority import added, quoted
from regdoctor.model.finding import FileChange, Finding, Fix
from regdoctor.observations.store import Observations


def _server(
    title: str, *, commands: tuple[str, ...] = (), files: tuple[FileChange, ...] = ()
) -> Fix:
    return Fix("server", title, "manual", commands, files)


def activate_realm(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Three settings that all must be so, or a login."""
    host = finding.subject.partition("/")[0]
    return (
        Fix(
            "all clients",
            "if the image is not for everybody, log in",
            "safe",
            (f"docker login {quoted(host)}",),
        ),
        _server(
            "for anonymous pulls: Security > Realms, make the Docker Bearer Token Realm active",
            commands=("curl -u admin https://NEXUS/service/rest/v1/security/realms/active",),
        ),
        _server(
            "and Security > Anonymous Access on, with the built-in user anonymous; in the "
            "repository: Allow anonymous docker pull, and since 3.89 forceBasicAuth false"
        ),
    )


def open_connector(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A port, a path, or a proxy for the repository."""
    host = finding.subject.rpartition(":")[0] or finding.subject
    return (
        _server(
            "give the repository a connector (Repository Connectors: HTTPS, or HTTP behind a "
            "TLS proxy), publish that port, and use it in names",
            commands=(f"docker login {quoted(f'{host}:PORT')}",),
        ),
        _server(
            "or let a proxy with a name of its own rewrite the path",
            commands=("nginx -s reload",),
            files=(FileChange("/etc/nginx/conf.d/registry.conf", added(_REWRITE)),),
        ),
        _server(
            "or, since 3.83, turn path based routing on in the repository: its name comes first "
            "in the name of each image",
            commands=(f"docker pull {quoted(f'{finding.subject}/REPOSITORY/IMAGE')}",),
        ),
    )


_REWRITE = (
    "location /v2/ {\n"
    "  proxy_pass http://nexus:8081/repository/docker-group/v2/;\n"
    "  proxy_set_header Host $http_host;\n"
    "  proxy_set_header X-Forwarded-Proto $scheme;\n"
    "}"
)


def push_to_hosted(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Only a hosted repository is pushed to."""
    host, _, repository = finding.subject.partition("/")
    name = host.rpartition(":")[0] or host
    new = quoted(f"{name}:PORT-OF-HOSTED/{repository}")
    return (
        Fix(
            "all clients",
            "push to the port or name of the hosted repository; pull from the group",
            "manual",
            (f"docker tag {quoted(finding.subject)} {new}", f"docker push {new}"),
        ),
        _server("Nexus Pro: give the group a writable member"),
        _server(
            "if the repository is hosted: give the account nx-repository-view-docker-NAME-add and "
            "-edit, and allow redeploy"
        ),
    )


def reach_upstream(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """What a proxy repository needs to fetch."""
    return (
        _server(
            "in the proxy repository: the remote URL without a path (https://registry-1.docker.io "
            "with the index of Docker Hub), and a login of the upstream with a token",
            commands=("grep -E 'authentication error|BypassHttpError|429' nexus.log",),
        ),
        _server(
            "then invalidate its cache: an image that was not found once stays so for a day "
            "(Not Found Cache); after new credentials restart Nexus"
        ),
    )


def allow_blob_hosts(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Registries keep blobs elsewhere."""
    return (
        _server(
            "let the Nexus reach the hosts that its upstream redirects blobs to (quay: cdn.quay.io "
            "and cdn01 to cdn06; Docker Hub: production.cloudflare.docker.com; GHCR: "
            "pkg-containers.githubusercontent.com), and trust their certificates",
            commands=("curl -sI https://cdn.quay.io/ | head -1",),
        ),
        _server(
            "if the repository is hosted: repair it (task: reconcile component database from blob "
            "store), or push the image again",
            commands=(f"regdoctor check -v {quoted(finding.subject)}",),
        ),
    )


def one_repository(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Blobs and manifest must go to the same place."""
    return (
        *push_to_hosted(_seen, finding)[:1],
        _server(
            "let the proxy before it rewrite blobs, uploads and manifests to one repository; for "
            "blobs that were lost run the task that reconciles the blob store"
        ),
    )


def plain_uploads(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """No mount, no trouble."""
    ref = quoted(f"{finding.subject}:cache")
    return (
        Fix(
            "buildkit",
            "keep the cache in the repository of the image, so that nothing is mounted",
            "safe",
            (
                (
                    f"docker buildx build --cache-to type=registry,ref={ref},mode=max,"
                    "image-manifest=true ."
                ),
            ),
        ),
        _server(
            "see that no proxy before the Nexus changes Location or drops the query of an upload",
            commands=(f"regdoctor check -v --push {quoted(finding.subject)}",),
        ),
    )


def upgrade_for_oci(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The version that takes them, or manifests that every version takes."""
    name = quoted(finding.subject) if "/" in finding.subject else "NAME"
    return (
        _server("upgrade Nexus to 3.71 or later"),
        Fix(
            "buildkit",
            "push Docker's manifests, without attestations",
            "safe",
            (
                (
                    "docker buildx build --provenance=false --output "
                    f"type=image,name={name},oci-mediatypes=false,push=true ."
                ),
            ),
        ),
    )
