"""Fixes of chains that are refused above the leaf, on the way, or by one client's rules."""

from __future__ import annotations

from regdoctor.fixes.authority import added, quoted
from regdoctor.fixes.certificates import (
    alternative_name,
    endpoint_of,
    host_name,
    private_root,
    written,
)
from regdoctor.model.finding import FileChange, Finding, Fix
from regdoctor.observations.store import Observations
from regdoctor.observations.trust import ChainFacts

_SHOW = "openssl s_client -connect {target} -servername {name} -showcerts </dev/null"


def _shown(seen: Observations, finding: Finding) -> str:
    """The chain as OpenSSL shows it."""
    target = finding.subject if ":" in finding.subject else f"{finding.subject}:443"
    name = quoted(host_name(seen, endpoint_of(seen, finding)))
    return _SHOW.format(target=quoted(target), name=name)


def stronger_signature(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """SHA-256 for everything below the root; the override is gone since Go 1.24."""
    drop_in = '[Service]\nEnvironment="GODEBUG=x509sha1=1"'
    return (
        Fix(
            client="server",
            title="issue the certificate again, and every intermediate that is marked, signed "
            "with SHA-256",
            disposition="manual",
            commands=(_shown(seen, finding),),
        ),
        Fix(
            client="docker",
            title="until then, and only for a dockerd built with Go 1.23 or older (docker version "
            "says so): allow SHA-1 for the daemon; containerd likewise",
            disposition="unsafe",
            commands=("systemctl daemon-reload", "systemctl restart docker"),
            files=(FileChange("/etc/systemd/system/docker.service.d/sha1.conf", added(drop_in)),),
        ),
    )


def server_usage(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A certificate for servers, or a CA that may sign for them."""
    name = host_name(seen, endpoint_of(seen, finding))
    return (
        Fix(
            client="server",
            title="issue the marked certificate again for TLS servers: extendedKeyUsage with "
            "serverAuth, or without that extension for a CA",
            disposition="manual",
            commands=(
                (
                    "openssl req -new -key server.key -out server.csr "
                    f"-subj {quoted('/CN=' + name)} "
                    f"-addext {quoted('subjectAltName=' + alternative_name(name))} "
                    "-addext extendedKeyUsage=serverAuth"
                ),
                _shown(seen, finding),
            ),
        ),
    )


def allowed_names(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A name inside, or a CA without the limit."""
    endpoint = endpoint_of(seen, finding)
    facts = seen.get(ChainFacts, endpoint)
    permitted = [name for each in facts.certificates for name in each.permitted] if facts else []
    below = f": below {permitted[0]}" if permitted else ""
    return (
        Fix(
            client="server",
            title="issue the certificate again with names that its CA may sign for"
            f"{below}, or from another CA; no other name may be among them, not even unused",
            disposition="manual",
            commands=(_shown(seen, finding),),
        ),
        Fix(
            client="all clients",
            title="nothing to install: the CA is known, and its limits are kept on purpose",
            disposition="manual",
        ),
    )


def newer_roots(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The bundle first: it fails for every site of that CA."""
    return (
        Fix(
            client="host",
            title="bring the bundle of roots up to date (Debian; on RHEL: dnf update "
            "ca-certificates), then restart the daemons, which read it once",
            disposition="safe",
            commands=(
                "apt-get install --only-upgrade ca-certificates",
                "update-ca-certificates --fresh",
                "systemctl restart docker containerd",
            ),
        ),
        Fix(
            client="server",
            title="serve the short chain, which ends at ISRG Root X1",
            disposition="manual",
            commands=(
                'certbot renew --force-renewal --preferred-chain "ISRG Root X1"',
                _shown(seen, finding),
            ),
        ),
    )


def intercepted(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """An exemption mends all clients at once; else each gets the company's root."""
    hosts = "registry, token server and the host of the layers"
    network = Fix(
        client="network",
        title=f"have the inspection leave the registry alone: {hosts} each by its name",
        disposition="manual",
        commands=(_shown(seen, finding),),
    )
    images = Fix(
        client="images being built",
        title="steps that reach the network need the root too, before the first of them",
        disposition="manual",
        files=(
            FileChange(
                "Dockerfile",
                added(
                    "COPY company-root.crt /usr/local/share/ca-certificates/\n"
                    "RUN update-ca-certificates"
                ),
            ),
        ),
    )
    obtain = Fix(
        client="all clients",
        title="or trust the root that signs there: get it and its fingerprint from those who run "
        "the inspection, not from the connection; each host that is asked needs it, so the store "
        "of the whole host is the right place",
        disposition="manual",
        commands=("openssl x509 -in ca.crt -noout -subject -fingerprint -sha256",),
    )
    return (network, obtain, *private_root(seen, finding)[1:], images)


def unblocked(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """No authority helps against a wrong name."""
    return (
        Fix(
            client="network",
            title=f"have {finding.subject} allowed in the web filter, or use the proxy or mirror "
            "that is; to trust the firewall's certificate does not help, its name stays wrong",
            disposition="manual",
            commands=(_shown(seen, finding),),
        ),
    )


def token_client(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The store of the host that runs the command, or buildctl's own flag."""
    name = written(seen, endpoint_of(seen, finding))
    context = quoted(f"host={name},ca=ca.crt")
    return (
        Fix(
            client="buildkit",
            title="trust the CA on the host that runs docker buildx (not in the builder), "
            "or name it for that program alone",
            disposition="manual",
            commands=("SSL_CERT_FILE=/path/to/bundle-with-ca.pem docker buildx build .",),
        ),
        Fix(
            client="buildkit",
            title="buildctl has a flag for it",
            disposition="manual",
            commands=(f"buildctl build --registry-auth-tlscontext {context}",),
        ),
    )


def apple_rules(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A certificate that Apple takes is one that everybody takes."""
    name = host_name(seen, endpoint_of(seen, finding))
    return (
        Fix(
            client="server",
            title="issue the certificate again for at most 825 days (397 is usual), with its "
            "names as SANs and extendedKeyUsage serverAuth",
            disposition="manual",
            commands=(
                (
                    f"openssl req -new -key server.key -out server.csr "
                    f"-subj {quoted('/CN=' + name)} "
                    f"-addext {quoted('subjectAltName=' + alternative_name(name))} "
                    "-addext extendedKeyUsage=serverAuth"
                ),
                (
                    "openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -days 397 "
                    "-copy_extensions copy -out server.crt"
                ),
            ),
        ),
        Fix(
            client="macOS",
            title="until then mark the certificate Always Trust in the System keychain; "
            "SSL_CERT_FILE is not read there",
            disposition="unsafe",
            commands=(
                (
                    "sudo security add-trusted-cert -d -r trustAsRoot "
                    "-k /Library/Keychains/System.keychain server.crt"
                ),
            ),
        ),
    )
