"""Why a chain is refused, as values: the kinds, and one fault with the certificate it names."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from regdoctor.x509.certificate import Certificate
from regdoctor.x509.hosts import Mismatch
from regdoctor.x509.signature import Refusal


class Kind(enum.StrEnum):
    """What is wrong, in one word a check can branch on."""

    UNKNOWN_AUTHORITY = "unknown-authority"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    HOSTNAME = "hostname"
    CRITICAL_EXTENSION = "critical-extension"
    NOT_A_CA = "not-a-ca"
    PATH_LENGTH = "path-length"
    KEY_USAGE = "key-usage"
    NAME_CONSTRAINT = "name-constraint"
    POLICY = "policy"
    PARSE = "parse"
    EMPTY_CHAIN = "empty-chain"
    NO_SERVER_NAME = "no-server-name"
    SYSTEM_ROOTS = "system-roots"
    SIGNATURE_LIMIT = "signature-limit"
    RSA_TOO_LARGE = "rsa-too-large"
    KEY_TYPE = "key-type"
    HANDSHAKE_KEY = "handshake-key"


@dataclass(frozen=True, slots=True, eq=False)
class Fault:
    """One refusal. ``text`` begins with ``x509: `` where Go's does. ``about`` is the
    certificate in Go's error value; ``culprit`` the one at fault where that is another;
    ``hint`` and ``hint_certificate`` are the candidate issuer that Go's hint names;
    ``constraining`` is the CA whose name constraint is violated."""

    kind: Kind
    text: str
    about: Certificate | None = None
    culprit: Certificate | None = None
    mismatch: Mismatch | None = None
    hint: Refusal | None = None
    hint_certificate: Certificate | None = None
    constraining: Certificate | None = None
