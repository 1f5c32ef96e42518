"""What in the files of podman, buildah, skopeo and CRI-O is ignored or dangerous."""

from __future__ import annotations

import posixpath
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from builder.oci.reference import Reference
from regdoctor.clients.certs_d import roots_of
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.keypairs import holds_certificate
from regdoctor.clients.plan import Endpoint, Note, Situation
from regdoctor.clients.registries_conf import Conf, Registry

_ROOT_KEYS = {
    "registry",
    "registries",
    "unqualified-search-registries",
    "short-name-mode",
    "aliases",
    "credential-helpers",
    "additional-layer-store-auth-helper",
}
_REGISTRY_KEYS = {"prefix", "location", "insecure", "blocked", "mirror-by-digest-only", "mirror"}
_MIRROR_KEYS = {"location", "insecure", "pull-from-mirror"}
_VARIABLES = ("CONTAINERS_REGISTRIES_CONF", "REGISTRIES_CONFIG_PATH")


def notes_of(
    files: Filesystem,
    conf: Conf,
    situation: Situation,
    reference: Reference,
    endpoints: Sequence[Endpoint],
) -> tuple[Note, ...]:
    """The traps that these files hold for this command; nothing for files that are right."""
    home = situation.files.home or "/root"
    notes = [
        *_unknown_keys(files, conf),
        *_hidden_drop_ins(files, conf, home),
        *_mirrors(conf, reference, endpoints),
    ]
    if situation.client == "skopeo":
        notes += _variables(situation)
    for host in dict.fromkeys(_directory_name(each) for each in endpoints):
        notes += _certificates(files, roots_of(home), host)
    return tuple(dict.fromkeys(notes))


def _directory_name(endpoint: Endpoint) -> str:
    return "docker.io" if endpoint.host == "registry-1.docker.io" else endpoint.host


def _unknown_keys(files: Filesystem, conf: Conf) -> Iterator[Note]:
    for path in conf.read:
        text = files.text(path)
        try:
            settings = tomllib.loads(text) if text else {}
        except tomllib.TOMLDecodeError:
            continue
        for key in _odd(settings):
            yield Note(
                "setting-ignored",
                path,
                key,
                f"{key} in {path} is no setting that registries.conf knows: it has no effect",
            )
        if isinstance(settings.get("registries"), dict):
            yield Note(
                "registries-conf-old-format",
                path,
                "[registries.*]",
                f"{path} has the old format, which knows no mirrors and cannot be mixed with "
                "[[registry]]",
            )


def _odd(settings: Mapping[str, Any]) -> Iterator[str]:
    yield from (key for key in settings if key not in _ROOT_KEYS)
    for registry in _tables(settings.get("registry")):
        yield from (f"registry.{key}" for key in registry if key not in _REGISTRY_KEYS)
        for mirror in _tables(registry.get("mirror")):
            yield from (f"registry.mirror.{key}" for key in mirror if key not in _MIRROR_KEYS)


def _tables(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _hidden_drop_ins(files: Filesystem, conf: Conf, home: str) -> Iterator[Note]:
    own = f"{home}/.config/containers/registries.conf"
    if own not in conf.read:
        return
    hidden = [f"/etc/containers/registries.conf.d/{name}" for name in _conf_names(files)]
    if files.is_file("/etc/containers/registries.conf"):
        hidden.insert(0, "/etc/containers/registries.conf")
    for path in hidden:
        yield Note(
            "registries-conf-hidden-by-users",
            path,
            own,
            f"{path} is not read: {own} exists, and stands in place of the system's files",
        )


def _conf_names(files: Filesystem) -> Iterator[str]:
    names = files.names("/etc/containers/registries.conf.d")
    return (name for name in names if name.endswith(".conf"))


def _mirrors(conf: Conf, reference: Reference, endpoints: Sequence[Endpoint]) -> Iterator[Note]:
    registry = conf.matching(str(reference))
    if registry is None:
        return
    if registry.mirrors and reference.digest is None and registry.by_digest_only:
        yield Note(
            "mirrors-by-digest-only",
            registry.file,
            registry.prefix,
            f"the mirrors of {registry.prefix} serve digests only (mirror-by-digest-only): "
            "a tag goes to the registry itself",
        )
    rewritten = registry.mirrors or registry.location != registry.prefix
    if rewritten and endpoints and all("pull" not in each.capabilities for each in endpoints):
        yield Note(
            "mirrors-bypassed",
            registry.file,
            registry.prefix,
            f"only pulls use the mirrors and the location of {registry.prefix}; this command asks "
            f"{reference.domain} itself",
        )
    yield from _insecure(conf, registry)


def _insecure(conf: Conf, registry: Registry) -> Iterator[Note]:
    for mirror in registry.mirrors:
        own = conf.registries.get(mirror.location.partition("/")[0])
        if own is not None and own.insecure and not mirror.insecure:
            yield Note(
                "insecure-of-another-table",
                registry.file,
                mirror.location,
                f"insecure of [[registry]] {own.prefix} does not count where it is a mirror: "
                "set it in [[registry.mirror]]",
            )


def _variables(situation: Situation) -> Iterator[Note]:
    for name in _VARIABLES:
        if situation.environment.get(name):
            yield Note(
                "setting-ignored",
                "the environment",
                name,
                f"skopeo does not read {name}; it has --registries-conf",
            )


def _certificates(files: Filesystem, roots: tuple[str, ...], host: str) -> Iterator[Note]:
    chosen = ""
    for root in roots:
        directory = f"{root}/{host}"
        if not files.is_directory(directory):
            continue
        if chosen:
            if files.names(directory):
                yield Note(
                    "certificates-not-read",
                    directory,
                    chosen,
                    f"{directory} is not read: {chosen} exists, and directories are not merged",
                )
            continue
        chosen = directory
        yield from _ignored_files(files, directory)
    if not chosen:
        yield from _other_names(files, roots, host)


def _ignored_files(files: Filesystem, directory: str) -> Iterator[Note]:
    for name in files.names(directory):
        path = f"{directory}/{name}"
        suffix = posixpath.splitext(name)[1]
        if suffix in (".crt", ".cert", ".key") or files.is_directory(path):
            continue
        if holds_certificate(files.read(path).content):
            yield Note(
                "certificate-file-ignored",
                path,
                name,
                f"{path} holds a certificate and is not read: authorities end in .crt",
            )


def _other_names(files: Filesystem, roots: tuple[str, ...], host: str) -> Iterator[Note]:
    bare, _, port = host.partition(":")
    others = (bare,) if port else (f"{host}:443", f"{host}:80")
    for root in roots:
        for name in others:
            if files.is_directory(f"{root}/{name}"):
                yield Note(
                    "directory-name-differs",
                    f"{root}/{name}",
                    host,
                    f"{root}/{name} is not read for {host}: the directory is named exactly as the "
                    "registry is written, with its port or without",
                )
