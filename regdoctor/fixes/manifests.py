"""Fixes of images and manifests: another reference, another push, a registry that is right."""

from __future__ import annotations

from regdoctor.fixes.advice import host_of, manual, nginx, safe, server
from regdoctor.fixes.authority import quoted
from regdoctor.model.finding import FileChange, Finding, Fix
from regdoctor.observations.store import Observations


def known_digest(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A registry that loses the digest between two requests."""
    image = quoted(finding.subject)
    return (
        server("upgrade the registry: Harbor's proxy cache has it right from 2.1.1 on"),
        safe(
            "docker", "the engine's own pull asks by tag, and fills a cache", f"docker pull {image}"
        ),
        manual(
            "buildkit",
            "until then build from a copy in another registry",
            f"skopeo copy --all docker://{image} docker://REGISTRY/NAME:TAG",
        ),
    )


def whole_copy(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """All platforms, attestations included."""
    return (
        manual(
            "all clients",
            "copy the image again with every platform, from where it is whole",
            f"skopeo copy --all docker://SOURCE docker://{quoted(finding.subject)}",
        ),
        server("let clean-ups keep what an index names, also where it has no tag of its own"),
    )


def other_platform(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """What the index has, or a build for what it lacks."""
    image = quoted(finding.subject)
    data = next((each.data for each in finding.evidence if "offered" in each.data), {})
    offered = [str(each) for each in data.get("offered", ())]
    has = quoted(offered[0] if offered else "OS/ARCHITECTURE")
    lacks = str(data.get("wanted", "linux/amd64"))
    both = quoted(",".join(dict.fromkeys((lacks, *offered[:1]))))
    return (
        manual(
            "docker",
            "take a platform that it has (to run it here needs emulation)",
            f"docker pull --platform {has} {image}",
        ),
        manual(
            "buildkit",
            "in a Dockerfile, name the platform; or build the base image for both",
            f"docker buildx build --platform {both} --push -t NAME .",
        ),
        manual("podman", "as docker", f"podman pull --platform {has} {image}"),
        manual(
            "containerd",
            "give the node's platform to who publishes the image, or pin the pod to nodes of "
            "another architecture",
            "kubectl get nodes -L kubernetes.io/arch",
        ),
    )


def plain_variant(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Ask for the variant that there is."""
    image = quoted(finding.subject)
    return (
        manual(
            "docker",
            "ask for a variant that the image has; an engine that names an unknown one is old",
            f"docker pull --platform linux/arm64 {image}",
            "docker version",
        ),
        manual(
            "all clients",
            "or correct the index: containerd's rules have no variant for arm64 v8 and amd64 v1",
            f"docker buildx imagetools inspect --raw {image}",
        ),
    )


def pin_the_index(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The digest of the whole."""
    name = quoted(finding.subject.partition("@")[0])
    return (
        manual(
            "all clients",
            "pin the digest of the index, which is the first that this prints",
            f"docker buildx imagetools inspect {name}:TAG",
        ),
        manual(
            "all clients",
            "where a mirror kept one platform alone, copy all of them",
            f"skopeo copy --all docker://SOURCE docker://{name}:TAG",
        ),
    )


def new_schema(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Converted by what still reads the old one."""
    image = quoted(finding.subject)
    return (
        manual(
            "all clients",
            "convert the image with skopeo, which still reads schema 1, or build it again",
            f"skopeo copy --format v2s2 docker://{image} docker://REGISTRY/NAME:TAG",
        ),
        manual(
            "containerd",
            "containerd 2.0, and no later one, reads it with this in the environment of its unit",
            files=(
                FileChange(
                    "/etc/systemd/system/containerd.service.d/schema1.conf",
                    "+[Service]\n"
                    '+Environment="CONTAINERD_ENABLE_DEPRECATED_PULL_SCHEMA_1_IMAGE=1"\n',
                ),
            ),
        ),
    )


def one_accept(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A registry of today."""
    image = quoted(finding.subject)
    return (
        server("upgrade the registry: this was mended in 2016"),
        server(
            "or let a proxy before it send the type alone",
            files=(
                nginx(
                    "proxy_set_header Accept application/vnd.docker.distribution.manifest.v2+json;"
                ),
            ),
        ),
        manual(
            "containerd",
            "or bring the image in by hand",
            f"skopeo copy docker://{image} docker-archive:image.tar",
            "ctr -n k8s.io images import image.tar",
        ),
    )


def whole_head(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """HEAD as GET has it."""
    return (
        server(
            "let HEAD of /v2/ pass unchanged: no compression, no rewriting on the way (Harbor's "
            "proxy cache: 2.1.3 or later)",
            files=(nginx("gzip off;", "proxy_buffering off;"),),
        ),
        safe(
            "regdoctor",
            "nothing to do: regdoctor build asks with GET where HEAD says too little",
            "regdoctor build .",
        ),
        manual(
            "docker",
            "until then pull by digest, which needs no HEAD of the tag",
            f"skopeo inspect --format '{{{{.Digest}}}}' docker://{quoted(finding.subject)}",
        ),
    )


def ignore_ns(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """The mirror's proxy."""
    return (
        server(
            "match paths without their query ($uri, not $request_uri), and do not pass it on",
            files=(nginx("set $args '';", "proxy_pass http://registry;"),),
        ),
        manual(
            "containerd",
            "or take the mirror out of hosts.toml; dockerd's own pull and podman do not send ns",
        ),
    )


def with_library(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The whole name."""
    host = host_of(finding.subject)
    name = finding.subject.removeprefix(f"{host}/")
    return (
        manual(
            "all clients",
            "write the name in full, or make the cache a mirror and keep the short name",
            f"docker pull {quoted(f'{host}/library/{name}')}",
        ),
        manual(
            "docker",
            "as a mirror of Docker Hub",
            files=(
                FileChange(
                    "/etc/docker/daemon.json", f'+  "registry-mirrors": ["https://{host}"]\n'
                ),
            ),
        ),
    )


def right_server(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The registry in place of the web site."""
    return (
        manual(
            "containerd",
            "name Docker Hub's registry, not its web site",
            files=(
                FileChange(
                    "/etc/containerd/certs.d/docker.io/hosts.toml",
                    '-server = "https://docker.io"\n+server = "https://registry-1.docker.io"\n',
                ),
            ),
        ),
        manual(
            "docker",
            "take mirrors that answer with pages out of registry-mirrors",
            "docker info --format '{{.RegistryConfig.Mirrors}}'",
        ),
        server(
            "lead /v2/ whole to the registry; a portal must answer it with 401, not with a page",
            f"regdoctor check -v {quoted(host_of(finding.subject))}",
        ),
    )


def without_attestation(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """A plain manifest, or a registry that takes an index."""
    output = "--output type=image,oci-mediatypes=false,push=true"
    return (
        manual(
            "buildkit",
            "push without attestations, with docker's media types where those are refused too",
            "docker buildx build --provenance=false --sbom=false --push -t NAME .",
            f"docker buildx build --provenance=false --sbom=false {output} -t NAME .",
        ),
        server("upgrade the registry: Artifactory 7.11, Harbor 2, Nexus 3.71 and their likes"),
    )


def see_first_error(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Without the fallback the first error shows."""
    return (
        manual(
            "docker",
            "push the same image with something that does not fall back, and read its error",
            "skopeo copy --format v2s2 docker-daemon:NAME:TAG docker://REGISTRY/NAME:TAG",
        ),
        server("upgrade the registry, and let no proxy change the body of a PUT"),
    )


def current_engine(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """zstd, or not."""
    return (
        manual("docker", "upgrade the engine to 23.0 or later", "docker version"),
        manual(
            "docker",
            "or have a copy of the image packed with gzip",
            "skopeo copy --dest-compress-format gzip --dest-force-compress-format "
            "docker://SOURCE docker://REGISTRY/NAME:TAG",
        ),
    )


def shared_secret(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """One secret for all."""
    return (
        server(
            "where several registries share a name, give all the same secret; else leave it",
            "openssl rand -hex 32",
            files=(FileChange("/etc/docker/registry/config.yml", "+http:\n+  secret: SECRET\n"),),
        ),
    )
