"""An agent of our own: private keys from files, held in memory, that sign and never leave."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from msgspec import Struct

from builder.ops.errors import OpError
from builder.ops.ssh import messages

_SHA2_256, _SHA2_512 = 2, 4
_FILE_LIMIT = 100 * 1024
_CURVE_HASHES: dict[str, hashes.HashAlgorithm] = {
    "secp256r1": hashes.SHA256(),
    "secp384r1": hashes.SHA384(),
    "secp521r1": hashes.SHA512(),
}

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class Key(Struct, frozen=True):
    """``blob`` is the public key as ssh writes it."""

    blob: bytes
    private: PrivateKey

    def sign(self, data: bytes, flags: int) -> bytes:
        """A signature as ssh writes it: the name of the algorithm, and what it made."""
        private = self.private
        if isinstance(private, ed25519.Ed25519PrivateKey):
            return _signature("ssh-ed25519", private.sign(data))
        if isinstance(private, rsa.RSAPrivateKey):
            name, algorithm = _rsa_form(flags)
            return _signature(name, private.sign(data, padding.PKCS1v15(), algorithm))
        algorithm = _CURVE_HASHES[private.curve.name]
        r, s = utils.decode_dss_signature(private.sign(data, ec.ECDSA(algorithm)))
        kind, _ = messages.take_string(self.blob)
        return _signature(kind.decode(), messages.mpint(r) + messages.mpint(s))


class Keyring:
    """Answers what an agent is asked."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self._keys = {key.blob: key for key in keys}

    def answer(self, message: bytes) -> bytes:
        """Raises InvalidMessage."""
        kind, rest = message[0], message[1:]
        if kind == messages.LIST:
            listed = b"".join(messages.string(blob) + messages.string(b"") for blob in self._keys)
            return bytes([messages.LIST_ANSWER]) + struct.pack(">I", len(self._keys)) + listed
        if kind == messages.LIST_V1:
            return bytes([messages.LIST_V1_ANSWER]) + struct.pack(">I", 0)
        if kind != messages.SIGN:
            return bytes([messages.FAILURE])
        blob, rest = messages.take_string(rest)
        data, rest = messages.take_string(rest)
        key = self._keys.get(blob)
        if key is None or len(rest) != 4:
            return bytes([messages.FAILURE])
        (flags,) = struct.unpack(">I", rest)
        return bytes([messages.SIGN_ANSWER]) + messages.string(key.sign(data, flags))


def load_key(path: Path) -> Key:
    """A key file in OpenSSH's or a PEM form. Raises OpError; its text has nothing of the key."""
    try:
        with path.open("rb") as file:
            data = file.read(_FILE_LIMIT)
    except OSError as error:
        raise OpError(f"failed to open {path}: {(error.strerror or str(error)).lower()}") from error
    try:
        if b"BEGIN OPENSSH PRIVATE KEY" in data:
            private = serialization.load_ssh_private_key(data, None)
        else:
            private = serialization.load_pem_private_key(data, None)  # type: ignore[assignment]
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        protected = isinstance(error, TypeError) or "assword" in str(error)
        why = "this private key is passphrase protected" if protected else "no key found"
        raise OpError(
            f"failed to parse {path}: ssh: {why}",
            hint="add the key to an ssh-agent, and lend that" if protected else "",
        ) from None
    if not isinstance(
        private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
    ) or (
        isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name not in _CURVE_HASHES
    ):
        raise OpError(f"failed to parse {path}: ssh: unsupported key type")
    public = private.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return Key(base64.b64decode(public.split()[1]), private)


def _rsa_form(flags: int) -> tuple[str, hashes.HashAlgorithm]:
    if flags & _SHA2_512:
        return "rsa-sha2-512", hashes.SHA512()
    if flags & _SHA2_256:
        return "rsa-sha2-256", hashes.SHA256()
    return "ssh-rsa", hashes.SHA1()  # noqa: S303  (what a server without rsa-sha2 asks for)


def _signature(name: str, made: bytes) -> bytes:
    return messages.string(name.encode()) + messages.string(made)
