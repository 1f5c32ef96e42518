"""What of ``daemon.json`` is ignored for a reference, or does more than it looks like."""

from __future__ import annotations

from collections.abc import Iterator

from regdoctor.clients.authority import host_of, loopback, port_of
from regdoctor.clients.docker_certs_notes import certificate_notes, nearly_named
from regdoctor.clients.docker_daemon import DoesNotStart, Mirror, read_daemon
from regdoctor.clients.docker_hosts import RegistryHosts
from regdoctor.clients.docker_insecure import Insecure, read_insecure, without_scheme
from regdoctor.clients.hosts_toml import HUB
from regdoctor.clients.plan import Note, Situation

_MODERN = "builds and the containerd image store"


def notes_of(hosts: RegistryHosts, host: str, graphdriver: bool) -> tuple[Note, ...]:
    """Notes on the way to ``host[:port]``. ``graphdriver``: by the rules of that store, which are
    those of login as well; else by those of builds and of the containerd store."""
    found = [
        *_ignored(hosts),
        *_other_registry(hosts, host),
        *_near_misses(hosts, host),
        *certificate_notes(hosts, host, graphdriver),
    ]
    if graphdriver:
        found += _double_version(hosts, host)
    else:
        found += _of_builds(hosts, host)
    return tuple(found)


def _of_builds(hosts: RegistryHosts, host: str) -> Iterator[Note]:
    if hosts.version.since(28):
        yield from _overridden(hosts, host)
        yield from _shared_client(hosts, host)
        return
    yield from _without_effect(hosts, host)
    yield from _mirror_urls(hosts, host)
    if not hosts.version.since(20):
        yield from _drawn(hosts, host)


def _mirrors(hosts: RegistryHosts, host: str) -> tuple[Mirror, ...]:
    return hosts.daemon.mirrors if host == HUB else ()


def _named(hosts: RegistryHosts, host: str) -> bool:
    """Is it insecure because ``daemon.json`` says so, not for being on loopback?"""
    always = read_insecure((), hosts.insecure.addresses)
    return hosts.insecure.covers(host) and not always.covers(host)


def _other_registry(hosts: RegistryHosts, host: str) -> Iterator[Note]:
    """Told of a registry that is in nothing here: neither a mirror itself nor configured."""
    daemon = hosts.daemon
    known = host == HUB or loopback(host) or hosts.insecure.covers(host)
    if not daemon.mirrors or known or host in {each.host for each in daemon.mirrors}:
        return
    names = (host, f"{host_of(host)}_{port_of(host)}_", "_default")
    if any(hosts.files.is_directory(f"{daemon.certificates}/{name}") for name in names):
        return
    yield Note(
        "registry-mirrors-only-apply-to-docker-io",
        daemon.file,
        host,
        f"registry-mirrors of {daemon.file} are for Docker Hub alone: {host} is asked directly",
    )


def _ignored(hosts: RegistryHosts) -> Iterator[Note]:
    for key in hosts.daemon.ignored:
        wanted = {"registry-mirror": "registry-mirrors", "insecure-registry": "insecure-registries"}
        yield Note(
            "setting-ignored",
            hosts.daemon.file,
            key,
            f'dockerd starts with "{key}" in {hosts.daemon.file} and ignores it: '
            + (f'the key is "{wanted[key]}"' if key in wanted else 'it belongs below "proxies"'),
        )


def _near_misses(hosts: RegistryHosts, host: str) -> Iterator[Note]:
    if hosts.insecure.covers(host):
        return
    for entry in hosts.daemon.insecure:
        bare = without_scheme(entry)
        if nearly_named(bare, host):
            yield Note(
                "insecure-registries-entry-does-not-match",
                hosts.daemon.file,
                entry,
                f'"{entry}" of insecure-registries in {hosts.daemon.file} does not cover {host}: '
                "the entry is the host with its port, letter for letter",
            )


def _double_version(hosts: RegistryHosts, host: str) -> Iterator[Note]:
    for mirror in _mirrors(hosts, host):
        if mirror.path.endswith("/v2"):
            yield Note(
                "docker-mirror-path-double-v2",
                hosts.daemon.file,
                mirror.written,
                f"mirror {mirror.written} is asked under {mirror.path}/v2/: its path must not end "
                "in /v2",
            )


