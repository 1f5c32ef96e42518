"""Registry settings in buildkitd.toml's form, and the hosts that they make of a domain."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from builder.oci.reference import DOCKER_HUB
from builder.registry.errors import InvalidConfig
from builder.registry.hosts import ALL, HUB_HOST, PULL, Host, Role
from builder.transport.endpoint import Endpoint, InvalidEndpoint
from builder.transport.roots import RootPool, certificates_of, system_roots
from builder.transport.trust import ClientCertificate, Trust

CONNECT_TIMEOUT = 30.0
"""Seconds for a connection, as BuildKit's dialer; ``connect-timeout`` of a section changes it."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class Section(Struct, frozen=True):
    """One ``[registry."host"]``. ``http`` and ``insecure`` are None where they are not set."""

    mirrors: tuple[str, ...] = ()
    http: bool | None = None
    insecure: bool | None = None
    ca: tuple[Path, ...] = ()
    keypairs: tuple[ClientCertificate, ...] = ()
    tlsconfigdirs: tuple[Path, ...] = ()
    upstream: bool = True
    connect_timeout: float | None = None


class RegistryConfig:
    """Sections by exact ``host[:port]``, the roots they start from, and ``--resolve``.

    ``ca`` are extra roots for every host. ``source`` is the file for error messages. ``root``
    is the file system whose pool of roots counts.
    """

    def __init__(
        self,
        sections: Mapping[str, Section] | None = None,
        *,
        ca: Iterable[Path] = (),
        resolve: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        source: str = "",
        root: Path = Path("/"),
    ) -> None:
        self.sections = dict(sections or {})
        self.source = source
        self.resolve = tuple(resolve)
        self._ca = tuple(ca)
        self._environ = environ
        self._root = root
        self._roots: RootPool | None = None
        self._added: dict[str, bytes] | None = None

    @classmethod
    def load(
        cls,
        path: Path | None,
        *,
        ca: Iterable[Path] = (),
        resolve: Sequence[str] = (),
        environ: Mapping[str, str] | None = None,
        root: Path = Path("/"),
    ) -> RegistryConfig:
        """Of ``path``; without one, of the first default file there is. Raises InvalidConfig."""
        found = path if path is not None else _default_file(environ)
        sections = parse_file(found) if found is not None else {}
        source = str(found) if found is not None else ""
        return cls(sections, ca=ca, resolve=resolve, environ=environ, source=source, root=root)

    def with_insecure(self, domain: str) -> RegistryConfig:
        """A copy in which ``domain`` may speak http, or https with any certificate."""
        section = replace(self.sections.get(domain, Section()), http=True, insecure=True)
        return RegistryConfig(
            {**self.sections, domain: section},
            ca=self._ca,
            resolve=self.resolve,
            environ=self._environ,
            source=self.source,
            root=self._root,
        )

    @property
    def added(self) -> Mapping[str, bytes]:
        """``ca`` as PEM, by path; each is read once. Raises InvalidConfig."""
        if self._added is None:
            self._added = {str(path): _pem(path, f"--ca {path}") for path in self._ca}
        return self._added

    @property
    def roots(self) -> RootPool:
        """The system's roots and ``ca``. Raises InvalidConfig."""
        if self._roots is None:
            pool = system_roots(self._environ, self._root)
            for source, data in self.added.items():
                pool = pool.with_pem(data, source)
            self._roots = pool
        return self._roots

    def hosts(self, domain: str) -> tuple[Host, ...]:
        """Mirrors in order, then the domain's own host (unless ``upstream = false``).

        A mirror has its own section's trust, and its path stands after ``/v2``; its own
        mirrors are not followed. Raises InvalidConfig.
        """
        section = self.sections.get(domain, Section())
        hosts = [self._mirror(domain, text) for text in section.mirrors]
        if section.upstream:
            name = HUB_HOST if domain == DOCKER_HUB else domain
            hosts.append(self._host(domain, name, "/v2", "origin", domain))
        if not hosts:
            raise InvalidConfig(
                f'{self.source}: [registry."{domain}"]: upstream is false and there is no mirror'
            )
        return tuple(hosts)

    def _mirror(self, domain: str, text: str) -> Host:
        bare = text.partition("://")[2] if "://" in text else text
        name, slash, path = bare.partition("/")
        prefix = "/v2" + (slash + path).rstrip("/")
        return self._host(domain, name, prefix, "mirror", name)

    def _host(self, domain: str, name: str, path: str, role: Role, key: str) -> Host:
        section = self.sections.get(key, Section())
        try:
            endpoint = Endpoint.parse(name)
        except InvalidEndpoint as error:
            where = f'{self.source}: [registry."{domain}"]: ' if self.source else ""
            raise InvalidConfig(f"{where}{error}") from error
        plain = section.http if section.http is not None else endpoint.loopback
        insecure = bool(section.insecure)
        if plain and not insecure:
            endpoint = Endpoint.parse(name, scheme="http")
        timeout = section.connect_timeout
        return Host(
            domain,
            endpoint,
            self._trust(section, key, insecure),
            path,
            role,
            ALL if role == "origin" else PULL,
            http_fallback=plain and insecure,
            # BuildKit speaks http only to loopback; a server with TLS there is met halfway.
            https_upgrade=plain and not insecure and section.http is None,
            connect_timeout=CONNECT_TIMEOUT if timeout is None else timeout,
        )

    def _trust(self, section: Section, key: str, insecure: bool) -> Trust:
        pool = self.roots
        where = f'{self.source}: [registry."{key}"] '
        for path in section.ca:
            pool = pool.with_pem(_pem(path, f"{where}ca: {path}"), str(path))
        pairs = list(section.keypairs)
        for directory in section.tlsconfigdirs:
            pool, found = _directory(directory, pool, f"{where}tlsconfigdir: ")
            pairs += found
        return Trust(pool, insecure, tuple(pairs))


