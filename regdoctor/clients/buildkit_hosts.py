"""Which hosts BuildKit asks for a reference, by its registry sections (util/resolver).

Used by buildkitd with the sections of its ``buildkitd.toml``, and by dockerd up to 27 with sections
that it makes of ``daemon.json`` and ``certs.d``.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from regdoctor.clients.authority import loopback
from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.hosts_toml import HUB, HUB_HOST, namespace
from regdoctor.clients.keypairs import load_pair
from regdoctor.clients.plan import (
    EVERYTHING,
    Attempt,
    ClientPair,
    Endpoint,
    PemFile,
    Process,
    Role,
    Transport,
    proxied,
)
from regdoctor.clients.version import Version

MIRROR = frozenset({"pull", "resolve"})


@dataclass(frozen=True, slots=True)
class Section:
    """What is configured for one host. ``http`` and ``insecure`` None: nothing said."""

    mirrors: tuple[str, ...] = ()
    http: bool | None = None
    insecure: bool | None = None
    authorities: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    directories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """``mirror_paths``: a mirror may have a path (put behind /v2) and a scheme (dropped); before,
    its text is taken as a host. ``plain``: how ``http`` and ``insecure`` go together."""

    mirror_paths: bool = True
    plain: Literal["insecure-first", "http-first", "http-or-insecure"] = "insecure-first"


def buildkit_rules(version: Version) -> Rules:
    """The rules of BuildKit's own releases."""
    if version.since(0, 12, 3):
        return Rules()
    if version.since(0, 8):
        return Rules(mirror_paths=version.since(0, 12), plain="http-first")
    return Rules(mirror_paths=False, plain="http-or-insecure")


class Unusable(Exception):
    """A file of a section cannot be used: the build fails, in these words."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """Makes endpoints out of ``sections``, which are keyed by ``host[:port]``."""

    sections: Mapping[str, Section]
    rules: Rules
    files: Filesystem
    process: Process
    working_directory: str = field(default="/")

    def endpoints(self, host: str, repository: str) -> tuple[Endpoint, ...]:
        """Mirrors, then the host itself. Raises Unusable."""
        section = self.sections.get(host)
        contacted = HUB_HOST if host == HUB else host
        if section is None:
            scheme: Literal["http", "https"] = "http" if loopback(contacted) else "https"
            plain = Endpoint(
                contacted,
                "/v2",
                repository,
                (Attempt(scheme),),
                Transport(self.process),
                ns=namespace(host, contacted),
            )
            return (proxied(plain),)
        found: list[Endpoint] = []
        for written in section.mirrors:
            mirror, path, key = self._mirror(written)
            if not mirror:
                # One without a host is asked by nobody: the client goes on to the next at once.
                continue
            found += self._configured(
                self._plain(host, mirror, path, repository, "mirror"),
                self.sections.get(key, Section()),
            )
        found += self._configured(
            self._plain(host, contacted, "/v2", repository, "origin"), section
        )
        return tuple(found)

    def _mirror(self, written: str) -> tuple[str, str, str]:
        """Host, path up to the repository, and the key of the section that counts."""
        if self.rules.mirror_paths:
            bare = written.partition("://")[2] or written
            host, _, path = bare.partition("/")
            clean = path.strip("/")
            return host, f"/v2/{clean}" if clean else "/v2", host
        if "://" in written:
            # The URL becomes https://https://host/v2: a host named "https".
            scheme, _, rest = written.partition("://")
            return scheme, f"//{rest}/v2", written
        host, slash, path = written.partition("/")
        return host, f"{slash}{path}/v2", written

    def _plain(self, host: str, contacted: str, path: str, repository: str, role: Role) -> Endpoint:
        return Endpoint(
            contacted,
            path,
            repository,
            (Attempt("https"),),
            Transport(self.process),
            role=role,
            ns=namespace(host, contacted),
            capabilities=MIRROR if role == "mirror" else EVERYTHING,
        )

    def _configured(self, plain: Endpoint, section: Section) -> list[Endpoint]:
        """One host of the list, or two where releases make two of it."""
        verified = self._transport(section)
        unverified = replace(verified, verify=False)
        http = section.http is True or (section.http is None and loopback(plain.host))
        insecure = section.insecure is True
        by_http = replace(plain, attempts=(Attempt("http"),))
        by_https = replace(plain, transport=verified)
        skipping = replace(plain, transport=unverified)
        if self.rules.plain == "insecure-first" and insecure and http:
            both = (Attempt("https"), Attempt("http"))
            made = [replace(skipping, attempts=both)]
        elif self.rules.plain == "insecure-first":
            made = [skipping if insecure else by_http if http else by_https]
        elif self.rules.plain == "http-first":
            made = [by_http] * http + [skipping] * insecure or [by_https]
        elif section.http is True:
            made = [by_http]
        else:
            made = [skipping if insecure else by_http if http else by_https]
        return [proxied(each) for each in made]

    def _transport(self, section: Section) -> Transport:
        authorities, pairs = list(section.authorities), list(section.pairs)
        for directory in section.directories:
            if self.files.is_file(self._absolute(directory)):
                raise Unusable(f"open {directory}: not a directory")
            for name in self.files.names(self._absolute(directory)):
                path = posixpath.join(directory, name)
                if name.endswith(".crt"):
                    authorities.append(path)
                elif name.endswith(".cert"):
                    pairs.append((path, f"{path.removesuffix('.cert')}.key"))
        return Transport(
            self.process,
            extra=tuple(self._authority(path) for path in authorities),
            pairs=tuple(self._pair(certificate, key) for certificate, key in pairs),
        )

    def _authority(self, path: str) -> PemFile:
        read = self.files.read(self._absolute(path))
        if read.error:
            raise Unusable(f"failed to read {path}: open {path}: {read.error}")
        return PemFile(path, read.content)

    def _pair(self, certificate: str, key: str) -> ClientPair:
        pair, error = load_pair(self.files, self._absolute(certificate), self._absolute(key))
        if pair is None:
            raise Unusable(f"failed to load keypair for {certificate}: {error}")
        return pair

    def _absolute(self, path: str) -> str:
        return posixpath.join(self.working_directory, path)
