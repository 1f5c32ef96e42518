"""What lies in ``certs.d``, or beside it, and is not read for a reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from regdoctor.clients.authority import host_of, port_of
from regdoctor.clients.docker_daemon import Mirror
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


def _matters(hosts: RegistryHosts, directory: str) -> bool:
    """Does something lie there that is missed where nobody reads it?"""
    return any(
        name.endswith((".cert", ".pem", ".cer")) or name == "hosts.toml"
        for name in hosts.files.names(directory)
    ) or bool(_authorities(hosts, directory))


def _authorities(hosts: RegistryHosts, directory: str) -> set[bytes]:
    """The ``*.crt`` of a directory but for those that the system trusts anyway."""
    found = {hosts.files.read(path).content for path in _named(hosts.files, directory, ".crt")}
    system = [file.content for file in hosts.process.system]
    return {each for each in found if not any(each.strip() in content for content in system)}


def _named(files: Filesystem, directory: str, suffix: str) -> list[str]:
    return [f"{directory}/{name}" for name in files.names(directory) if name.endswith(suffix)]


# -- docker pull with graphdrivers, and builds of 20.10 to 27 -------------------------------------


def _of_directories(hosts: RegistryHosts, host: str, graphdriver: bool) -> Iterator[Note]:
    files, certificates = hosts.files, hosts.daemon.certificates
    mirrors = hosts.daemon.mirrors if host == HUB else ()
    own = [] if graphdriver and host == HUB else [host]
    for contacted in (*own, *(each.host for each in mirrors)):
        directory = f"{certificates}/{contacted}"
        if graphdriver and not _secure(hosts, contacted):
            yield from _passed_over(files, directory, contacted)
            continue
        yield from _extensions(files, directory, graphdriver)
        yield from _misnamed(hosts, contacted, "_default")
    yield from _hosts_toml(files, certificates, host)
    if graphdriver and host == HUB:
        yield from _hub(hosts, bool(mirrors))
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


def _misnamed(hosts: RegistryHosts, host: str, default: str = "") -> Iterator[Note]:
    """Directories that are nearly the one for ``host``, where that does not exist, and
    ``default``."""
    files, certificates = hosts.files, hosts.daemon.certificates
    if files.exists(f"{certificates}/{host}"):
        return
    for name in files.names(certificates):
        directory = f"{certificates}/{name}"
        unread = name == default and _authorities(hosts, directory)
        if unread or (_near(name, host) and _matters(hosts, directory)):
            yield Note(
                _NAME,
                directory,
                name,
                f"{directory} is not read for {host}: its name has to be {host}, as the "
                "reference has it",
            )


def _near(name: str, host: str) -> bool:
    """Is it the host with another way to write its port, or with other letters?"""
    if host == HUB:
        return name in _HUB_NAMES
    if name == f"{host_of(host)}_{port_of(host)}_":
        return True
    return nearly_named(name, host)


def nearly_named(name: str, host: str) -> bool:
    """Was ``name`` meant for ``host[:port]``: the same host with other letters or no port, or
    with a port that is the default where the reference has none?"""
    if name.endswith("_") or host_of(name).lower() != host_of(host).lower() or name == host:
        return False
    written, wanted = port_of(name), port_of(host)
    return written in ("", wanted) or (not wanted and written in ("80", "443"))


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


def _hub(hosts: RegistryHosts, mirrored: bool) -> Iterator[Note]:
    """With mirrors, a directory for docker.io has its use in builds since 28."""
    for name in _HUB_NAMES:
        directory = f"{hosts.daemon.certificates}/{name}"
        if _matters(hosts, directory) and not (mirrored and name == HUB):
            yield Note(
                _NAME,
                directory,
                name,
                f"{directory} is not read for Docker Hub by this image store, whatever its name",
            )


def _for_the_mirror(hosts: RegistryHosts, mirrors: Sequence[Mirror]) -> Iterator[Note]:
    hub = f"{hosts.daemon.certificates}/{HUB}"
    missed = [
        each.host
        for each in mirrors
        if each.scheme == "https"
        and _secure(hosts, each.host)
        and not hosts.files.exists(f"{hosts.daemon.certificates}/{each.host}")
    ]
    for mirror in missed if _authorities(hosts, hub) else ():
        yield Note(
            _NAME,
            hub,
            mirror,
            f"the CA of {hub} does not cover mirror {mirror} here: that one wants "
            f"{hosts.daemon.certificates}/{mirror}",
        )


# -- builds of 19.03 ------------------------------------------------------------------------------


def _unread_in_builds(hosts: RegistryHosts, host: str) -> Iterator[Note]:
    directory = f"{hosts.daemon.certificates}/{host}"
    if _matters(hosts, directory):
        yield Note(
            "docker1903-build-ignores-certsd",
            directory,
            host,
            f"{directory} is not read by docker build of {hosts.version}, only by docker pull: "
            "the CA belongs into the system's store",
        )


# -- builds and the containerd store since 28 ------------------------------------------------------


def _of_containerd(hosts: RegistryHosts, host: str) -> Iterator[Note]:
    found = hosts.found(host)
    for note in found.notes:
        yield replace(note, kind=_DOCKERS_OWN.get(note.kind, note.kind))
    if found.directory:
        yield from _unloadable(hosts.files, found.directory)
    if not found.directory or found.directory.endswith("/_default"):
        yield from _misnamed(hosts, host)
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
        authorities = _authorities(hosts, directory) - trusted
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
        if _matters(hosts, directory):
            yield Note(
                "dockerd-does-not-read-containerd-certsd",
                directory,
                host,
                f"{directory} is containerd's: dockerd reads {certificates} alone, also with the "
                "containerd image store",
            )
            return
