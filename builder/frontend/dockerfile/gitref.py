"""Git sources as ADD and contexts name them: ``https://host/repo.git#ref:subdir?query``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlsplit

from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.lexical import go_quote
from builder.frontend.dockerfile.paths import join
from builder.llb.ops import SourceOp

_SCP = re.compile(r"(?:([a-zA-Z0-9._-]+)@)?([a-zA-Z0-9._-]+):([^/].*|/[^/].*)?")
_SCHEMES = ("http", "https", "git", "ssh")
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


@dataclass(frozen=True, slots=True)
class GitRef:
    """``remote`` without fragment and query. None is "not said"."""

    remote: str
    host: str
    path: str
    ssh: bool = False
    ref: str = ""
    subdir: str = ""
    checksum: str = ""
    keep_git_dir: bool | None = None
    submodules: bool | None = None
    mtime: str = ""
    fetch_by_commit: bool | None = None


def parse_git_ref(text: str) -> GitRef | None:
    """The repository that ``text`` names, or None where it is a path or a plain URL.

    Raises DockerfileError for a git URL with a query that means nothing.
    """
    if text.startswith(("./", "../")):
        return None
    found = _by_url(text) if "://" in text else _by_scp(text)
    if found is None:
        return None
    base, fragment, query = found
    ref, _colon, subdir = fragment.partition(":")
    return _with_query(replace(base, ref=ref, subdir=subdir), query)


def _by_url(text: str) -> tuple[GitRef, str, str] | None:
    scheme, _, rest = text.partition("://")
    if scheme not in _SCHEMES:
        return None
    rest, _, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    try:
        netloc = urlsplit(f"{scheme}://{rest}").netloc
    except ValueError:
        return None
    path = rest[len(netloc) :]
    if scheme in ("http", "https") and not path.endswith(".git"):
        return None
    host = netloc.rpartition("@")[2]
    return GitRef(f"{scheme}://{rest}", host, path, scheme == "ssh"), fragment, query


def _by_scp(text: str) -> tuple[GitRef, str, str] | None:
    """``git@host:path``; without a user it could be anything."""
    rest, _, fragment = text.partition("#")
    rest, _, query = rest.partition("?")
    match = _SCP.fullmatch(rest)
    if match is None or not match[1] or not match[3]:
        return None
    return GitRef(rest, match[2], match[3], ssh=True), fragment, query


_SWITCHES: dict[str, Callable[[GitRef, bool], GitRef]] = {
    "keep-git-dir": lambda git, value: replace(git, keep_git_dir=value),
    "submodules": lambda git, value: replace(git, submodules=value),
    "fetch-by-commit": lambda git, value: replace(git, fetch_by_commit=value),
}


def _with_query(git: GitRef, query: str) -> GitRef:
    pairs = parse_qsl(query, keep_blank_values=True) if query else []
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise DockerfileError(f"query {go_quote(name)} has multiple values")
    tag = branch = ""
    for name, value in pairs:
        if name in _SWITCHES:
            git = _SWITCHES[name](git, _switch(name, value))
            continue
        if not value:
            raise DockerfileError(f"query {go_quote(name)} has no value")
        if name == "ref":
            git = replace(git, ref=_agreed("ref", git.ref, value))
        elif name == "subdir":
            git = replace(git, subdir=_agreed("subdir", git.subdir, value))
        elif name == "tag":
            tag = value if value.startswith("refs/tags/") else f"refs/tags/{value}"
        elif name == "branch":
            branch = value if value.startswith("refs/heads/") else f"refs/heads/{value}"
        elif name in ("checksum", "commit"):
            git = replace(git, checksum=value)
        elif name == "mtime":
            git = replace(git, mtime=value)
        else:
            raise DockerfileError(f"unexpected query {go_quote(name)}")
    if tag and branch:
        raise DockerfileError("branch conflicts with tag")
    if tag or branch:
        git = replace(git, ref=_agreed("ref", git.ref, tag or branch))
    if git.checksum and not git.ref:
        git = replace(git, ref=git.checksum)
    return git


def _agreed(what: str, known: str, value: str) -> str:
    if known and known != value:
        raise DockerfileError(f"{what} conflicts: {go_quote(known)} vs {go_quote(value)}")
    return value


def _switch(name: str, value: str) -> bool:
    if value and value not in _TRUE and value not in _FALSE:
        raise DockerfileError(f"invalid {name} value: {go_quote(value)}")
    return value not in _FALSE


def git_source(git: GitRef) -> tuple[SourceOp, frozenset[str]]:
    """The ``git://`` op of a repository, and the capabilities it needs."""
    identifier = "git://" + git.host + join("/", git.path)
    if git.ref or git.subdir:
        identifier += f"#{git.ref}"
    if git.subdir:
        identifier += f":{git.subdir}"
    attrs = {
        "git.fullurl": git.remote,
        "git.authheadersecret": "GIT_AUTH_HEADER",
        "git.authtokensecret": "GIT_AUTH_TOKEN",
    }
    caps = {"source.git", "source.git.fullurl"}
    options = (
        (git.keep_git_dir, "git.keepgitdir", "source.git.keepgitdir", "true"),
        (git.checksum, "git.checksum", "source.git.checksum", git.checksum),
        (git.submodules is False, "git.skipsubmodules", "source.git.skipsubmodules", "true"),
        (git.mtime, "git.mtime", "source.git.mtime", git.mtime),
        (git.fetch_by_commit, "git.fetchbycommit", "source.git.fetchbycommit", "true"),
        (git.ssh, "git.mountsshsock", "source.git.mountsshsock", "default"),
    )
    for wanted, key, cap, value in options:
        if wanted:
            attrs[key] = value
            caps.add(cap)
    return SourceOp(identifier, attrs), frozenset(caps)
