"""``RUN --mount=``: one value as fields, with its variables expanded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from builder.frontend.dockerfile.errors import ParseError
from builder.frontend.dockerfile.lexical import go_quote
from builder.frontend.dockerfile.suggest import suggestion

TYPES = ("bind", "cache", "tmpfs", "secret", "ssh")
_SHARING = ("shared", "private", "locked")
_ALIASES = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly"}
_KEYS = (
    *("type", "from", "source", "target", "readonly", "id", "sharing", "required"),
    *("size", "mode", "uid", "gid", "src", "dst", "destination", "ro", "rw", "readwrite", "env"),
)
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_SIZE = re.compile(r"(\d+(?:\.\d*)?)\s*([kKmMgGtTpP]?)(?:[iI]?[bB])?", re.ASCII)
_SIZE_UNITS = {unit: 1024**power for power, unit in enumerate(("", "k", "m", "g", "t", "p"))}


@dataclass(slots=True)
class MountOption:
    """A parsed ``--mount``. ``id`` is the cache, secret or agent; ``size`` in bytes."""

    type: str = "bind"
    from_: str = ""
    source: str = ""
    target: str = ""
    readonly: bool | None = None
    required: bool = False
    id: str = ""
    sharing: str = ""
    size: int = 0
    mode: int | None = None
    uid: int | None = None
    gid: int | None = None
    env: str | None = None

    @property
    def sets_owner(self) -> bool:
        return self.mode is not None or self.uid is not None or self.gid is not None


def source_of(value: str) -> str:
    """The ``from`` of a mount before variables are known; it may have none.

    Raises ParseError for a ``$`` in it and for text that is no comma-separated list.
    """
    found = ""
    for key, _equals, text in _fields(value):
        if key == "from":
            if re.search(r"\$.", text):
                raise ParseError(
                    "'from' doesn't support variable expansion, define alias stage instead"
                )
            found = text
    return found


def parse_mount(value: str, expand: Callable[[str], str]) -> MountOption:
    """``value`` in full. Raises ParseError."""
    mount = MountOption()
    for key, equals, text in _fields(value):
        if equals:
            _assign(mount, key, expand(text), f"{key}={text}")
        else:
            _switch(mount, key, text)
    _validate(mount)
    if mount.readonly is None:
        mount.readonly = mount.type not in ("cache", "tmpfs")
    return mount


def _fields(value: str) -> Iterator[tuple[str, bool, str]]:
    """Lower-case key, whether ``=`` followed, and the text (the whole field without)."""
    for field in _split_csv(value):
        key, equals, text = field.partition("=")
        yield key.lower(), bool(equals), text if equals else field


def _split_csv(value: str) -> list[str]:
    """One line of comma-separated values; a field may be quoted whole."""
    fields: list[str] = []
    position = 0
    if not value:
        raise ParseError("failed to parse csv mounts: EOF")
    while True:
        if value.startswith('"', position):
            match = re.compile(r'"((?:[^"]|"")*)"(?=,|$)').match(value, position)
            if match is None:
                raise ParseError('failed to parse csv mounts: extraneous or missing " in field')
            fields.append(match[1].replace('""', '"'))
            position = match.end()
        else:
            end = value.find(",", position)
            end = len(value) if end < 0 else end
            if '"' in value[position:end]:
                raise ParseError('failed to parse csv mounts: bare " in non-quoted field')
            fields.append(value[position:end])
            position = end
        if position >= len(value):
            return fields
        position += 1


def _switch(mount: MountOption, key: str, field: str) -> None:
    if key in ("readonly", "ro"):
        mount.readonly = True
    elif key in ("readwrite", "rw"):
        mount.readonly = False
    elif key == "required":
        _only_for(mount, key, "secret", "ssh")
        mount.required = True
    else:
        raise ParseError(f"invalid field '{field}' must be a key=value pair")


def _assign(mount: MountOption, key: str, value: str, field: str) -> None:
    name = _ALIASES.get(key, key)
    if name == "type":
        mount.type = _one_of(value, TYPES, "unsupported mount type")
    elif name == "sharing":
        mount.sharing = _one_of(value, _SHARING, "unsupported sharing value")
    elif name in ("source", "target", "id"):
        setattr(mount, name, value)
    elif name == "from":
        mount.from_ = value
    elif name == "env":
        mount.env = value
    elif name == "readonly":
        mount.readonly = _boolean(key, value)
    elif name in ("readwrite", "rw"):
        mount.readonly = not _boolean(key, value)
    elif name == "required":
        _only_for(mount, key, "secret", "ssh")
        mount.required = _boolean(key, value)
    elif name == "size":
        _only_for(mount, key, "tmpfs")
        mount.size = _size(key, value)
    elif name in ("mode", "uid", "gid"):
        setattr(mount, name, _number(name, value, base=8 if name == "mode" else 10))
    else:
        near = suggestion(key, _KEYS, case_sensitive=True)
        raise ParseError(f"unexpected key '{key}' in '{field}'{near}")


def _one_of(value: str, allowed: tuple[str, ...], complaint: str) -> str:
    if value.lower() not in allowed:
        near = suggestion(value, allowed, case_sensitive=True)
        raise ParseError(f"{complaint} {go_quote(value)}{near}")
    return value.lower()


def _only_for(mount: MountOption, key: str, *types: str) -> None:
    if mount.type not in types:
        raise ParseError(f"unexpected key '{key}' for mount type '{mount.type}'")


def _boolean(key: str, value: str) -> bool:
    if value not in _TRUE and value not in _FALSE:
        raise ParseError(f"invalid value for {key}: {value}")
    return value in _TRUE


def _number(key: str, value: str, *, base: int) -> int:
    digits = r"[0-7]{1,11}" if base == 8 else r"\d{1,10}"
    if re.fullmatch(digits, value, re.ASCII) is None or int(value, base) >= 1 << 32:
        raise ParseError(f"invalid value {value} for {key}")
    return int(value, base)


def _size(key: str, value: str) -> int:
    match = _SIZE.fullmatch(value.strip())
    if match is None or len(match[1]) > 20:
        raise ParseError(f"invalid value for {key}: {value}")
    size = int(float(match[1]) * _SIZE_UNITS[match[2].lower()])
    if size >= 1 << 63:
        raise ParseError(f"invalid value for {key}: {value}")
    return size


def _validate(mount: MountOption) -> None:
    if mount.type in ("bind", "tmpfs"):
        for key in ("mode", "uid", "gid"):
            if getattr(mount, key) is not None:
                raise ParseError(f'{key} not allowed for "{mount.type}" type mounts')
    if mount.env is not None and mount.type != "secret":
        raise ParseError(f"unexpected key 'env' for mount type '{mount.type}'")
    if mount.type == "secret":
        if mount.from_:
            raise ParseError("secret mount should not have a from")
        if mount.sharing:
            raise ParseError("secret mount should not define sharing")
        if not (mount.source or mount.target or mount.id):
            raise ParseError("invalid secret mount. one of source, target required")
        if mount.source and mount.id:
            raise ParseError("both source and id can't be set")
    if mount.sharing and mount.type != "cache":
        raise ParseError(f"invalid cache sharing set for {mount.type} mount")