def _overridden(hosts: RegistryHosts, host: str) -> Iterator[Note]:
    found = hosts.found(host)
    if not found.tables:
        return
    file = f"{found.directory}/hosts.toml"
    ignored = [each.written for each in _mirrors(hosts, host)]
    ignored += [entry for entry in hosts.daemon.insecure if without_scheme(entry) == host]
    for entry in ignored:
        yield Note(
            "docker29-insecure-or-certsd-looks-configured",
            hosts.daemon.file,
            entry,
            f"{entry} of {hosts.daemon.file} has no effect on {host}: {file} has [host] tables, "
            "and they take its place",
        )


def _shared_client(hosts: RegistryHosts, host: str) -> Iterator[Note]:
    if hosts.found(host).tables:
        return
    for mirror in _mirrors(hosts, host):
        if hosts.insecure.covers(mirror.host):
            yield Note(
                "docker-insecure-mirror-unverifies-hub",
                hosts.daemon.file,
                mirror.host,
                f"mirror {mirror.host} is insecure, and its client is that of Docker Hub as well: "
                "registry-1.docker.io is not verified either",
            )


def _effective(hosts: RegistryHosts, host: str) -> set[str]:
    """The hosts that are insecure in a build; in 19.03 every entry that has a host."""
    return {
        key
        for key, section in hosts.sections(host).items()
        if section.http
        or section.insecure
        or (not hosts.version.since(20) and key in hosts.entries())
    }


def _without_effect(hosts: RegistryHosts, host: str) -> Iterator[Note]:
    """Insecure for docker pull, and not for builds: by the form of the entry, or as a mirror."""
    effective = _effective(hosts, host)
    for contacted in (host, *(each.host for each in _mirrors(hosts, host))):
        if contacted in effective or not _named(hosts, contacted):
            continue
        entry = f'"{contacted}" itself'
        if not hosts.version.since(25):
            entry = f'"http://{contacted}" or "https://{contacted}"'
        yield Note(
            "buildkit-1809-ignored-insecure-registries",
            hosts.daemon.file,
            contacted,
            f"insecure-registries of {hosts.daemon.file} makes {contacted} insecure for the "
            f"graphdriver image store, but not for {_MODERN} of {hosts.version}: there {entry} "
            "has to be listed",
        )


def _mirror_urls(hosts: RegistryHosts, host: str) -> Iterator[Note]:
    plain = {key for key, section in hosts.sections(host).items() if section.http}
    if not hosts.version.since(20):
        plain = _effective(hosts, host)
    for mirror in _mirrors(hosts, host):
        if mirror.scheme == "http" and not loopback(mirror.host) and mirror.host not in plain:
            yield Note(
                "docker-build-mirror-scheme-dropped",
                hosts.daemon.file,
                mirror.written,
                f"{_MODERN} of {hosts.version} ask mirror {mirror.written} by https: the scheme "
                "is dropped",
            )
        if mirror.path:
            kept = f"/v2{mirror.path}/" if hosts.version.since(25) else "/v2/"
            yield Note(
                "docker-build-mirror-path-differs",
                hosts.daemon.file,
                mirror.written,
                f"mirror {mirror.written} is asked under {mirror.path}/v2/ by the graphdriver "
                f"image store, and under {kept} by {_MODERN} of {hosts.version}",
            )


def _drawn(hosts: RegistryHosts, host: str) -> Iterator[Note]:
    if len(_mirrors(hosts, host)) > 1:
        yield Note(
            "docker1903-build-draws-one-mirror",
            hosts.daemon.file,
            HUB,
            f"docker build of {hosts.version} draws one of the registry-mirrors each time and "
            "asks no other host after it, not even Docker Hub",
        )


def manifest_notes(insecure: Insecure, host: str, situation: Situation) -> tuple[Note, ...]:
    """Notes on ``docker manifest``, which is the command's own work."""
    try:
        daemon = read_daemon(situation)
        told = read_insecure(daemon.insecure, situation.addresses)
    except DoesNotStart:
        return ()
    if not told.covers(host) or insecure.covers(host):
        return ()
    return (
        Note(
            "docker-manifest-cli-ignores-daemon-insecure",
            daemon.file,
            host,
            f"insecure-registries of {daemon.file} means nothing to docker manifest, which is "
            "not the daemon's work: it wants --insecure",
        ),
    )
