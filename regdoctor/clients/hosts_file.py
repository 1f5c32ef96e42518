"""containerd's ``hosts.toml``, parsed as the library's releases parse it."""

from __future__ import annotations

import codecs
import posixpath
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.go_urls import NotParsed, parse_url
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
from regdoctor.clients.toml_tables import any_case, canonical, exact_or_upper, headers

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
        text = self._text(content)
        try:
            settings = self._known(tomllib.loads(text))
        except tomllib.TOMLDecodeError as error:
            raise Unparsable(str(error)) from error
        tables = settings.get("host", {})
        if not isinstance(tables, dict) or not all(isinstance(v, dict) for v in tables.values()):
            raise Unparsable("`host` is not a table of tables")
        if "host" not in settings and self.rules.old_parser:
            raise Unparsable("no [host] table in it, which containerd 1.x demands")
        entries = [
            self._entry(url, self._known(tables[url]), "mirror")
            for url in self._order(text, tables)
        ]
        server = settings.get("server", "")
        if not isinstance(server, str):
            raise Unparsable("`server` is not a string")
        entries.append(self._entry(server, settings, "origin"))
        # What is wrong with the file is found before any certificate is read.
        read = tuple(self._read(entry, table) for entry, table in entries)
        self.notes += inside(self.files, self.directory, self.path, settings)
        # One without a host is asked by nobody: every client goes on to the next at once.
        *mirrors, last = read
        asked = (*(each for each in mirrors if each.host), last)
        return Configured(asked, tuple(self.notes), directory=self.directory, tables=bool(mirrors))

    def _text(self, content: bytes) -> str:
        """As the parser reads it. Raises Unparsable."""
        if self.rules.old_parser:
            # It drops a byte order mark, ends lines at a lone CR, and takes any octet.
            bare = content.removeprefix(codecs.BOM_UTF8).replace(b"\r", b"\n")
            return bare.decode(errors="replace")
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            raise Unparsable(str(error)) from error

    def _order(self, text: str, tables: Mapping[str, Any]) -> list[str]:
        """The URLs of the host tables as they are tried. Raises Unparsable.

        containerd 2.x looks for ``[host."URL"]`` and its sub-tables alone: a host that stands in an
        inline table or in dotted keys is none, and one that is taken up again is one more.
        """
        named = [names[1] for names in headers(text) if len(names) > 1 and names[0] == "host"]
        if self.rules.old_parser:
            if any("]" in url for url in named):
                raise Unparsable("`]` in the name of a table, which containerd 1.x cannot read")
            # Tables are sorted by their place in the file, and one in a line has none. Of several
            # such it is a matter of chance which comes first.
            inline = [url for url in tables if _in_a_line(text, url)]
            return [*inline, *(url for url in tables if url not in inline)]
        order = [url for url, before in zip(named, ["", *named], strict=False) if url != before]
        for url in tables:
            if url not in order:
                self.notes.append(
                    Note(
                        "setting-ignored",
                        self.path,
                        url,
                        f"{url} in {self.path} is never asked: only a table with a header of its "
                        f'own, [host."{url}"], is a mirror',
                    )
                )
        return order

    def _known(self, table: Mapping[str, Any]) -> dict[str, Any]:
        """With the names of settings as they are documented; that of the tables is as it is."""
        same = exact_or_upper if self.rules.old_parser else any_case
        return canonical(table, _KEYS - {"host"}, same)

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
        try:
            parsed = parse_url(url if url.startswith("http") else f"https://{url}")
        except NotParsed as error:
            raise Unparsable(str(error)) from error
        override = self.rules.override_path and table.get("override_path", False)
        known: Scheme = "http" if parsed.scheme == "http" else "https"
        path = _path(parsed.path if parsed.host else "", override)
        return replace(entry, scheme=known, host=parsed.host, path=path), table

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


def _in_a_line(text: str, url: str) -> bool:
    """Is the table of a host written as ``"URL" = {...}``?"""
    return re.search(rf"[\"']{re.escape(url)}[\"'][ \t]*=[ \t]*{{", text) is not None


def _check_types(table: Mapping[str, Any]) -> None:
    for key in ("skip_verify", "override_path"):
        if key in table and not isinstance(table[key], bool):
            raise Unparsable(f"`{key}` is not true or false")
    named = table.get("capabilities", [])
    if not isinstance(named, list) or not all(isinstance(each, str) for each in named):
        raise Unparsable("`capabilities` is not a list of strings")
    if not _is_text(table.get("ca", "")):
        raise Unparsable("`ca` is neither a string nor a list of strings")
    header = table.get("header", {})
    if not isinstance(header, dict) or not all(map(_is_text, header.values())):
        raise Unparsable("`header` is not a table of strings")


def _is_text(value: Any) -> bool:
    """A string, or a list of strings."""
    return isinstance(value, str) or (
        isinstance(value, list) and all(isinstance(each, str) for each in value)
    )


def _capabilities(table: Mapping[str, Any], rules: Rules) -> frozenset[str]:
    known = CAPABILITIES | {"referrers"} if rules.referrers else CAPABILITIES
    named = frozenset(each.lower() for each in table.get("capabilities", []))
    unknown = named - known
    if unknown:
        raise Unparsable(f"unknown capability {sorted(unknown)[0]!r}")
    return named or EVERYTHING


def _path(path: str, override: bool) -> str:
    clean = posixpath.normpath("/" + path.lstrip("/")).rstrip("/")
    return clean if override or clean.endswith("/v2") else f"{clean}/v2"


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
