"""``daemon.json``: what of it concerns registries, and when dockerd does not start with it."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.go_urls import NotParsed, parse_url
from regdoctor.clients.plan import VIRTUAL_MACHINE, Situation
from regdoctor.clients.version import Version

SYSTEM = "/etc/docker"
DESKTOP = "docker-desktop"
"""What the names of Docker Desktop's programs begin with."""
_OWN = ("registry-mirrors", "insecure-registries", "proxies")
_FLAGS = ("registry-mirror", "insecure-registry")
"""Flags of the command line: dockerd takes them for names of its own, and reads them nowhere."""
_PROXIES = {"http-proxy": "HTTP_PROXY", "https-proxy": "HTTPS_PROXY", "no-proxy": "NO_PROXY"}
_ADVICE = ": must use either 'https://' or 'http://'"
_GRAPHDRIVERS = ("aufs", "btrfs", "devicemapper", "fuse-overlayfs", "overlay", "overlay2", "vfs")


class DoesNotStart(Exception):
    """dockerd ends before it serves anybody, in these words."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """One of ``registry-mirrors``, as written and taken apart; ``path`` without trailing slash."""

    written: str
    scheme: str
    host: str
    path: str


@dataclass(frozen=True, slots=True)
class Daemon:
    """What a dockerd has been told. ``file`` is its configuration, whether it exists or not;
    ``certificates`` the directory ``certs.d``; ``containerd`` its image store, None where the
    file does not say. ``proxies`` are variables that take the environment's place. ``ignored`` are
    keys that dockerd accepts and does nothing with. ``store`` is that of its ``Process``."""

    file: str
    certificates: str
    mirrors: tuple[Mirror, ...] = ()
    insecure: tuple[str, ...] = ()
    proxies: Mapping[str, str] = field(default_factory=dict)
    containerd: bool | None = None
    ignored: tuple[str, ...] = ()
    store: str = ""


def configuration_directory(situation: Situation) -> str:
    """``/etc/docker``, or the user's for a daemon without root, which rootlesskit has started.

    Docker Desktop copies its own from the user's when it starts.
    """
    if situation.client.startswith(DESKTOP):
        return f"{situation.files.home}/.docker"
    if not situation.uid and "ROOTLESSKIT_STATE_DIR" not in situation.environment:
        return SYSTEM
    base = situation.environment.get("XDG_CONFIG_HOME") or f"{situation.files.home}/.config"
    return f"{base}/docker"


def read_daemon(situation: Situation) -> Daemon:
    """The settings of the daemon on this host. Raises DoesNotStart."""
    directory = configuration_directory(situation)
    path = f"{directory}/daemon.json"
    settings = _settings(Filesystem(situation.files), path, situation.version)
    _check_names(path, settings, situation.version)
    mirrors = tuple(
        read_mirror(each, path, situation.version)
        for each in _strings(path, settings, "registry-mirrors")
    )
    return Daemon(
        file=path,
        certificates=f"{directory}/certs.d",
        # One without a host is asked by nobody: every client goes on to the next at once.
        mirrors=tuple(
            {(each.scheme, each.host, each.path): each for each in mirrors if each.host}.values()
        ),
        insecure=_strings(path, settings, "insecure-registries"),
        proxies=_proxies(path, settings),
        containerd=_store(settings),
        ignored=tuple(key for key in settings if key in (*_FLAGS, *_PROXIES)),
        store=VIRTUAL_MACHINE if situation.client.startswith(DESKTOP) else "",
    )


def _settings(files: Filesystem, path: str, version: Version) -> Mapping[str, Any]:
    read = files.read(path)
    if read.missing:
        return {}
    if read.error:
        raise _unusable(path, f"open {path}: {read.error}")
    try:
        found = _decoded(read.content, version)
    except ValueError as error:
        raise _unusable(path, str(error)) from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _unusable(path, "the file holds no JSON object")
    return found


def _decoded(content: bytes, version: Version) -> Any:
    """The file's JSON value. Raises ValueError.

    Before 23.0 the first value was read, whatever came behind it, and there had to be one; a byte
    order mark was none of it. Since then UTF-16 is understood, too, and no value is no setting.
    """
    if not version.since(23):
        text = content.decode("utf-8", "replace").lstrip(" \t\r\n")
        if not text:
            raise ValueError("EOF")
        return json.JSONDecoder(parse_constant=_no_number).raw_decode(text)[0]
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if marked else "utf-8-sig").strip()
    return json.loads(text, parse_constant=_no_number) if text else None


def _no_number(name: str) -> float:
    raise ValueError(f"invalid character '{name[0]}' looking for beginning of value")


def _check_names(path: str, settings: Mapping[str, Any], version: Version) -> None:
    """dockerd knows every one of its options, and starts with no other.

    Of the many only those are judged that are meant to be one of the three here.
    """
    wrong = [key for key in settings if key not in (*_OWN, *_FLAGS) and _meant(key)]
    proxies = settings.get("proxies")
    if not version.since(23):
        wrong += [key for key in settings if key in _PROXIES]
    if isinstance(proxies, Mapping) and not version.since(23):
        wrong += list(proxies)
    elif isinstance(proxies, Mapping):
        wrong += [key for key in proxies if key not in _PROXIES]
    if wrong:
        listed = ", ".join(wrong)
        raise _unusable(
            path, f"the following directives don't match any configuration option: {listed}"
        )


def _meant(key: str) -> bool:
    return _plain(key) in {_plain(each) for each in _OWN}


def _plain(key: str) -> str:
    letters = "".join(each for each in key.lower() if each.isalpha())
    return letters.replace("ies", "y").removesuffix("s")


def read_mirror(written: str, path: str, version: Version) -> Mirror:
    """One entry of ``registry-mirrors``. Raises DoesNotStart."""
    try:
        url = parse_url(written)
    except NotParsed as error:
        raise _bad_mirror(f'"{written}" is not a valid URI: {error}', path, version) from error
    if version.since(28) and "://" not in written:
        raise _bad_mirror(f'no scheme specified for "{written}"{_ADVICE}', path, version)
    if url.scheme not in ("http", "https"):
        advice = ": must use either 'https://' or 'http://'" if version.since(28) else ""
        raise _bad_mirror(
            f'unsupported scheme "{url.scheme}" in "{written}"{advice}', path, version
        )
    # The password of a URL is not repeated.
    shown = f"{url.scheme}://{url.host}{url.rest}" if url.user else written
    if not version.since(24, 0, 8) and url.rest not in ("", "/"):
        raise _bad_mirror(f'path, query, or fragment at end of the URI "{shown}"', path, version)
    if url.rest != url.path:
        raise _bad_mirror(f'query or fragment at end of the URI "{shown}"', path, version)
    if url.user:
        raise _bad_mirror(f'username/password not allowed in URI "{shown}"', path, version)
    return Mirror(written, url.scheme, url.host, url.path.rstrip("/"))


def _bad_mirror(why: str, path: str, version: Version) -> DoesNotStart:
    if version.since(28):
        return _unusable(
            path,
            "merged configuration validation from file and command line flags failed: "
            f"invalid mirror: {why}",
        )
    return DoesNotStart(f"failed to start daemon: invalid mirror: {why}")


def _unusable(path: str, why: str) -> DoesNotStart:
    return DoesNotStart(f"unable to configure the Docker daemon with file {path}: {why}")


def _strings(path: str, settings: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = settings.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _unusable(path, f"`{key}` is not a list of strings")
    return tuple(value)


def _proxies(path: str, settings: Mapping[str, Any]) -> dict[str, str]:
    value = settings.get("proxies")
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise _unusable(path, "`proxies` is not a table of strings")
    return {_PROXIES[key]: text for key, text in value.items() if text}


def _store(settings: Mapping[str, Any]) -> bool | None:
    features = settings.get("features")
    if isinstance(features, dict) and isinstance(features.get("containerd-snapshotter"), bool):
        return bool(features["containerd-snapshotter"])
    return False if settings.get("storage-driver") in _GRAPHDRIVERS else None
