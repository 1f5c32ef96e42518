"""Faults that only who runs the server, or the network before it, can mend: where to look."""

from __future__ import annotations

from regdoctor.fixes.authority import quoted
from regdoctor.model.finding import Finding, Fix
from regdoctor.observations.store import Observations


def _look(finding: Finding, *extra: str) -> str:
    """An OpenSSL client on the subject's port."""
    host, _, port = finding.subject.rpartition(":")
    if not host or not port.isdecimal():
        host, port = finding.subject, "443"
    target, name = quoted(f"{host}:{port}"), quoted(host.strip("[]"))
    words = ("openssl s_client", f"-connect {target}", f"-servername {name}", *extra)
    return f"{' '.join(words)} </dev/null"


def add_site(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A name that the server does not know."""
    return (
        Fix(
            client="server",
            title="add the name to the virtual host or ingress of the registry, with a "
            "certificate for it; or use a name that the server has",
            disposition="manual",
            commands=(_look(finding),),
        ),
    )


def allow_modern_tls(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Versions and ciphers that Go programs offer."""
    return (
        Fix(
            client="server",
            title="allow TLS 1.2 or 1.3 with an ECDHE cipher (AES-GCM or ChaCha20)",
            disposition="manual",
            commands=(_look(finding, "-tls1_2"), _look(finding, "-tls1_3")),
        ),
    )


def right_backend(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Another program, or none, behind the port."""
    return (
        Fix(
            client="server",
            title="look what listens behind that name and port, in the load balancer as well: the "
            "registry's TLS does not",
            disposition="manual",
            commands=(_look(finding),),
        ),
    )


_ANEW = {
    "path-length": "have the server's certificate issued by a CA that may have as many CAs below "
    "it as there are: nearer the root, or made anew with a longer pathlen",
    "extension": "issue the certificate anew without the critical extension that Go does not know, "
    "or with it marked not critical",
    "issuer": "have the certificate issued by a certificate that is a CA (basicConstraints "
    "CA:TRUE, keyUsage keyCertSign), and send that one with it",
    "": "issue the certificate anew without what Go names",
}


def trusted_path(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """What Go refuses has to be issued anew; a renewed CA has to be handed out."""
    cause = next((str(e.data["cause"]) for e in finding.evidence if "cause" in e.data), "")
    show = _look(finding, "-showcerts")
    if cause == "namesake":
        return (
            Fix(
                client="all clients",
                title="where the CA was renewed under its old name, replace its file by the new "
                "one, after its owner has confirmed the fingerprint",
                disposition="manual",
                commands=("openssl x509 -in ca.crt -noout -subject -fingerprint -sha256",),
            ),
            Fix(
                client="server",
                title="or send the intermediate that really signed the server's certificate, or a "
                "certificate of the CA that clients have",
                disposition="manual",
                commands=(show,),
            ),
        )
    return (Fix(client="server", title=_ANEW[cause], disposition="manual", commands=(show,)),)


def healthy_registry(_seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """An endpoint that answers otherwise than a registry."""
    where = quoted(finding.subject.partition("/")[0])
    return (
        Fix(
            client="server",
            title="see that the name and port are the registry's, that what stands before it "
            "forwards /v2/ whole, and what the registry's log says of the request",
            disposition="manual",
            commands=(f"regdoctor check -v {where}",),
        ),
    )
