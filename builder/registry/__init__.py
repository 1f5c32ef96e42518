"""The registry client: ping, challenge, token, resolve, fetch, push; shared with the doctor.

Errors: see ``builder.registry.errors``.
"""

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
from builder.registry.session import Resolved, Session

__all__ = [
    "Attempt",
    "CredentialError",
    "Denied",
    "Host",
    "IntegrityError",
    "InvalidConfig",
    "NotFound",
    "RegistryError",
    "Resolved",
    "Session",
    "Unauthorized",
    "UnexpectedStatus",
    "Unreachable",
    "UnusableChallenge",
]
