"""Fixes of faults that only a new certificate, a whole chain or a right clock mends."""

from __future__ import annotations

from regdoctor.fixes.authority import Authority, added, install, quoted
from regdoctor.fixes.containerd import root_of
from regdoctor.model.finding import FileChange, Finding, Fix
from regdoctor.observations.host import HostFiles
from regdoctor.observations.network import Role
from regdoctor.observations.store import HOST, Observations
from regdoctor.observations.tls import ServedChain
from regdoctor.observations.trust import ChainFacts, ChainVerdicts


def private_root(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """Install the root: from this host where it has it, else from the registry's owner."""
    endpoint = endpoint_of(seen, finding)
    facts, verdicts = seen.get(ChainFacts, endpoint), seen.get(ChainVerdicts, endpoint)
    root = next((each for each in facts.certificates if each.self_signed), None) if facts else None
    holder = verdicts.holders[0] if verdicts and verdicts.holders else ""
    name = root.subject if root else (facts.certificates[-1].issuer if facts else "its CA")
    fingerprint = root.fingerprint if root else ""
    authority = Authority(name, written(seen, endpoint), fingerprint, holder)
    return install(seen, finding, authority)


def self_signed(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A small CA is better; else that very certificate is the authority."""
    endpoint = endpoint_of(seen, finding)
    facts = seen.get(ChainFacts, endpoint)
    leaf = facts.certificates[0] if facts else None
    name = host_name(seen, endpoint)
    remake = Fix(
        client="server",
        title="issue the certificate from a CA of your own, with the name among its SANs; "
        "until then, make the self-signed one with its name",
        disposition="manual",
        commands=(
            (
                "openssl req -x509 -newkey rsa:3072 -nodes -days 397 -keyout server.key "
                f"-out server.crt -subj {quoted('/CN=' + name)} "
                f"-addext {quoted('subjectAltName=' + alternative_name(name))}"
            ),
        ),
    )
    if leaf is not None and not leaf.san_present:
        return (remake,)
    authority = Authority(
        leaf.subject if leaf else name,
        written(seen, endpoint),
        leaf.fingerprint if leaf else "",
    )
    return (remake, *install(seen, finding, authority))


def whole_chain(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The server's to mend: no client should have to know intermediates."""
    endpoint = endpoint_of(seen, finding)
    host = host_name(seen, endpoint)
    where = quoted(finding.subject if ":" in finding.subject else f"{finding.subject}:443")
    confirm = f"openssl s_client -connect {where} -servername {quoted(host)} -showcerts </dev/null"
    return (
        Fix(
            client="server",
            title="send the intermediate after the server's own certificate "
            "(nginx: ssl_certificate names the joined file)",
            disposition="manual",
            commands=("cat server.crt intermediate.crt > fullchain.crt", confirm),
        ),
        Fix(
            client="registry",
            title="Docker Distribution: REGISTRY_HTTP_TLS_CERTIFICATE names the joined file; "
            "Let's Encrypt calls it fullchain.pem",
            disposition="manual",
            commands=("export REGISTRY_HTTP_TLS_CERTIFICATE=/certs/fullchain.crt",),
        ),
        Fix(
            client="nexus",
            title="import the whole chain into the keystore, not the leaf alone",
            disposition="manual",
            commands=(
                (
                    "openssl pkcs12 -export -in server.crt -inkey server.key "
                    "-certfile intermediate.crt -name jetty -out keystore.p12"
                ),
            ),
        ),
    )


def renew(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """No client can mend an expired certificate, and none should stop verifying for it."""
    host = host_name(seen, endpoint_of(seen, finding))
    where = quoted(finding.subject if ":" in finding.subject else f"{finding.subject}:443")
    return (
        Fix(
            client="server",
            title="renew the certificate that expired, and reload the program that ends TLS; "
            "behind a load balancer, on every node",
            disposition="manual",
            commands=(
                "nginx -s reload",
                (
                    f"openssl s_client -connect {where} -servername {quoted(host)} </dev/null "
                    "| openssl x509 -noout -subject -dates"
                ),
            ),
        ),
        Fix(
            client="all clients",
            title="nothing to change; do not switch verification off",
            disposition="manual",
        ),
    )


def set_clock(_seen: Observations, _finding: Finding) -> tuple[Fix, ...]:
    """Clocks of hosts and of the machines that run daemons for them."""
    return (
        Fix(
            client="host",
            title="let the clock follow a time server, and look at it in the machine where the "
            "client's daemon runs",
            disposition="safe",
            commands=("timedatectl set-ntp true", "chronyc makestep", "date -u"),
        ),
        Fix(
            client="podman",
            title="podman machine: set the clock of the virtual machine",
            disposition="safe",
            commands=("podman machine ssh sudo chronyc makestep",),
        ),
        Fix(
            client="server",
            title="where the certificate was just issued: the issuing host's clock is ahead; "
            "set it right and issue again, or wait until the certificate begins",
            disposition="manual",
        ),
    )


def reissue(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """A certificate with the name that is used, or a reference with a name that is covered."""
    endpoint = endpoint_of(seen, finding)
    host = host_name(seen, endpoint)
    facts = seen.get(ChainFacts, endpoint)
    covered = facts.certificates[0].dns_names if facts else ()
    server = Fix(
        client="server",
        title=f"issue the certificate again with {host} among its subject alternative names",
        disposition="manual",
        commands=(
            (
                f"openssl req -new -key server.key -out server.csr -subj {quoted('/CN=' + host)} "
                f"-addext {quoted('subjectAltName=' + alternative_name(host))}"
            ),
        ),
    )
    concrete = [name for name in covered if "*" not in name]
    if not concrete:
        return (server,)
    port = finding.subject.removeprefix(host)
    return (
        server,
        Fix(
            client="all clients",
            title=f"or use a name that the certificate has, if it leads to this server: "
            f"{concrete[0]}{port} instead of {finding.subject}",
            disposition="manual",
        ),
    )


def show_certificate(seen: Observations, finding: Finding) -> tuple[Fix, ...]:
    """The pair stands beside the CA, under names that each client has for it."""
    name = written(seen, endpoint_of(seen, finding))
    pair = {
        "docker": f"/etc/docker/certs.d/{name}",
        "podman": f"/etc/containers/certs.d/{name}",
    }
    fixes = [
        Fix(
            client=client,
            title="put the pair beside the CA; the suffixes must be .cert and .key",
            disposition="manual",
            commands=(
                f"install -D -m 0644 client.crt {quoted(directory + '/client.cert')}",
                f"install -D -m 0600 client.key {quoted(directory + '/client.key')}",
            ),
        )
        for client, directory in pair.items()
        if client in finding.breaks
    ]
    if "buildkit" in finding.breaks:
        section = f'[[registry."{name}".keypair]]\n  key = "client.key"\n  cert = "client.crt"'
        change = FileChange("/etc/buildkit/buildkitd.toml", added(section))
        fixes.append(Fix("buildkit", "name the pair and restart it", "manual", files=(change,)))
    if "containerd" in finding.breaks:
        root = root_of(seen.get(HostFiles, HOST) or HostFiles())
        table = f'[host."https://{name}"]\n  client = [["client.crt", "client.key"]]'
        change = FileChange(f"{root.directory}/{name}/hosts.toml", added(table))
        title = f"name the pair{root.condition}"
        fixes.append(Fix("containerd", title, "manual", files=(change, *root.change)))
    own = f"regdoctor check --cert client.crt --key client.key {quoted(name)}"
    return (*fixes, Fix("regdoctor", "show the pair", "manual", commands=(own,)))


def endpoint_of(seen: Observations, finding: Finding) -> str:
    """The endpoint that the finding is about; empty where none is."""
    matching = [each for each in seen.endpoints() if each.endswith("://" + finding.subject)]
    with_chain = [each for each in matching if seen.get(ServedChain, each)]
    return next(iter(with_chain or matching), "")


def written(seen: Observations, endpoint: str) -> str:
    """``host[:port]`` as references write it; directories of clients are named by it."""
    role = seen.get(Role, endpoint)
    return role.written if role else endpoint.partition("://")[2]


def host_name(seen: Observations, endpoint: str) -> str:
    """The host that certificates must cover."""
    served = seen.get(ServedChain, endpoint)
    if served is not None and served.server_name:
        return served.server_name
    return endpoint.partition("://")[2].rpartition(":")[0] or endpoint.partition("://")[2]


def alternative_name(host: str) -> str:
    """``DNS:name`` or ``IP:address``."""
    import ipaddress

    try:
        return f"IP:{ipaddress.ip_address(host)}"
    except ValueError:
        return f"DNS:{host}"
