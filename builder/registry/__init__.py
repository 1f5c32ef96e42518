"""The registry client: ping, challenge, token, resolve, fetch, push; shared with the doctor.

A ``Session`` does it all and remembers; its steps (``ping``, ``authorize``,
``head_manifest``, ``get_manifest`` ...) can be called one by one. Errors: see
``builder.registry.errors``.
"""

from builder.registry.challenge import Challenge
from builder.registry.config import RegistryConfig, Section
from builder.registry.credentials import Credential, CredentialStore
from builder.registry.errors import (
    Attempt,
    CredentialError,
    Denied,
    IntegrityError,
    InvalidConfig,
    NotFound,
    RegistryError,
    Unauthorized,
    UnexpectedStatus,
    Unreachable,
    UnusableChallenge,
)
from builder.registry.hosts import Host
from builder.registry.manifests import Answer, Resolved
from builder.registry.retry import Retrying, RetryPolicy
from builder.registry.session import Session

__all__ = [
    "Answer",
    "Attempt",
    "Challenge",
    "Credential",
    "CredentialError",
    "CredentialStore",
    "Denied",
    "Host",
    "IntegrityError",
    "InvalidConfig",
    "NotFound",
    "RegistryConfig",
    "RegistryError",
    "Resolved",
    "RetryPolicy",
    "Retrying",
    "Section",
    "Session",
    "Unauthorized",
    "UnexpectedStatus",
    "Unreachable",
    "UnusableChallenge",
]
