"""What lies in ``certs.d``, or beside it, and is not read for a reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from regdoctor.clients.authority import host_of, port_of
from regdoctor.clients.docker_hosts import RegistryHosts
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.hosts_toml import HUB, HUB_HOST
from regdoctor.clients.keypairs import holds_certificate, holds_key
from regdoctor.clients.plan import Note

CONTAINERD = "/etc/containerd/certs.d"
_EXTENSION = "docker-certsd-cert-vs-crt-extension"
_NAME = "docker-certsd-directory-name-port"
_DOCKERS_OWN = {
    "certificate-file-ignored": _EXTENSION,
    "client-key-without-certificate": _EXTENSION,
    "certificates-beside-hosts-toml": "docker29-insecure-or-certsd-looks-configured",
}
"""What containerd's traps are called where docker steps into them."""
_HUB_NAMES = (HUB, HUB_HOST, "index.docker.io")


def certificate_notes(hosts: RegistryHosts, host: str, graphdriver: bool) -> tuple[Note, ...]:
    """Notes on the directories for ``host[:port]`` and, for Docker Hub, for its mirrors."""
    if not graphdriver and hosts.version.since(28):
        found = [*_of_containerd(hosts, host)]
    elif not graphdriver and not hosts.version.since(20):
        found = [*_unread_in_builds(hosts, host)]
    else:
        found = [*_of_directories(hosts, host, graphdriver)]
    return (*found, *_of_containerd_itself(hosts, host))


def _secure(hosts: RegistryHosts, host: str) -> bool:
    return not hosts.insecure.covers(host)


def _used(files: Filesystem, directory: str) -> bool:
    """Does something lie there that somebody means to be read?"""
    return any(
        name.endswith((".crt", ".cert", ".pem", ".cer")) or name == "hosts.toml"
        for name in files.names(directory)
    )


def _named(files: Filesystem, directory: str, suffix: str) -> list[str]:
    return [f"{directory}/{name}" for name in files.names(directory) if name.endswith(suffix)]


# -- docker pull with graphdrivers, and builds of 20.10 to 27 -------------------------------------


def _of_directories(hosts: RegistryHosts, host: str, graphdriver: bool) -> Iterator[Note]:
    files, certificates = hosts.files, hosts.daemon.certificates
    mirrors = [each.host for each in hosts.daemon.mirrors] if host == HUB else []
    own = [] if graphdriver and host == HUB else [host]
    for contacted in (*own, *mirrors):
        directory = f"{certificates}/{contacted}"
        if graphdriver and not _secure(hosts, contacted):
            yield from _passed_over(files, directory, contacted)
            continue
        yield from _extensions(files, directory, graphdriver)
        yield from _misnamed(files, certificates, contacted, (contacted,))
    yield from _hosts_toml(files, certificates, host)
    if graphdriver and host == HUB:
        yield from _hub(files, certificates, bool(mirrors))
    yield from _for_the_mirror(hosts, mirrors)


def _passed_over(files: Filesystem, directory: str, host: str) -> Iterator[Note]:
    if _named(files, directory, ".crt") or _named(files, directory, ".cert"):
        yield Note(
            "insecure-registry-certificates-ignored",
            directory,
            host,
            f"{host} is insecure to dockerd, so {directory} is not read: no CA of it counts and "
            "no client certificate is shown",
        )


def _extensions(files: Filesystem, directory: str, graphdriver: bool) -> Iterator[Note]:
    names = files.names(directory)
    for name in names:
        path = f"{directory}/{name}"
        stem, _, extension = name.rpartition(".")
        sentence = ""
        if extension in ("pem", "cer"):
            sentence = "is not read: CA files end in .crt, client certificates in .cert"
        elif extension == "crt" and f"{stem}.key" in names and f"{stem}.cert" not in names:
            sentence = f"is taken for a CA; beside {stem}.key it has to be {stem}.cert"
        elif extension == "crt":
            read = files.read(path)
            if not read.error and not holds_certificate(read.content):
                sentence = "holds no certificate in PEM and is passed over without a word"
        elif extension == "cert" and f"{stem}.key" not in names:
            sentence = f"has no {stem}.key beside it, and a CA ends in .crt: nothing is contacted"
        elif extension == "key" and f"{stem}.cert" not in names and f"{stem}.crt" not in names:
            what = "nothing is contacted" if graphdriver else "it is not used"
            sentence = f"has no {stem}.cert beside it: {what}"
        if sentence:
            yield Note(_EXTENSION, path, path, f"{path} {sentence}")


def _misnamed(
    files: Filesystem, certificates: str, host: str, accepted: Sequence[str]
) -> Iterator[Note]:
    """Directories that are nearly the one for ``host``, where that does not exist."""
    if any(files.exists(f"{certificates}/{name}") for name in accepted):
        return
    for name in files.names(certificates):
        directory = f"{certificates}/{name}"
        if _near(name, host) and _used(files, directory):
            yield Note(
                _NAME,
                directory,
                name,
                f"{directory} is not read for {host}: its name has to be {accepted[-1]}, as the "
                "reference has it",
            )


def _near(name: str, host: str) -> bool:
    """Is it the host with another way to write its port, or with other letters?"""
    if host == HUB:
        return name in _HUB_NAMES
    if name == f"{host_of(host)}_{port_of(host)}_":
        return True
    if name.endswith("_") or host_of(name).lower() != host_of(host).lower():
        return False
    ports = {port_of(name), port_of(host)}
    return len(ports) == 1 or "" in ports


