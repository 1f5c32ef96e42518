"""containerd's ``hosts.toml``, parsed as the library's releases parse it."""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.hosts_entries import (
    Configured,
    HostEntry,
    Rules,
    Unparsable,
    authority,
    client_pair,
)
from regdoctor.clients.hosts_notes import inside
from regdoctor.clients.plan import EVERYTHING, Note, Role, Scheme
from regdoctor.clients.wire import split_url

CAPABILITIES = frozenset({"pull", "resolve", "push"})
_DURATION = re.compile(r"|0|[-+]?((\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h))+")
_KEYS = {
    "server",
    "host",
    "capabilities",
    "ca",
    "client",
    "skip_verify",
    "override_path",
    "header",
    "dial_timeout",
}


@dataclass
class Parser:
    """One file below ``directory``."""

    files: Filesystem
    directory: str
    rules: Rules
    notes: list[Note] = field(default_factory=list)

    @property
    def path(self) -> str:
        return posixpath.join(self.directory, "hosts.toml")

    def parse(self, content: bytes) -> Configured:
        """Its hosts in order. Raises Unparsable and Unusable."""
        try:
            settings = tomllib.loads(content.decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise Unparsable(str(error)) from error
        tables = settings.get("host", {})
        if not isinstance(tables, dict) or not all(isinstance(v, dict) for v in tables.values()):
            raise Unparsable("`host` is not a table of tables")
        if "host" not in settings and self.rules.wants_host_tree:
            raise Unparsable("no [host] table in it, which containerd 1.x demands")
        entries = [self._entry(url, table, "mirror") for url, table in tables.items()]
        server = settings.get("server", "")
        if not isinstance(server, str):
            raise Unparsable("`server` is not a string")
        entries.append(self._entry(server, settings, "origin"))
        # What is wrong with the file is found before any certificate is read.
        read = tuple(self._read(entry, table) for entry, table in entries)
        self.notes += inside(self.files, self.directory, self.path, settings)
        return Configured(read, tuple(self.notes), directory=self.directory, tables=bool(tables))

    def _entry(
        self, url: str, table: Mapping[str, Any], role: Role
    ) -> tuple[HostEntry, Mapping[str, Any]]:
        _check_types(table)
        timeout = table.get("dial_timeout", "")
        if self.rules.dial_timeout and not _DURATION.fullmatch(str(timeout)):
            raise Unparsable(f"`dial_timeout` {timeout!r} is no duration")
        self._unknown(url, table, role)
        entry = HostEntry(role=role, capabilities=_capabilities(table, self.rules))
        if "skip_verify" in table:
            entry = replace(entry, verify=not table["skip_verify"])
        if not url:
            # Without a server the upstream may do everything, whatever the file says.
            return replace(entry, capabilities=EVERYTHING), table
        full = url if url.startswith("http") else f"https://{url}"
        scheme, host, path = split_url(full)
        if not host or scheme not in ("https", "http"):
            raise Unparsable(f"{url!r} is no URL of a host")
        override = self.rules.override_path and table.get("override_path", False)
        known: Scheme = "http" if scheme == "http" else "https"
        return replace(entry, scheme=known, host=host, path=_path(path, override)), table

    def _read(self, entry: HostEntry, table: Mapping[str, Any]) -> HostEntry:
        authorities = tuple(
            authority(self.files, self._absolute(each)) for each in _strings(table.get("ca"))
        )
        pairs = tuple(
            client_pair(self.files, self._absolute(certificate), self._absolute(key))
            for certificate, key in _pairs(table.get("client"))
        )
        return replace(entry, authorities=authorities, pairs=pairs)

    def _absolute(self, path: str) -> str:
        return posixpath.join(self.directory, path)

    def _unknown(self, url: str, table: Mapping[str, Any], role: Role) -> None:
        misplaced = {"server", "host"} if role == "mirror" else set()
        for key in table:
            if key not in _KEYS or key in misplaced:
                where = f'the table of "{url}"' if role == "mirror" else "the file's top level"
                self.notes.append(
                    Note(
                        "setting-ignored",
                        self.path,
                        key,
                        f"`{key}` in {where} of {self.path} means nothing there and is ignored",
                    )
                )


def _check_types(table: Mapping[str, Any]) -> None:
    for key in ("skip_verify", "override_path"):
        if key in table and not isinstance(table[key], bool):
            raise Unparsable(f"`{key}` is not true or false")
    named = table.get("capabilities", [])
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        raise Unparsable("`capabilities` is not a list of strings")
    ca = table.get("ca", "")
    if not isinstance(ca, str) and not (
        isinstance(ca, list) and all(isinstance(each, str) for each in ca)
    ):
        raise Unparsable("`ca` is neither a string nor a list of strings")
    header = table.get("header", {})
    if not isinstance(header, dict) or not all(
        isinstance(each, str | list) for each in header.values()
    ):
        raise Unparsable("`header` is not a table of strings")


def _capabilities(table: Mapping[str, Any], rules: Rules) -> frozenset[str]:
    known = CAPABILITIES | {"referrers"} if rules.referrers else CAPABILITIES
    named = frozenset(each.lower() for each in table.get("capabilities", []))
    unknown = named - known
    if unknown:
        raise Unparsable(f"unknown capability {sorted(unknown)[0]!r}")
    return named or EVERYTHING


def _path(path: str, override: bool) -> str:
    if override:
        return path.rstrip("/")
    if path in ("", "/"):
        return "/v2"
    clean = posixpath.normpath(path)
    return clean if clean.endswith("/v2") else f"{clean}/v2"


def _strings(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    """Of ``client``: a file with both, a list of such files, or a list of pairs."""
    if value is None:
        return ()
    if isinstance(value, str):
        return ((value, value),)
    if not isinstance(value, list):
        raise Unparsable("`client` is neither a string nor a list")
    found = []
    for each in value:
        if isinstance(each, str):
            found.append((each, each))
        elif isinstance(each, list) and each and all(isinstance(part, str) for part in each):
            if len(each) != 2:
                raise Unparsable("a pair of `client` is not a certificate and a key")
            found.append((each[0], each[1]))
        else:
            raise Unparsable("`client` holds something that is neither string nor pair")
    return tuple(found)
