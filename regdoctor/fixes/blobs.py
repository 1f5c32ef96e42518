"""Fixes of blobs: the storage behind a registry, caches and time-outs before it."""

from __future__ import annotations

from collections.abc import Callable

from regdoctor.fixes import certificates, servers
from regdoctor.fixes.advice import manual, nginx, safe, server
from regdoctor.fixes.authority import quoted
from regdoctor.model.finding import FileChange, Finding, Fix
from regdoctor.observations.store import Observations

_CHAINS: dict[str, Callable[[Observations, Finding], tuple[Fix, ...]]] = {
    "x509-expired-certificate": certificates.renew,
    "x509-hostname-mismatch": certificates.reissue,
    "x509-legacy-common-name": certificates.reissue,
    "x509-no-ip-sans": certificates.reissue,
    "x509-missing-intermediate": certificates.whole_chain,
    "x509-self-signed-leaf": certificates.self_signed,
    "x509-unknown-authority-private-root": certificates.private_root,
    "x509-chain-rejected": servers.trusted_path,
}
_NO_REDIRECT = server(
    "or let the registry give blobs itself: Distribution as here, Harbor "
    "storage_service.redirect.disable, GitLab registry['storage'] redirect disable",
    files=(
        FileChange(
            "/etc/docker/registry/config.yml", "+storage:\n+  redirect:\n+    disable: true\n"
        ),
    ),
)


def reach_storage(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A way to the storage, or none needed."""
    host, _, port = finding.subject.rpartition(":")
    name = host if host and port.isdecimal() else finding.subject
    return (
        manual(
            "host",
            f"let clients reach {finding.subject}: its name, the firewall, the proxy's list (ECR "
            "in a private network needs the gateway endpoint of S3)",
            f"getent ahosts {quoted(name.strip('[]'))}",
        ),
        _NO_REDIRECT,
    )


def trusted_storage(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """What mends the same fault of a registry, at the storage."""
    cause = next((str(e.data["cause"]) for e in finding.evidence if "cause" in e.data), "")
    planner = _CHAINS.get(cause)
    return (*(planner(seen, finding) if planner else ()), _NO_REDIRECT)


def unaltered_address(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """The signed address as it was signed, alone."""
    return (
        server(
            "let nothing rewrite host, path or query of the signed address: the registry must sign "
            "for the name that clients use (regionendpoint), and its clock must be right",
            "timedatectl show -p NTPSynchronized",
        ),
        server(
            "give the storage a name that is neither the registry's nor below it: Go's clients "
            "send the login on to those",
        ),
        _NO_REDIRECT,
    )


def untouched_bytes(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Nothing that packs or unpacks, and no stale rest here."""
    return (
        server(
            "let nothing before the registry compress, unpack or rewrite what is below /v2/",
            files=(nginx("gzip off;", 'proxy_set_header Accept-Encoding "";'),),
        ),
        *_fresh(finding),
    )


def clean_cache(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The damaged copy."""
    return (
        server(
            "where the bytes are the same each time, take the blob out of the cache or mirror that "
            "gives them, and fetch it again; where they vary, suspect the way (a box that scans, a "
            "network card, memory)",
        ),
        *_fresh(finding),
    )


def _fresh(_finding: Finding) -> tuple[Fix, ...]:
    return (
        manual(
            "containerd",
            "then drop what was begun here",
            "ctr -n k8s.io content active",
            "ctr -n k8s.io content prune references",
        ),
        safe("buildkit", "and what a builder kept", "docker buildx prune"),
        safe("docker", "docker keeps nothing of a pull that failed: pull again", "docker info"),
    )


def patient_proxies(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Time-outs and full disks on the way."""
    return (
        server(
            "raise the time-outs of what stands before the registry, and look for a full disk of "
            "its cache",
            "df -h",
            files=(
                nginx("proxy_read_timeout 900s;", "proxy_buffering off;", "send_timeout 900s;"),
            ),
        ),
        server(
            "Nexus as a proxy: let its own client wait longer",
            files=(
                FileChange(
                    "nexus-data/etc/nexus.properties",
                    "+nexus.httpclient.connectionpool.idleTime=600s\n",
                ),
            ),
        ),
        manual("podman", "before 4.8 podman begins anew after each cut: upgrade", "podman version"),
    )


def backend_behind_proxy(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The proxy that answered, and what is behind it."""
    return (
        server(
            "look whether the registry runs, and whether the proxy leads there (504: in time)",
            f"curl -sSi https://{quoted(finding.subject.partition('/')[0])}/v2/",
            files=(
                nginx(
                    "proxy_read_timeout 900s;",
                    "proxy_request_buffering off;",
                    "client_max_body_size 0;",
                ),
            ),
        ),
        server(
            "ingress-nginx: the same as annotations",
            files=(
                FileChange(
                    "ingress.yaml",
                    '+    nginx.ingress.kubernetes.io/proxy-read-timeout: "900"\n'
                    '+    nginx.ingress.kubernetes.io/proxy-request-buffering: "off"\n',
                ),
            ),
        ),
    )


def artifactory_path(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The rewrite that is missing."""
    where = quoted(finding.subject)
    return (
        server(
            "in Artifactory under HTTP settings choose the docker access method, and take the "
            "proxy configuration that it writes for it",
            f"curl -sSi https://{where}/artifactory/api/docker/REPOSITORY/v2/",
            files=(nginx("rewrite ^/v2/(.*) /artifactory/api/docker/REPOSITORY/v2/$1 break;"),),
        ),
        manual(
            "docker",
            "log in to the host alone; with the path method images are HOST/REPOSITORY/NAME",
            f"docker login {where}",
        ),
    )


def quick_lookup(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The server, or the address, that does not answer."""
    host, _, port = finding.subject.rpartition(":")
    name = quoted((host if host and port.isdecimal() else finding.subject).strip("[]"))
    return (
        manual(
            "host",
            "ask each nameserver by itself, and take those out that do not answer",
            f"time getent ahostsv4 {name}",
            f"time getent ahostsv6 {name}",
            "cat /etc/resolv.conf",
        ),
        manual(
            "docker",
            "Docker Desktop and builders in containers have a resolver of their own",
            files=(FileChange("/etc/docker/daemon.json", '+  "dns": ["192.0.2.53"]\n'),),
        ),
        manual(
            "all clients",
            "if the lookup is quick, time the credential helper as well",
            "grep -e credsStore -e credHelpers ~/.docker/config.json",
        ),
    )
