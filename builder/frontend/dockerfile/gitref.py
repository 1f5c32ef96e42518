"""Git sources as ADD and contexts name them: ``https://host/repo.git#ref:subdir?query``."""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from builder.frontend.dockerfile import gourl
from builder.frontend.dockerfile.errors import DockerfileError
from builder.frontend.dockerfile.paths import join
from builder.llb.ops import SourceOp
from builder.oci.gobool import parse_bool
from builder.oci.goquote import go_quote

_WITH_SCHEME = re.compile(r"([a-zA-Z0-9]+)://")
_SCHEMES = ("http", "https", "git", "ssh")
_LIKE_A_PATH = "github.com/"
_SCP = re.compile(
    r"(?P<user>[a-zA-Z0-9_-]+)@(?P<host>[a-zA-Z0-9.-]+):(?P<path>.*?)"
    r"(?:\?(?P<query>.*?))?(?:#(?P<fragment>.*))?"
)


class GitRef(Struct, frozen=True):
    """``remote`` without fragment and query; ``like_a_path`` where it has no scheme and could
    be a file. None is "not said"."""

    remote: str
    host: str
    path: str
    ssh: bool = False
    like_a_path: bool = False
    ref: str = ""
    subdir: str = ""
    checksum: str = ""
    keep_git_dir: bool | None = None
    submodules: bool | None = None
    mtime: str = ""
    fetch_by_commit: bool = False


def parse_git_ref(text: str) -> GitRef | None:
    """The repository that ``text`` names, or None where it is a path or a plain URL.

    Raises DockerfileError for a git URL with a query that means nothing.
    """
    if text.startswith(("./", "../")):
        return None
    try:
        found = _by_url(text) if _WITH_SCHEME.match(text) else _without_scheme(text)
    except gourl.UrlError:
        return None
    if found is None:
        return None
    git, fragment, query = found
    if fragment:
        ref, _, subdir = fragment.partition(":")
        git = replace(git, ref=ref, subdir=join("/", subdir)[1:])
    return _with_query(git, query)


_Found = tuple[GitRef, str, str]
"""(repository, fragment, query)"""


def _by_url(text: str) -> _Found | None:
    url = gourl.parse(text)
    if url.scheme not in _SCHEMES:
        return None
    if url.scheme in ("http", "https") and not url.path.endswith(".git"):
        return None
    git = GitRef(url.printed, url.host, url.path, url.scheme == "ssh")
    return git, url.fragment, url.query


def _without_scheme(text: str) -> _Found | None:
    """``git@host:path``; without a user it could be anything, but for one host."""
    if text.startswith(_LIKE_A_PATH):
        url = gourl.parse(text)
        # An https URL with an empty host prints as what it is without one.
        host, _, path = url.path.partition("/")
        return (
            GitRef(f"https://{url.printed}", host, f"/{path}", like_a_path=True),
            url.fragment,
            url.query,
        )
    match = _SCP.fullmatch(text)
    if match is None or "\n" in text:
        return None
    query = match["query"] or ""
    if not gourl.query_is_sound(query):
        return None
    remote = f"{match['user']}@{match['host']}:{match['path']}"
    git = GitRef(remote, match["host"], match["path"], ssh=True)
    return git, match["fragment"] or "", query


_SWITCHES: dict[str, Callable[[GitRef, bool], GitRef]] = {
    "keep-git-dir": lambda git, value: replace(git, keep_git_dir=value),
    "submodules": lambda git, value: replace(git, submodules=value),
    "fetch-by-commit": lambda git, value: replace(git, fetch_by_commit=value),
}


def _with_query(git: GitRef, query: str) -> GitRef:
    pairs = gourl.query_pairs(query)
    names = [name for name, _ in pairs]
    tag = branch = ""
    for name, value in pairs:
        if names.count(name) > 1:
            raise DockerfileError(f"query {go_quote(name)} has multiple values")
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
            git = replace(git, mtime=_mtime(value))
        else:
            raise DockerfileError(f"unexpected query {go_quote(name)}")
    if tag:
        git = replace(git, ref=_agreed("ref", git.ref, tag))
    if tag and branch:
        raise DockerfileError("branch conflicts with tag")
    if branch:
        git = replace(git, ref=_agreed("ref", git.ref, branch))
    return git


def _agreed(what: str, known: str, value: str) -> str:
    if known and known != value:
        raise DockerfileError(f"{what} conflicts: {go_quote(known)} vs {go_quote(value)}")
    return value


def _switch(name: str, value: str) -> bool:
    found = parse_bool(value or "true")
    if found is None:
        raise DockerfileError(f"invalid {name} value: {go_quote(value)}")
    return found


def _mtime(value: str) -> str:
    if value not in ("checkout", "commit"):
        raise DockerfileError(
            f'invalid mtime value: {go_quote(value)} (must be "checkout" or "commit")'
        )
    return value


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
    if git.ssh:
        # BuildKit's frontend asks the host for its keys here; ours is asked when it is fetched.
        caps.add("source.git.knownsshhosts")
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
