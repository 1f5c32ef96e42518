"""What of a ``buildkitd.toml`` is ignored, or does not do what it looks like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from regdoctor.clients.authority import host_of, port_of
from regdoctor.clients.buildkit_hosts import Rules, Section
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.hosts_toml import HUB, HUB_HOST
from regdoctor.clients.plan import Note

KEYS = {"mirrors", "http", "insecure", "ca", "keypair", "tlsconfigdir"}


def notes_of(
    path: str,
    settings: Mapping[str, Any],
    sections: Mapping[str, Section],
    rules: Rules,
    files: Filesystem,
    host: str,
) -> tuple[Note, ...]:
    """Notes that concern the way to ``host[:port]``, as a reference has it."""
    mine = sections.get(host, Section())
    return (
        *_unknown(path, settings, host),
        *_misnamed(path, sections, host),
        *_mirrors(path, sections, mine, rules, host),
        *_unread(files, mine),
        *_docker(files, mine, host),
    )


def _unknown(path: str, settings: Mapping[str, Any], host: str) -> Iterator[Note]:
    for key in settings.get("registry", {}).get(host, {}):
        if key not in KEYS:
            yield Note(
                "setting-ignored",
                path,
                key,
                f'`{key}` in [registry."{host}"] of {path} means nothing there and is ignored',
            )


def _misnamed(path: str, sections: Mapping[str, Section], host: str) -> Iterator[Note]:
    if host == HUB and HUB_HOST in sections:
        yield Note(
            "registry-key-never-used",
            path,
            HUB_HOST,
            f'[registry."{HUB_HOST}"] of {path} is never used for Docker Hub: its key is "{HUB}"',
        )
    for key in () if host in sections else sections:
        if key == host or host_of(key) != host_of(host) or "/" in key:
            continue
        ports = {port_of(key) or "443", port_of(host) or "443"}
        if len(ports) == 1 or not port_of(key):
            yield Note(
                "registry-key-never-used",
                path,
                key,
                f'[registry."{key}"] of {path} does not hold for {host}: the key is the host '
                "with its port, letter for letter",
            )


def _mirrors(
    path: str, sections: Mapping[str, Section], mine: Section, rules: Rules, host: str
) -> Iterator[Note]:
    for written in mine.mirrors:
        bare = written.partition("://")[2] or written
        mirror = bare.partition("/")[0]
        if not rules.mirror_paths and "://" in written:
            yield Note(
                "mirror-url-unusable",
                path,
                written,
                f"mirror {written} of {path} has a scheme, which this release takes for the "
                "host: it is never reached",
            )
            continue
        if rules.mirror_paths and bare != mirror and bare in sections:
            yield Note(
                "registry-key-never-used",
                path,
                bare,
                f'[registry."{bare}"] of {path} is never used: the options of a mirror stand '
                f'under its host alone, "{mirror}"',
            )
        own = sections.get(mirror if rules.mirror_paths else bare)
        trust = mine.authorities or mine.directories
        if trust and (own is None or not (own.authorities or own.directories or own.insecure)):
            yield Note(
                "mirror-without-its-own-section",
                path,
                mirror,
                f'the ca of [registry."{host}"] in {path} is for {host} itself, not for its '
                f'mirror {mirror}: that one wants [registry."{mirror}"]',
            )


def _unread(files: Filesystem, mine: Section) -> Iterator[Note]:
    for directory in mine.directories:
        for name in files.names(directory):
            if name.endswith((".pem", ".cer")):
                yield Note(
                    "certificate-file-ignored",
                    f"{directory}/{name}",
                    f"{directory}/{name}",
                    f"{directory}/{name} is not read: CA files end in .crt, client "
                    "certificates in .cert",
                )


def _docker(files: Filesystem, mine: Section, host: str) -> Iterator[Note]:
    directory = f"/etc/docker/certs.d/{host}"
    if directory in mine.directories or not files.is_directory(directory):
        return
    if any(name.endswith(".crt") for name in files.names(directory)):
        yield Note(
            "certificates-not-read",
            directory,
            host,
            f"{directory} is not read by buildkitd: its ca or tlsconfigdir has to name it",
        )
