"""What a client does with one registry address."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from regdoctor.observations.host import HostFiles

Plain = Literal["never", "fallback", "only"]


@dataclass(frozen=True, slots=True)
class Policy:
    """How ``client`` would treat ``host[:port]``.

    ``extra`` is PEM trusted beside the system's pool, read from ``sources``. ``insecure``:
    certificates are not verified. ``plain``: whether http is spoken, and when. ``pair``: it has
    a client certificate to show. ``broken`` is what in its files makes every contact fail.
    """

    client: str
    extra: tuple[bytes, ...] = ()
    sources: tuple[str, ...] = ()
    insecure: bool = False
    plain: Plain = "never"
    pair: bool = False
    broken: str = ""


@dataclass(frozen=True, slots=True)
class MirrorUse:
    """One configured mirror: ``url`` as written, of ``domain``, in the file ``origin``.

    ``insecure``: any certificate will do, and http where there is no TLS.
    """

    client: str
    domain: str
    url: str
    origin: str
    insecure: bool = False


def authorities(files: HostFiles, directory: str) -> tuple[tuple[bytes, ...], tuple[str, ...]]:
    """Content and path of every ``*.crt`` in ``directory``; unreadable ones are left out."""
    found = []
    for name in files.directories.get(directory, ()):
        path = f"{directory}/{name}"
        seen = files.files.get(path)
        if name.endswith(".crt") and seen is not None and not seen.error:
            found.append((seen.content, path))
    return tuple(pem for pem, _ in found), tuple(path for _, path in found)


def has_pair(files: HostFiles, directory: str) -> bool:
    """Whether a client certificate lies in ``directory``."""
    return any(name.endswith(".cert") for name in files.directories.get(directory, ()))


def read(files: HostFiles, paths: Iterable[str]) -> tuple[tuple[bytes, ...], str]:
    """Content of the files ``paths``, and the first that cannot be read (or nothing)."""
    contents: list[bytes] = []
    for path in paths:
        seen = files.files.get(path)
        if seen is None or seen.error:
            return tuple(contents), path
        contents.append(seen.content)
    return tuple(contents), ""


def toml(files: HostFiles, path: str) -> Mapping[str, Any] | None:
    """The file parsed; None where it is missing or does not parse."""
    text = files.text(path)
    if text is None:
        return None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def table(value: object) -> Mapping[str, Any]:
    """``value`` where it is a table, else an empty one: configuration may hold anything."""
    return value if isinstance(value, Mapping) else {}


def strings(value: object) -> tuple[str, ...]:
    """A string or the strings of a list."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, list):
        return tuple(each for each in value if isinstance(each, str))
    return ()


def host_of(written: str) -> str:
    """The host of ``host[:port]``, IPv6 without brackets."""
    if written.startswith("["):
        return written[1:].partition("]")[0]
    return written.rpartition(":")[0] if ":" in written else written


def loopback(written: str) -> bool:
    """Loopback literal or ``localhost``, the addresses that clients treat specially."""
    host = host_of(written)
    return host in ("localhost", "::1") or host.startswith("127.")
