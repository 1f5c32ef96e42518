"""``registries.conf`` of containers/image: which files are read, and what they say together.

Rules of pkg/sysregistriesv2 up to go.podman.io/image 5.39; the search of podman 6 is known from
its source alone.
"""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.toml_tables import any_case, canonical

SYSTEM = "/etc/containers/registries.conf"
DROP_INS = "/etc/containers/registries.conf.d"
VENDOR = "/usr/share/containers"
PULLS = ("", "all", "digest-only", "tag-only")
MODES = ("", "enforcing", "permissive", "disabled")
_MIRROR = {"location", "insecure", "pull-from-mirror"}
_REGISTRY = {*_MIRROR, "prefix", "blocked", "mirror-by-digest-only", "mirror"}
_SECOND = {
    *("registry", "unqualified-search-registries", "short-name-mode", "aliases"),
    "credential-helpers",
}
_TOP = {"registries", *_SECOND}
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*(?::[0-9]+)?")
_IPV6 = re.compile(r"\[[0-9A-Fa-f:]+\](?::[0-9]+)?")
_NAME = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"(?!localhost/|[^/]*\.[^/]*/){_NAME}(?:/{_NAME})*")
_WITH_REGISTRY = re.compile(
    r"(?:(?:localhost|[A-Za-z0-9-]*\.[A-Za-z0-9.-]*|[A-Za-z0-9-]+(?=:)|\[[0-9A-Fa-f:]+\])"
    rf"(?::[0-9]+)?)(?:/{_NAME})+"
)


class BrokenConf(ValueError):
    """The configuration cannot be loaded; every command of the family stops with this text."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """``[[registry.mirror]]``; ``pulls`` is ``pull-from-mirror``."""

    location: str
    insecure: bool = False
    pulls: str = ""


@dataclass(frozen=True, slots=True)
class Registry:
    """``[[registry]]`` of ``file``; without ``location`` a reference stays as it is."""

    prefix: str
    location: str
    file: str
    insecure: bool = False
    blocked: bool = False
    by_digest_only: bool = False
    mirrors: tuple[Mirror, ...] = ()


@dataclass(frozen=True, slots=True)
class Conf:
    """Everything that the files say. ``read`` are those that were read, in order; ``search_file``
    is the last that says where to search, be it nowhere."""

    registries: Mapping[str, Registry] = field(default_factory=dict)
    search: tuple[str, ...] = ()
    search_file: str = ""
    mode: str = ""
    aliases: Mapping[str, str] = field(default_factory=dict)
    read: tuple[str, ...] = ()
    wildcards: bool = True

    def matching(self, reference: str) -> Registry | None:
        """The table whose prefix is the longest that ``reference`` begins with."""
        best: Registry | None = None
        for each in self.registries.values():
            if self.match_length(reference, each.prefix) < 0:
                continue
            if best is None or len(each.prefix) > len(best.prefix):
                best = each
        return best

    def match_length(self, reference: str, prefix: str) -> int:
        """How much of ``reference`` the prefix stands for, -1 where it does not match.

        ``example.com`` matches ``example.com:5000/...`` too: the library does not know the end
        of a host.
        """
        if self.wildcards and prefix.startswith("*."):
            at = reference.find(prefix[1:])
            if at < 0 or "/" in reference[:at]:
                return -1
            end = at + len(prefix) - 1
        elif reference.startswith(prefix):
            end = len(prefix)
        else:
            return -1
        return end if end == len(reference) or reference[end] in ":/@" else -1


@dataclass(frozen=True, slots=True)
class Reading:
    """What the library of a version understands. ``minor`` is that of image 5.x."""

    minor: int

    @property
    def wildcards(self) -> bool:
        return self.minor >= 12

    @property
    def pull_from_mirror(self) -> bool:
        return self.minor >= 22

    @property
    def searches_ipv6(self) -> bool:
        """5.23 refuses an address in brackets as a registry to search, as executed."""
        return self.minor > 23

    @property
    def drops_mark(self) -> bool:
        """A byte order mark is an error before BurntSushi/toml 1.3."""
        return self.minor >= 26

    @property
    def trims_mirrors(self) -> bool:
        """Before, the slash at the end of a mirror's location was cut off a copy of it."""
        return self.minor >= 39


def load(files: Filesystem, paths: Paths, reading: Reading) -> Conf:
    """The files of ``paths``, later ones over earlier ones. Raises BrokenConf."""
    conf = Conf(wildcards=reading.wildcards)
    for path in paths.every(files):
        read = files.read(path)
        if read.error:
            if read.missing and not paths.must_exist(path):
                continue
            raise BrokenConf(
                f'loading registries configuration "{path}": open {path}: {read.error}'
            )
        conf = _merged(conf, _parsed(path, read.content, reading), path)
    return conf


