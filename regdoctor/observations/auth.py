"""Logins of this host and tokens of registries: who is known where, what was granted.

Never a secret: names of registries, helpers and users, and what is wrong with an entry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from regdoctor.observations.http import Answer

EntryKind = Literal["password", "identity", "token", "empty", "broken"]
FileState = Literal["read", "missing", "directory", "unreadable", "malformed"]


@dataclass(frozen=True, slots=True)
class LoginEntry:
    """One key below ``auths``. ``fault`` says why it cannot be used, where it is ``broken``.

    ``oddities`` are marks of a mistyped password, in words ("ends with a line break"), and
    ``expires`` the end of an AWS password's life in seconds since the epoch; 0: unknown.
    """

    key: str
    kind: EntryKind
    user: str = ""
    fault: str = ""
    oddities: tuple[str, ...] = ()
    expires: float = 0.0


@dataclass(frozen=True, slots=True)
class LoginFile:
    """A file in docker's form. ``store`` is its credsStore, ``helpers`` its credHelpers.

    ``detail`` says what keeps it from being read (an errno name, or a parser's words).
    """

    path: str
    kind: Literal["docker", "podman"]
    state: FileState
    detail: str = ""
    store: str = ""
    helpers: tuple[tuple[str, str], ...] = ()
    entries: tuple[LoginEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class ContainerdLogins:
    """Registry settings of containerd's ``config.toml``: hosts only, never what logs in there.

    ``mirrors`` are (domain, endpoint URL); ``logins`` the keys of ``configs`` with ``auth``.
    """

    path: str
    mirrors: tuple[tuple[str, str], ...] = ()
    logins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Logins:
    """What a client started here, now, knows of logins.

    ``files`` are in the order in which they are looked at; ``others`` those of ``invoker``,
    who called sudo. ``missing`` are helpers that some file names and ``PATH`` has not, as
    ``docker-credential-NAME``. ``default_store`` is the store that docker picks by itself
    where its file names none and has no login. ``bus``: a desktop's keyring could be asked.
    ``auth_file`` is ``REGISTRY_AUTH_FILE``. ``at`` is our clock, seconds since the epoch.
    """

    files: tuple[LoginFile, ...] = ()
    others: tuple[LoginFile, ...] = ()
    invoker: str = ""
    missing: tuple[str, ...] = ()
    default_store: str = ""
    bus: bool = False
    container: bool = False
    auth_file: str = ""
    containerd: ContainerdLogins | None = None
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class RealmRedirect:
    """The token server answered with a redirect. ``lost`` are the query's fields that the
    target no longer has; ``moved``: it is on another host, where no login is sent.

    ``authenticated``: a login was sent to the realm itself.
    """

    realm: str
    scope: str
    status: int
    target: str
    lost: tuple[str, ...] = ()
    moved: bool = False
    authenticated: bool = False


@dataclass(frozen=True, slots=True)
class AnonymousToken:
    """What the token server gives without a login, where it refused the one configured."""

    answer: Answer
    granted: bool


@dataclass(frozen=True, slots=True)
class GrantedScopes:
    """The token for an image that was refused all the same.

    ``asked`` are the scopes of the request, ``granted`` those that the token names
    (``readable``: it is a JWT that names any). ``alone`` is the answer to the manifest with a
    token for the registry's own scope only, where ``asked`` had more than that.
    """

    repository: str
    asked: tuple[str, ...]
    readable: bool
    granted: tuple[str, ...] = ()
    own: str = ""
    alone: Answer | None = None


@dataclass(frozen=True, slots=True)
class JoinedScopes:
    """One token for the scopes of two images that were both served by tokens of their own.

    ``granted`` are those that the token names; ``readable``: it is a JWT that names any.
    """

    asked: tuple[str, ...]
    readable: bool
    granted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ManifestElsewhere:
    """The answer of another registry to which a manifest request was redirected."""

    answer: Answer
