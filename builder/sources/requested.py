"""What an ``http://`` or ``https://`` source op asks for, and the keys that are made of it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from builder.oci import gojson
from builder.oci.credentials import without_credentials
from builder.oci.digest import Digest, InvalidDigest
from builder.sources.errors import SourceError

UPLOADS = "http://buildkit-session/"
"""Where BuildKit's clients serve what they send along (a context on standard input)."""

_TIME = "%a, %d %b %Y %H:%M:%S GMT"
_TIMES = (_TIME, "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")
_HEADER = "http.header."
_HEADERS = ("Accept", "User-Agent")
"""Those that a definition may set."""
_MAX_ID = 2**31 - 1


class Requested(Struct, frozen=True):
    """One file at a URL. ``perm`` 0 is not said; ``headers`` are sorted by name."""

    url: str
    checksum: Digest | None = None
    filename: str = ""
    perm: int = 0
    uid: int = 0
    gid: int = 0
    auth_secret: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, identifier: str, attrs: Mapping[str, str]) -> Requested:
        """Raises SourceError for attributes that make no sense."""
        for name in attrs:
            if name.startswith("http.sig."):
                raise SourceError(f"{name}: signatures of downloads are not supported")
        try:
            checksum = Digest(attrs["http.checksum"]) if attrs.get("http.checksum") else None
        except InvalidDigest as error:
            raise SourceError(f"http.checksum: {error}") from error
        fields = ((k[len(_HEADER) :].title(), v) for k, v in attrs.items() if k.startswith(_HEADER))
        return cls(
            identifier,
            checksum,
            attrs.get("http.filename", ""),
            _number(attrs, "http.perm"),
            _number(attrs, "http.uid"),
            _number(attrs, "http.gid"),
            attrs.get("http.authheadersecret", ""),
            tuple(sorted((name, value) for name, value in fields if name in _HEADERS)),
        )

    @property
    def shown(self) -> str:
        """The URL, without its user and password."""
        return without_credentials(self.url)

    @property
    def digest(self) -> Digest:
        """Equal for requests whose answers are interchangeable."""
        return Digest.of(
            gojson.dumps([self.url, self.filename, self.perm, self.uid, self.gid])
            + gojson.dumps([self.auth_secret, self.headers])
        )

    def key(self, filename: str, checksum: Digest, modified: datetime | None) -> str:
        """BuildKit's cache key of the file that came."""
        key: dict[str, Any] = {
            "Filename": filename,
            "Perm": self.perm,
            "UID": self.uid,
            "GID": self.gid,
            "Checksum": str(checksum),
        }
        if modified is not None:
            key["LastModTime"] = modified.strftime(_TIME)
        if self.auth_secret:
            key["AuthHeaderSecret"] = self.auth_secret
        if self.headers:
            key["Header"] = [{"Name": name, "Value": value} for name, value in self.headers]
        return str(Digest.of(gojson.dumps(key)))

    def file_name(self, disposition: str = "") -> str:
        """What the file is called: as asked for, as the server says, or as the URL ends."""
        if self.filename:
            return safe_name(self.filename)
        given = _disposed(disposition)
        if given and not given.endswith("/"):
            return safe_name(given)
        try:
            return safe_name(unquote(urlsplit(self.url).path).rstrip("/"))
        except ValueError:
            return safe_name("")


def safe_name(text: str) -> str:
    """The last part of ``text`` if a file may be called that, else ``download``."""
    name = os.path.basename(text.strip().rstrip("/"))
    if name in ("", ".", "..") or re.search(r"[\x00-\x1f\x7f-\x9f]", name):
        return "download"
    return name


def parse_time(text: str) -> datetime | None:
    """A date of HTTP; None where ``text`` is none."""
    for form in _TIMES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _disposed(header: str) -> str:
    from email.message import Message

    message = Message()
    message["Content-Disposition"] = header
    return os.path.basename(message.get_filename() or "") if header else ""


def _number(attrs: Mapping[str, str], name: str) -> int:
    """As Go's ``ParseInt(text, 0, 64)``: a leading 0 is octal."""
    text = attrs.get(name)
    if not text:
        return 0
    octal = re.fullmatch(r"0[0-7]{1,12}", text)
    try:
        number = int(text, 8) if octal else int(text, 0)
    except ValueError as error:
        raise SourceError(f"invalid {name}: {text!r}") from error
    if not 0 <= number <= _MAX_ID:
        raise SourceError(f"invalid {name}: {text!r}")
    return number