@dataclass(frozen=True, slots=True)
class Paths:
    """Where the configuration lies. ``given`` was named by a flag or a variable."""

    home: str
    given: str = ""
    config_home: str = ""
    newest: bool = False
    override: str = ""
    only_given: bool = False
    uid: int = 0

    def must_exist(self, path: str) -> bool:
        return path in (self.given, self.override)

    def every(self, files: Filesystem) -> Iterator[str]:
        if self.newest:
            yield from self._newest(files)
            return
        own = f"{self.home}/.config/containers/registries.conf"
        if self.given:
            yield self.given
        elif files.exists(own):
            yield own
            yield from _drop_ins(files, f"{own}.d")
            return
        else:
            yield SYSTEM
        yield from _drop_ins(files, DROP_INS)
        yield from _drop_ins(files, f"{own}.d")

    def _newest(self, files: Filesystem) -> Iterator[str]:
        """podman 6: the first main file, and drop-ins of which a higher name masks a lower."""
        own = f"{self.config_home or self.home + '/.config'}/containers"
        mains = (f"{own}/registries.conf", SYSTEM, f"{VENDOR}/registries.conf")
        main = self.given or next((each for each in mains if files.exists(each)), "")
        if main:
            yield main
        if not self.only_given:
            yield from self._masked(files, own)
        if self.override:
            yield self.override

    def _masked(self, files: Filesystem, own: str) -> Iterator[str]:
        kind = "rootful" if self.uid == 0 else "rootless"
        directories = [f"{own}/registries.conf.d"]
        for base in ("/etc/containers", VENDOR):
            if self.uid:
                directories.append(f"{base}/registries.rootless.conf.d/{self.uid}")
            directories.append(f"{base}/registries.{kind}.conf.d")
            directories.append(f"{base}/registries.conf.d")
        chosen: dict[str, str] = {}
        for directory in directories:
            for path in _drop_ins(files, directory):
                chosen.setdefault(posixpath.basename(path), path)
        yield from (chosen[name] for name in sorted(chosen))


def _drop_ins(files: Filesystem, directory: str) -> Iterator[str]:
    for name in files.names(directory):
        path = f"{directory}/{name}"
        if name.endswith(".conf") and not files.is_directory(path):
            yield path


def _merged(conf: Conf, more: Conf, path: str) -> Conf:
    """Tables replace those of the same prefix; a list or a mode that is set replaces the former."""
    return replace(
        conf,
        registries={**conf.registries, **more.registries},
        search=more.search if more.search_file else conf.search,
        search_file=more.search_file or conf.search_file,
        mode=more.mode or conf.mode,
        aliases={**conf.aliases, **more.aliases},
        read=(*conf.read, path),
    )


def _parsed(path: str, content: bytes, reading: Reading) -> Conf:
    try:
        settings = _plain(tomllib.loads(_text_of(content, reading)), _TOP)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _broken(path, str(error)) from error
    first = _first_format(path, settings.get("registries"), reading)
    if first is not None:
        if any(settings.get(key) for key in _SECOND):
            raise _broken(path, "mixing sysregistry v1/v2 is not supported")
        if ".conf.d/" in path:
            raise _broken(path, "registry must be in v2 format but is in v1")
        return first
    tables = settings.get("registry", [])
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise _broken(path, "registry: not an array of tables")
    tables = [_plain(each, _REGISTRY) for each in tables]
    registries: dict[str, Registry] = {}
    for table in tables:
        registry = _registry(path, table, reading)
        registries[registry.prefix] = registry
        _without_conflict(path, registry, (_registry(path, each, reading) for each in tables))
    named = _texts(path, settings, "unqualified-search-registries")
    search = tuple(_searched(path, each, reading) for each in named)
    mode = _text(path, settings, "short-name-mode")
    if mode not in MODES:
        raise _broken(path, f'unsupported short-name mode: "{mode}"')
    search_file = path if "unqualified-search-registries" in settings else ""
    return Conf(registries, search, search_file, mode, _aliases(path, settings))


def _text_of(content: bytes, reading: Reading) -> str:
    """Raises UnicodeDecodeError."""
    return content.decode("utf-8-sig" if reading.drops_mark else "utf-8")


def _plain(table: Mapping[str, Any], known: set[str]) -> dict[str, Any]:
    return canonical(table, known, any_case)