def _default_file(environ: Mapping[str, str] | None) -> Path | None:
    env = os.environ if environ is None else environ
    places = []
    if env.get("XDG_CONFIG_HOME"):
        places.append(Path(env["XDG_CONFIG_HOME"]))
    elif env.get("HOME"):
        places.append(Path(env["HOME"]) / ".config")
    places.append(Path("/etc"))
    files = (place / "regdoctor" / "config.toml" for place in places)
    return next((file for file in files if file.is_file()), None)


def _pem(path: Path, where: str) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidConfig(f"{where}: {error.strerror}") from error
    if next(certificates_of(data), None) is None:
        hint = "a DER file is made PEM by: openssl x509 -inform der -in FILE -out FILE.pem"
        raise InvalidConfig(f"{where}: no certificate in PEM form", hint=hint)
    return data


def _directory(
    directory: Path, pool: RootPool, where: str
) -> tuple[RootPool, list[ClientCertificate]]:
    """``*.crt`` as roots, ``*.cert`` with the ``.key`` of the same name as client pairs.

    As in BuildKit, a directory that is missing or closed, and a ``.crt`` without PEM, add
    nothing.
    """
    try:
        entries = sorted(directory.iterdir())
    except OSError:
        return pool, []
    pairs = []
    for path in entries:
        if path.suffix == ".crt":
            try:
                pool = pool.with_pem(path.read_bytes(), str(path))
            except OSError as error:
                raise InvalidConfig(f"{where}{path}: {error.strerror}") from error
        elif path.suffix == ".cert":
            pairs.append(_pair(path, path.with_suffix(".key"), where))
    return pool, pairs


def _pair(certificate: Path, key: Path, where: str) -> ClientCertificate:
    for path in (certificate, key):
        try:
            path.open("rb").close()
        except OSError as error:
            raise InvalidConfig(
                f"{where}failed to load keypair for {certificate}: {path}: {error.strerror}"
            ) from error
    return ClientCertificate(certificate, key)


def parse_file(path: Path) -> dict[str, Section]:
    """The sections of a TOML file; tables that are not ours are passed over.

    Raises InvalidConfig, which names the file and the line or the key.
    """
    import tomllib

    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InvalidConfig(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidConfig(f"{path}: not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        text, _, place = str(error).rpartition(" (at ")
        where = place.rstrip(")").partition(",")[0] or "end"
        raise InvalidConfig(f"{path}: {where}: {text or error}") from error
    registry = document.get("registry", {})
    if not isinstance(registry, dict):
        raise InvalidConfig(f"{path}: registry: not a table")
    return {name: _section(f'{path}: [registry."{name}"]', t) for name, t in registry.items()}


def _section(where: str, table: object) -> Section:
    if not isinstance(table, dict):
        raise InvalidConfig(f"{where}: not a table")
    timeout = table.get("connect-timeout")
    return Section(
        mirrors=_strings(where, table, "mirrors"),
        http=_boolean(where, table, "http"),
        insecure=_boolean(where, table, "insecure"),
        ca=tuple(Path(text) for text in _strings(where, table, "ca")),
        keypairs=_keypairs(where, table.get("keypair", [])),
        tlsconfigdirs=tuple(Path(text) for text in _strings(where, table, "tlsconfigdir")),
        upstream=_boolean(where, table, "upstream") is not False,
        connect_timeout=None if timeout is None else _seconds(where, timeout),
    )


def _strings(where: str, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise InvalidConfig(f"{where} {key}: not a list of strings")
    return tuple(value)


def _boolean(where: str, table: Mapping[str, Any], key: str) -> bool | None:
    value = table.get(key)
    if value is not None and not isinstance(value, bool):
        raise InvalidConfig(f"{where} {key}: not true or false")
    return value


def _keypairs(where: str, value: object) -> tuple[ClientCertificate, ...]:
    pairs = []
    for item in value if isinstance(value, list) else [None]:
        table = item if isinstance(item, dict) else {}
        certificate, key = table.get("cert"), table.get("key")
        if not isinstance(certificate, str) or not isinstance(key, str):
            raise InvalidConfig(f"{where} keypair: not tables with a key and a cert")
        pairs.append(_pair(Path(certificate), Path(key), f"{where} keypair: "))
    return tuple(pairs)


def _seconds(where: str, value: object) -> float:
    """A number of seconds, or a duration as Go writes it (``1m30s``)."""
    total = 0.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        total = float(value)
    elif isinstance(value, str) and re.fullmatch(rf"(?:{_DURATION.pattern})+", value):
        total = sum(float(n) * _UNITS[unit] for n, unit in _DURATION.findall(value))
    if not 0 < total < float("inf"):
        raise InvalidConfig(f"{where} connect-timeout: {value!r} is no length of time")
    return total
