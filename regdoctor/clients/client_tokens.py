"""The command beside a build daemon: it has the credentials, and it fetches the tokens.

``buildctl``, ``docker buildx`` and ``docker build`` get tokens in their own process, with its pool
and its proxies, unless BUILDKIT_NO_CLIENT_TOKEN is set there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from regdoctor.clients.credentials import (
    docker_auths,
    docker_config_path,
    docker_credential,
    unused_keys,
)
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.keypairs import load_pair
from regdoctor.clients.plan import ClientPair, Endpoint, Go, Note, PemFile, Situation, Transport
from regdoctor.clients.processes import process


def with_client(
    endpoints: Sequence[Endpoint], situation: Situation, go: Go
) -> tuple[Endpoint, ...]:
    """``endpoints`` with the credential that each is offered and the way to its realm.

    ``go`` is what the command was built with.
    """
    files = Filesystem(situation.files)
    environment = situation.cli_environment
    auths = docker_auths(files, docker_config_path(files, environment))
    daemon = environment.get("BUILDKIT_NO_CLIENT_TOKEN", "") in ("1", "t", "T", "true", "TRUE")
    own = Transport(process(files, environment, go))
    contexts = contexts_of(files, situation.every("registry-auth-tlscontext"))
    return tuple(
        replace(
            each,
            credential=docker_credential(auths, each.host),
            tokens=None if daemon else contexts.get(each.host, TlsContext()).applied(own),
        )
        for each in endpoints
    )


def contexts_of(files: Filesystem, written: Sequence[str]) -> dict[str, TlsContext]:
    """``host=...,ca=...,cert=...,key=...,insecure=...``, by the registry's host as contacted;
    several for one host add up."""
    found: dict[str, TlsContext] = {}
    for text in written:
        fields = {
            name.strip().lower(): value.strip()
            for name, _, value in (part.partition("=") for part in text.split(","))
        }
        host = fields.get("host", "")
        known = found.get(host, TlsContext())
        found[host] = known.extended(files, fields)
    return found


def notes_of(endpoints: Sequence[Endpoint], situation: Situation) -> tuple[Note, ...]:
    """Credentials and TLS contexts of the command that no endpoint will see."""
    files = Filesystem(situation.files)
    path = docker_config_path(files, situation.cli_environment)
    auths = docker_auths(files, path)
    hosts = {each.host for each in endpoints}
    unused = [note for host in sorted(hosts) for note in unused_keys(auths, path, host)]
    contexts = contexts_of(files, situation.every("registry-auth-tlscontext"))
    return (
        *unused,
        *(
            Note(
                "tls-context-never-used",
                "--registry-auth-tlscontext",
                host,
                f"--registry-auth-tlscontext host={host} holds for no endpoint: host= is the "
                f"registry that asks for the token ({', '.join(sorted(hosts))}), not the realm",
            )
            for host in contexts
            if host not in hosts
        ),
    )


@dataclass(frozen=True, slots=True)
class TlsContext:
    """TLS settings of the command for one registry's token realm."""

    authorities: tuple[PemFile, ...] = ()
    pairs: tuple[ClientPair, ...] = ()
    verify: bool = True

    def extended(self, files: Filesystem, fields: Mapping[str, str]) -> TlsContext:
        """With what one more ``--registry-auth-tlscontext`` says."""
        authorities, pairs = list(self.authorities), list(self.pairs)
        path = fields.get("ca", "")
        read = files.read(path)
        if path and not read.error:
            authorities.append(PemFile(path, read.content))
        pair, _ = load_pair(files, fields.get("cert", ""), fields.get("key", ""))
        if pair is not None:
            pairs.append(pair)
        verify = self.verify and fields.get("insecure", "") not in ("true", "1")
        return TlsContext(tuple(authorities), tuple(pairs), verify)

    def applied(self, transport: Transport) -> Transport:
        return replace(transport, extra=self.authorities, pairs=self.pairs, verify=self.verify)