def _aliases(path: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Short names and what each stands for; one that stands for nothing is taken back."""
    aliases = settings.get("aliases", {})
    if not isinstance(aliases, dict):
        raise _broken(path, "aliases: not a table")
    for name, value in aliases.items():
        if not isinstance(value, str):
            raise _broken(path, f"aliases.{name}: not a text")
        if not _REPOSITORY.fullmatch(name):
            raise _broken(path, f'validating short-name aliases: invalid short name "{name}"')
        if value and not _WITH_REGISTRY.fullmatch(value):
            raise _broken(path, f'validating short-name aliases: invalid alias "{value}"')
    return aliases


def _first_format(path: str, first: Any, reading: Reading) -> Conf | None:
    """``[registries.search]``, ``[registries.insecure]``, ``[registries.block]``.

    None where none of them names any registry: the file is then one of the second format.
    """
    if not isinstance(first, dict):
        return None
    settings = _plain(first, {"search", "insecure", "block"})

    def listed(kind: str) -> tuple[str, ...]:
        table = settings.get(kind)
        if isinstance(table, dict):
            table = _plain(table, {"registries"})
        return _texts(path, table, "registries") if isinstance(table, dict) else ()

    if not any(map(listed, ("search", "insecure", "block"))):
        return None
    registries: dict[str, Registry] = {}
    for kind in ("insecure", "block"):
        for each in listed(kind):
            location = _located(path, each)
            before = registries.get(location) or Registry(location, location, path)
            registries[location] = replace(
                before,
                insecure=before.insecure or kind == "insecure",
                blocked=before.blocked or kind == "block",
            )
    search = tuple(_searched(path, each, reading) for each in listed("search"))
    return Conf(registries, search, path if search else "")


def _registry(path: str, table: Mapping[str, Any], reading: Reading) -> Registry:
    prefix, location = _text(path, table, "prefix"), _text(path, table, "location")
    wildcard = reading.wildcards and prefix.startswith("*.")
    if location or not wildcard:
        location = _located(path, location)
    prefix = _located(path, prefix) if prefix else location
    by_digest = _flag(path, table, "mirror-by-digest-only")
    mirrors = table.get("mirror", [])
    if not isinstance(mirrors, list) or not all(isinstance(each, dict) for each in mirrors):
        raise _broken(path, "registry.mirror: not an array of tables")
    if reading.pull_from_mirror and _text(path, table, "pull-from-mirror"):
        raise _broken(path, "pull-from-mirror must not be set for a non-mirror registry")
    return Registry(
        prefix,
        location,
        path,
        insecure=_flag(path, table, "insecure"),
        blocked=_flag(path, table, "blocked"),
        by_digest_only=by_digest,
        mirrors=tuple(
            _mirror(path, _plain(each, _MIRROR), location or prefix, by_digest, reading)
            for each in mirrors
        ),
    )


def _mirror(
    path: str, table: Mapping[str, Any], of: str, by_digest: bool, reading: Reading
) -> Mirror:
    written = _text(path, table, "location")
    located = _located(path, written)
    pulls = ""
    if reading.pull_from_mirror:
        pulls = _text(path, table, "pull-from-mirror")
        if pulls not in PULLS:
            raise _broken(
                path, f'unsupported pull-from-mirror value "{pulls}" for mirror "{written}"'
            )
        if pulls and by_digest:
            raise _broken(
                path,
                "cannot set mirror usage mirror-by-digest-only for the registry "
                f'("{of}") and pull-from-mirror for per-mirror ("{written}") at the same time',
            )
    location = located if reading.trims_mirrors else written
    return Mirror(location, _flag(path, table, "insecure"), pulls)


def _without_conflict(path: str, registry: Registry, every: Iterator[Registry]) -> None:
    for other in every:
        if other.location != registry.location or not registry.location:
            continue
        for setting in ("insecure", "blocked"):
            if getattr(other, setting) != getattr(registry, setting):
                raise _broken(
                    path,
                    f"registry '{registry.location}' is defined multiple times with conflicting "
                    f"'{setting}' setting",
                )


def _located(path: str, text: str) -> str:
    """A location without slashes at its end. Raises BrokenConf."""
    trimmed = text.rstrip("/")
    if not trimmed:
        raise _broken(path, "invalid location: cannot be empty")
    if trimmed.startswith(("http://", "https://")):
        raise _broken(path, f"invalid location '{text}': URI schemes are not supported")
    return trimmed


def _searched(path: str, text: str, reading: Reading) -> str:
    """A registry to search, which is a host. Raises BrokenConf."""
    host = _located(path, text)
    if not _HOST.fullmatch(host) and not (reading.searches_ipv6 and _IPV6.fullmatch(host)):
        raise _broken(path, f"Invalid unqualified-search-registries entry {json.dumps(host)}")
    return host


def _text(path: str, table: Mapping[str, Any], key: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise _broken(path, f"{key}: not a text")
    return value


def _flag(path: str, table: Mapping[str, Any], key: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise _broken(path, f"{key}: not true or false")
    return value


def _texts(path: str, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _broken(path, f"{key}: not a list of texts")
    return tuple(value)


def _broken(path: str, why: str) -> BrokenConf:
    return BrokenConf(
        f'loading registries configuration: loading registries configuration "{path}": {why}'
    )
