"""What a ``git://`` source op asks for, and the keys that are made of it (``source/git``)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit, urlunsplit

from msgspec import Struct
from msgspec.structs import replace

from builder.oci.credentials import without_credentials
from builder.sources.errors import SourceError

_URL = re.compile(r"(https?|git|ssh)://([^/]+)/.+", re.IGNORECASE)
_SCP = re.compile(r"(?:([a-zA-Z0-9._-]+)@)?([a-zA-Z0-9._-]+):(.+)")
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")
_UNSUPPORTED = ("git.bundle", "git.checkoutbundle", "git.sig.")


def is_commit(text: str) -> bool:
    """Whether ``text`` is a whole commit id (SHA-1 or SHA-256)."""
    return _SHA.fullmatch(text) is not None


class Login(Struct, frozen=True):
    """User and password of a URL."""

    user: str
    password: str


class GitWanted(Struct, frozen=True):
    """``remote`` is a URL without a password, ``login`` what stood in it. ``subdir`` is
    relative, "" for the whole repository."""

    remote: str
    host: str
    ref: str = ""
    subdir: str = ""
    checksum: str = ""
    keep_git_dir: bool = False
    submodules: bool = True
    mtime: str = ""
    fetch_by_commit: bool = False
    header_secret: str = ""
    token_secret: str = ""
    ssh_id: str = ""
    known_hosts: str = ""
    login: Login | None = None
    written: str = ""
    """The URL as it may be shown and kept: a password in it is made unreadable."""

    @classmethod
    def of(cls, identifier: str, attrs: Mapping[str, str]) -> GitWanted:
        """Raises SourceError for a URL that git must not be given, or a ref that is none."""
        for name in attrs:
            if name.startswith(_UNSUPPORTED):
                raise SourceError(f"{name}: bundles and signatures of git are not supported")
        base, _, fragment = identifier.partition("://")[2].partition("#")
        ref, _, subdir = fragment.partition(":")
        wanted = _remote(attrs.get("git.fullurl") or f"https://{base}")
        if ref.startswith("-") or _UNPRINTABLE.search(ref):
            raise SourceError(f"invalid git ref {ref!r}")
        checksum = attrs.get("git.checksum", "")
        if checksum and re.fullmatch(r"[a-fA-F0-9]+", checksum) is None:
            raise SourceError(f"invalid checksum {checksum} for Git URL, expected hex commit hash")
        mtime = attrs.get("git.mtime", "")
        return replace(
            wanted,
            ref=ref,
            subdir=os.path.normpath("/" + subdir).strip("/"),
            checksum=checksum,
            keep_git_dir=attrs.get("git.keepgitdir") == "true",
            submodules=attrs.get("git.skipsubmodules") != "true",
            mtime="" if mtime == "checkout" else mtime,
            fetch_by_commit=attrs.get("git.fetchbycommit") == "true",
            header_secret=attrs.get("git.authheadersecret", ""),
            token_secret=attrs.get("git.authtokensecret", ""),
            ssh_id=attrs.get("git.mountsshsock", ""),
            known_hosts=attrs.get("git.knownsshhosts", ""),
        )

    def key(self, commit: str, ref: str) -> str:
        """BuildKit's cache key of ``commit``, which was found under the name ``ref``."""
        key = commit
        if self.keep_git_dir:
            key += f".git#{ref}" if ref else ".git"
        if self.subdir:
            key += f":{self.subdir}"
        if not self.submodules:
            key += "(skip-submodules)"
        if self.mtime:
            key += f"(mtime={self.mtime})"
        return key


def _remote(url: str) -> GitWanted:
    """git has many ways to take a URL for something else; what is let through is one."""
    refused = SourceError(
        f"invalid git URL {without_credentials(url)!r}",
        hint="http, https, git and ssh URLs are known, and user@host:path",
    )
    if _UNPRINTABLE.search(url):
        raise refused
    match = _URL.fullmatch(url)
    if match is None:
        scp = _SCP.fullmatch(url)
        if (
            scp is None
            or "://" in url
            or any(part.startswith(("-", ":")) for part in scp.groups(""))
        ):
            raise refused
        return GitWanted(url, scp[2], written=url)
    scheme, authority = match[1].lower(), match[2]
    user, at, host = authority.rpartition("@")
    if user.startswith("-") or host.startswith("-") or not host or "\\" in authority:
        raise refused
    name, _, password = user.partition(":")
    if scheme in ("http", "https"):
        kept = host
        login = Login(unquote(name), unquote(password)) if at else None
    else:
        kept, login = f"{name}{at}{host}", None
    try:
        parsed = urlsplit(url)._replace(scheme=scheme, netloc=kept, query="", fragment="")
    except ValueError as error:
        raise refused from error
    return GitWanted(urlunsplit(parsed), host, login=login, written=without_credentials(url))
