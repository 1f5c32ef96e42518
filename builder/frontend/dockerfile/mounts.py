"""``RUN --mount=``: one value as fields, with its variables expanded."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from msgspec import Struct

from builder.frontend.dockerfile import csvline
from builder.frontend.dockerfile.errors import ParseError
from builder.frontend.dockerfile.suggest import suggestion
from builder.oci.gobool import parse_bool
from builder.oci.goquote import go_quote

TYPES = ("bind", "cache", "tmpfs", "secret", "ssh")
_SHARING = ("shared", "private", "locked")
_ALIASES = {"src": "source", "dst": "target", "destination": "target", "ro": "readonly"}
_KEYS = (
    *("type", "from", "source", "target", "readonly", "id", "sharing", "required"),
    *("size", "mode", "uid", "gid", "src", "dst", "destination", "ro", "rw", "readwrite", "env"),
)
_SIZE = re.compile(r"(.*[0-9. ])([^0-9. ]*)", re.DOTALL)
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_HEX = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?\d+", re.ASCII)
_UNIT = re.compile(r"b?|([kmgtp])(?:i?b)?")
_POWERS = "kmgtp"


class MountOption(Struct):
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
    for field in csvline.fields(value, "mounts"):
        key, equals, text = field.partition("=")
        if key.lower() == "from" and equals:
            if "$" in text[:-1]:
                raise ParseError(
                    "'from' doesn't support variable expansion, define alias stage instead"
                )
            found = text
    return found


def parse_mount(value: str, expand: Callable[[str], str]) -> MountOption:
    """``value`` in full. Raises ParseError."""
    mount = MountOption()
    for field in csvline.fields(value, "mounts"):
        key, equals, text = field.partition("=")
        if equals:
            _assign(mount, key.lower(), expand(text), field)
        else:
            _switch(mount, key.lower(), field)
    _validate(mount)
    if mount.readonly is None:
        mount.readonly = mount.type not in ("cache", "tmpfs")
    return mount


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
    found = parse_bool(value)
    if found is None:
        raise ParseError(f"invalid value for {key}: {value}")
    return found


def _number(key: str, value: str, *, base: int) -> int:
    digits = r"0*[0-7]{1,11}" if base == 8 else r"0*\d{1,10}"
    if re.fullmatch(digits, value, re.ASCII) is None or int(value, base) >= 1 << 32:
        raise ParseError(f"invalid value {value} for {key}")
    return int(value, base)


def _size(key: str, value: str) -> int:
    """Bytes; units are powers of 1024, with a blank before them or none (docker/go-units)."""
    parts = _SIZE.fullmatch(value)
    size = _float(parts[1].removesuffix(" ")) if parts is not None else None
    unit = _UNIT.fullmatch(parts[2].lower()) if parts is not None else None
    if size is None or size < 0 or unit is None:
        raise ParseError(f"invalid value for {key}: {value}")
    if unit[1]:
        size *= 1024 ** (_POWERS.index(unit[1]) + 1)
    # What is too large for 64 bits wraps, as on the processors that BuildKit runs on.
    return int(size) if size < 1 << 63 else -(1 << 63)


def _float(text: str) -> float | None:
    """``strconv.ParseFloat`` for finite numbers; None for what is none."""
    if _DECIMAL.fullmatch(text):
        found = float(text)
    elif _HEX.fullmatch(text):
        try:
            found = float.fromhex(text)
        except OverflowError:
            return None
    else:
        return None
    return found if math.isfinite(found) else None


def _validate(mount: MountOption) -> None:
    if mount.type in ("bind", "tmpfs"):
        for key in ("mode", "uid", "gid"):
            if getattr(mount, key) is not None:
                raise ParseError(f'{key} not allowed for "{mount.type}" type mounts')
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