def _hosts_toml(files: Filesystem, certificates: str, host: str) -> Iterator[Note]:
    underscored = f"{host_of(host)}_{port_of(host)}_"
    for name in (underscored, host, "_default"):
        path = f"{certificates}/{name}/hosts.toml"
        if files.is_file(path):
            yield Note(
                "docker-hosts-toml-not-read",
                path,
                path,
                f"{path} is not read here: only builds and the containerd image store read it, "
                "since 28",
            )


def _hub(files: Filesystem, certificates: str, mirrored: bool) -> Iterator[Note]:
    """With mirrors, a directory for docker.io has its use in builds since 28."""
    for name in _HUB_NAMES:
        directory = f"{certificates}/{name}"
        if _used(files, directory) and not (mirrored and name == HUB):
            yield Note(
                _NAME,
                directory,
                name,
                f"{directory} is not read for Docker Hub by this image store, whatever its name",
            )


def _for_the_mirror(hosts: RegistryHosts, mirrors: Sequence[str]) -> Iterator[Note]:
    files, certificates = hosts.files, hosts.daemon.certificates
    hub = f"{certificates}/{HUB}"
    for mirror in mirrors:
        own = f"{certificates}/{mirror}"
        if _secure(hosts, mirror) and _named(files, hub, ".crt") and not files.exists(own):
            yield Note(
                _NAME,
                hub,
                mirror,
                f"the CA of {hub} does not cover mirror {mirror} here: that one wants {own}",
            )


# -- builds of 19.03 ------------------------------------------------------------------------------


def _unread_in_builds(hosts: RegistryHosts, host: str) -> Iterator[Note]:
    directory = f"{hosts.daemon.certificates}/{host}"
    if _used(hosts.files, directory):
        yield Note(
            "docker1903-build-ignores-certsd",
            directory,
            host,
            f"{directory} is not read by docker build of {hosts.version}, only by docker pull: "
            "the CA belongs into the system's store",
        )


# -- builds and the containerd store since 28 ------------------------------------------------------


def _of_containerd(hosts: RegistryHosts, host: str) -> Iterator[Note]:
    files, certificates = hosts.files, hosts.daemon.certificates
    found = hosts.found(host)
    for note in found.notes:
        yield replace(note, kind=_DOCKERS_OWN.get(note.kind, note.kind))
    yield from _unloadable(files, found.directory)
    if not found.directory or found.directory.endswith("/_default"):
        yield from _misnamed(files, certificates, host, (host,))
    if host == HUB and not found.tables:
        yield from _of_mirrors(hosts)


def _unloadable(files: Filesystem, directory: str) -> Iterator[Note]:
    if files.is_file(f"{directory}/hosts.toml"):
        return
    for path in _named(files, directory, ".cert"):
        key = f"{path.removesuffix('.cert')}.key"
        if not files.exists(key) and not holds_key(files.read(path).content):
            yield Note(
                _EXTENSION,
                path,
                path,
                f"{path} holds no key and has no .key beside it, and a CA ends in .crt: nothing "
                "is contacted",
            )


def _of_mirrors(hosts: RegistryHosts) -> Iterator[Note]:
    """The client of a mirror is the Hub's: what lies in the mirror's own directory is not used."""
    files, certificates = hosts.files, hosts.daemon.certificates
    own = hosts.found(HUB).entries[-1]
    trusted = {file.content for file in own.authorities}
    shown = {pair.content for pair in own.pairs}
    unverified = any(not _secure(hosts, each.host) for each in hosts.daemon.mirrors)
    for mirror in hosts.daemon.mirrors:
        directory = f"{certificates}/{mirror.host}"
        authorities = {
            files.read(path).content for path in _named(files, directory, ".crt")
        } - trusted
        pairs = {files.read(path).content for path in _named(files, directory, ".cert")} - shown
        if mirror.scheme == "https" and ((authorities and not unverified) or pairs):
            yield Note(
                "docker-mirror-uses-origin-certsd-not-mirror-certsd",
                directory,
                mirror.host,
                f"{directory} is not read for mirror {mirror.host} by builds and the containerd "
                f"image store since 28: they use {certificates}/{HUB} for the mirrors of Docker "
                "Hub, too",
            )


# -- containerd's own directory -------------------------------------------------------------------


def _of_containerd_itself(hosts: RegistryHosts, host: str) -> Iterator[Note]:
    files, certificates = hosts.files, hosts.daemon.certificates
    mirrored = host == HUB and bool(hosts.daemon.mirrors)
    if mirrored or not _secure(hosts, host) or files.exists(f"{certificates}/{host}"):
        return
    underscored = f"{host_of(host)}_{port_of(host)}_"
    if files.exists(f"{certificates}/{underscored}") or files.exists(f"{certificates}/_default"):
        return
    for name in (underscored, host, "_default"):
        directory = f"{CONTAINERD}/{name}"
        if _used(files, directory):
            yield Note(
                "dockerd-does-not-read-containerd-certsd",
                directory,
                host,
                f"{directory} is containerd's: dockerd reads {certificates} alone, also with the "
                "containerd image store",
            )
            return
