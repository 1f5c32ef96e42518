"""Content digests (OCI image-spec, descriptor.md, "Digests")."""

from __future__ import annotations

import hashlib
import re

from builder.errors import BuilderError

_DIGEST = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
HEX_LENGTH = {"sha256": 64, "sha384": 96, "sha512": 128}


def has_grammar(text: str) -> bool:
    """Whether ``text`` is built as a digest, be its algorithm known or not."""
    return _DIGEST.fullmatch(text) is not None


class InvalidDigest(BuilderError):
    """``text`` is no digest: wrong grammar, unknown algorithm or wrong length."""

    def __init__(self, text: str) -> None:
        super().__init__(f"invalid digest {text!r}")
        self.text = text


class Digest(str):
    """``algorithm:hex``, validated when made. Compares and hashes as the string it is."""

    __slots__ = ()

    def __new__(cls, text: str) -> Digest:
        if isinstance(text, Digest):
            return text
        algorithm, _, encoded = text.partition(":")
        length = HEX_LENGTH.get(algorithm)
        if (
            _DIGEST.fullmatch(text) is None
            or length is None
            or len(encoded) != length
            or re.fullmatch(r"[0-9a-f]+", encoded) is None
        ):
            raise InvalidDigest(text)
        return super().__new__(cls, text)

    @classmethod
    def of(cls, data: bytes) -> Digest:
        """The sha256 digest of ``data``."""
        return super().__new__(cls, "sha256:" + hashlib.sha256(data).hexdigest())

    @property
    def algorithm(self) -> str:
        return self.partition(":")[0]

    @property
    def hex(self) -> str:
        return self.partition(":")[2]

    def hasher(self) -> hashlib._Hash:
        """A fresh hash object of this digest's algorithm."""
        return hashlib.new(self.algorithm)
