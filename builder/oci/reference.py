"""Image references, normalised as docker does (distribution/reference grammar)."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from builder.errors import BuilderError
from builder.oci.digest import Digest, InvalidDigest

DOCKER_HUB = "docker.io"

_DOMAIN_COMPONENT = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = re.compile(
    rf"(?:{_DOMAIN_COMPONENT}(?:\.{_DOMAIN_COMPONENT})*|\[(?:[a-fA-F0-9:]+)\])(?::[0-9]+)?"
)
_PATH_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PATH_COMPONENT}(?:/{_PATH_COMPONENT})*")
_TAG = re.compile(r"[\w][\w.-]{0,127}", re.ASCII)
_HEX64 = re.compile(r"[a-f0-9]{64}")
_NAME_LIMIT = 255


class InvalidReference(BuilderError):
    """``text`` is no image reference; the message ends in distribution's own words."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(f"failed to parse image reference {quoted(text)}: {why}")
        self.text = text
        self.why = why


def quoted(text: str) -> str:
    """``text`` in double quotes, control characters escaped."""
    return '"' + text.encode("unicode_escape").decode().replace('"', '\\"') + '"'


class Reference(Struct, frozen=True):
    """``domain/path[:tag][@digest]`` with docker.io's defaults filled in."""

    domain: str
    path: str
    tag: str = ""
    digest: Digest | None = None

    @property
    def name(self) -> str:
        """``domain/path``."""
        return f"{self.domain}/{self.path}"

    @property
    def target(self) -> str:
        """What stands after ``manifests/`` in a request: the digest where there is one."""
        return str(self.digest) if self.digest is not None else self.tag

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest is not None else ""
        return f"{self.name}{tag}{digest}"

    def familiar(self) -> str:
        """As a user writes it: ``docker.io/library/`` and ``docker.io/`` left out."""
        path = self.name
        if self.domain == DOCKER_HUB:
            path = self.path
            if path.startswith("library/") and "/" not in path[len("library/") :]:
                path = path[len("library/") :]
        return path + str(self)[len(self.name) :]

    def with_digest(self, digest: Digest) -> Reference:
        return replace(self, digest=digest)


@lru_cache(maxsize=1024)
def parse(text: str, *, default_tag: str = "latest") -> Reference:
    """``text`` normalised; without tag and digest it gets ``default_tag`` (may be empty).

    Raises InvalidReference.
    """
    if _HEX64.fullmatch(text):
        raise InvalidReference(
            text, f"invalid repository name ({text}), cannot specify 64-byte hexadecimal strings"
        )
    if not text:
        raise InvalidReference(text, "invalid reference format")
    rest, at, digest_text = text.partition("@")
    digest: Digest | None = None
    if at:
        try:
            digest = Digest(digest_text)
        except InvalidDigest as error:
            algorithm, _, encoded = digest_text.partition(":")
            known = algorithm in ("sha256", "sha384", "sha512")
            grammar = len(encoded) >= 32 and re.fullmatch(r"[0-9a-fA-F]+", encoded) is not None
            why = (
                "invalid checksum digest length"
                if known and grammar
                else "unsupported digest algorithm"
                if grammar
                else "invalid reference format"
            )
            raise InvalidReference(text, why) from error
    head, slash, remainder = rest.partition("/")
    if not slash or not ("." in head or ":" in head or head == "localhost" or head.lower() != head):
        domain, remainder = DOCKER_HUB, rest
    else:
        domain = head
    if domain == "index.docker.io":
        domain = DOCKER_HUB
    path, colon, tag = remainder.partition(":")
    if domain == DOCKER_HUB and "/" not in path:
        path = "library/" + path
    if path.lower() != path:
        raise InvalidReference(
            text, f"invalid reference format: repository name ({path}) must be lowercase"
        )
    if (
        _DOMAIN.fullmatch(domain) is None
        or _PATH.fullmatch(path) is None
        or (colon and _TAG.fullmatch(tag) is None)
    ):
        raise InvalidReference(text, "invalid reference format")
    if len(path) > _NAME_LIMIT:
        raise InvalidReference(
            text, f"repository name must not be more than {_NAME_LIMIT} characters"
        )
    if not tag and digest is None:
        tag = default_tag
    return Reference(domain, path, tag, digest)
