"""``docker login``, which the daemon does, and ``docker manifest``, which the command does."""

from __future__ import annotations

from dataclasses import replace

from builder.oci.reference import Reference, parse
from regdoctor.clients.dangers import with_dangers
from regdoctor.clients.docker_certs import BrokenDirectory
from regdoctor.clients.docker_daemon import SYSTEM, DoesNotStart, read_daemon
from regdoctor.clients.docker_hosts import RegistryHosts
from regdoctor.clients.docker_insecure import read_insecure
from regdoctor.clients.docker_notes import manifest_notes, notes_of
from regdoctor.clients.dockerd import cli_credential, cli_environment, daemon_process, go_of
from regdoctor.clients.engines import distribution
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.graphdriver import Registries
from regdoctor.clients.hosts_toml import HUB
from regdoctor.clients.plan import ClientPlan, Credential, Situation
from regdoctor.clients.processes import process
from regdoctor.clients.program import Program
from regdoctor.clients.wire import Wire


def login_host(situation: Situation) -> str:
    """The registry of ``docker login [SERVER]``; nothing and the Hub's addresses are the Hub."""
    words = situation.words[situation.words.index("login") + 1 :] if situation.words else ()
    written = words[0] if words else "" if situation.words else situation.reference
    bare = (written.partition("://")[2] or written).partition("/")[0]
    return HUB if bare in ("", "docker.io", "index.docker.io") else bare


def login_credential(situation: Situation, host: str) -> Credential | None:
    user = situation.option("username") or situation.option("u")
    if not user:
        return cli_credential(situation, host)
    secret = situation.option("password") or situation.option("p") or ""
    return Credential("--username", "", user, secret)


def evaluate_login(situation: Situation) -> ClientPlan:
    """Both image stores log in by the rules of the graphdriver one, and never at a mirror."""
    host = login_host(situation)
    plan = ClientPlan("docker-login", situation.version, Reference(host, ""), ())
    try:
        daemon = replace(read_daemon(situation), mirrors=())
        insecure = read_insecure(daemon.insecure, situation.addresses)
    except DoesNotStart as refusal:
        return replace(plan, refuses=str(refusal))
    files = Filesystem(situation.files)
    running = daemon_process(situation, daemon)
    hosts = RegistryHosts(situation.version, daemon, insecure, files, running)
    plan = replace(plan, notes=notes_of(hosts, host, graphdriver=True))
    registries = Registries(
        situation.version,
        files,
        daemon.certificates,
        running,
        insecure,
        login_credential(situation, host),
    )
    try:
        endpoints = registries.endpoints(host, "")
    except BrokenDirectory as broken:
        return replace(plan, refuses=str(broken))
    return with_dangers(replace(plan, endpoints=endpoints), daemon.file)


def walk_login(plan: ClientPlan, _situation: Situation, wire: Wire) -> bool:
    return distribution.login(plan, wire)


def evaluate_manifest(situation: Situation) -> ClientPlan:
    """``docker manifest inspect``: the command's own process, files and environment.

    The daemon's file means nothing to it; ``--insecure`` does what an entry there would do.
    """
    reference = parse(situation.reference)
    host = reference.domain
    plan = ClientPlan("docker-cli", situation.version, reference, ())
    named = (host,) if situation.switched_on("insecure") and host != HUB else ()
    files = Filesystem(situation.files)
    insecure = read_insecure(named, situation.addresses)
    running = process(files, cli_environment(situation), go_of(situation.version))
    certificates = f"{SYSTEM}/certs.d"
    registries = Registries(
        situation.version, files, certificates, running, insecure, cli_credential(situation, host)
    )
    plan = replace(plan, notes=manifest_notes(insecure, host, situation))
    try:
        endpoints = registries.endpoints(host, reference.path)
    except BrokenDirectory as broken:
        return replace(plan, refuses=str(broken))
    return with_dangers(replace(plan, endpoints=endpoints), "--insecure")


def walk_manifest(plan: ClientPlan, situation: Situation, wire: Wire) -> bool:
    return distribution.inspect(plan, wire, plain=situation.switched_on("insecure"))


PROGRAMS = (
    Program("docker-login", evaluate_login, walk_login),
    Program("docker-cli", evaluate_manifest, walk_manifest),
)
