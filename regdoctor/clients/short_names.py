"""Names without a registry, as podman and buildah complete them (pkg/shortnames)."""

from __future__ import annotations

import json
import tomllib

from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.plan import Situation
from regdoctor.clients.registries_conf import Conf


class Unresolved(ValueError):
    """No registry follows from the name, or the client refuses to choose one."""


def candidates(text: str, files: Filesystem, conf: Conf, situation: Situation) -> tuple[str, ...]:
    """Full references to try, in order. Raises Unresolved.

    An alias wins over a search. Of several registries a terminal would ask; without one,
    ``enforcing`` refuses; the other modes, of which ``permissive`` is the default, try each.
    """
    if not is_short(text):
        return (text,)
    name, rest = _split(text)
    # What the user chose at a terminal counts before what the files say, be it nothing.
    alias = {**conf.aliases, **_remembered(files, situation)}.get(name)
    if alias:
        return (alias + rest,)
    if not conf.search:
        where = conf.search_file or next(iter(conf.read), "")
        missing = f'unqualified-search registries are defined in "{where}"'
        if not where:
            missing = "containers-registries.conf(5) was found"
        raise Unresolved(
            f"short-name {json.dumps(text)} did not resolve to an alias and no {missing}"
        )
    if len(conf.search) > 1 and conf.mode == "enforcing":
        raise Unresolved("short-name resolution enforced but cannot prompt without a TTY")
    return tuple(f"{registry}/{text}" for registry in conf.search)


def is_short(text: str) -> bool:
    """Whether no registry is named: the first part is no host."""
    first, slash, _ = text.partition("/")
    return not slash or not ("." in first or ":" in first or first == "localhost")


def _split(text: str) -> tuple[str, str]:
    """The name, and its tag or digest."""
    name, at, digest = text.partition("@")
    last = name.rpartition("/")[2]
    if ":" in last:
        cut = name.rindex(":")
        name, tag = name[:cut], name[cut:]
    else:
        tag = ""
    return name, tag + at + digest


def _remembered(files: Filesystem, situation: Situation) -> dict[str, str]:
    """Aliases that a user chose at a terminal."""
    home = situation.files.home or "/root"
    cache = situation.environment.get("XDG_CACHE_HOME") or f"{home}/.cache"
    path = (
        "/var/cache/containers/short-name-aliases.conf"
        if situation.uid == 0
        else f"{cache}/containers/short-name-aliases.conf"
    )
    text = files.text(path)
    try:
        aliases = tomllib.loads(text).get("aliases", {}) if text else {}
    except tomllib.TOMLDecodeError:
        return {}
    return {key: value for key, value in aliases.items() if isinstance(value, str)}
