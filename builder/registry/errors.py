"""What a registry answered instead of what was asked for.

::

    RegistryError                 the answers of all hosts, in order (``attempts``)
    |-- NotFound                  every host that answered says so
    |-- Unauthorized              credentials are missing, or not accepted (401)
    |-- Denied                    known, but not allowed to (403)
    |-- Unreachable               no answer: the TransportError is ``__cause__``
    |-- UnexpectedStatus          any other status; ``status``
    |-- UnusableChallenge         a challenge that cannot, or must not, be answered
    `-- IntegrityError            digest, length or media type is not what was promised
    InvalidConfig                 registry settings (``--config``) that cannot be read
    CredentialError               a credentials file or helper that cannot be read

The words are containerd's and BuildKit's where they have any for the case.
"""

from __future__ import annotations

from http import HTTPStatus

from msgspec import Struct

from builder.errors import BuilderError
from builder.registry.hosts import Host
from builder.transport.exchange import Exchange


class Attempt(Struct, frozen=True):
    """One step at one host: what was said on the wire, and the error it ended in, if any."""

    step: str
    """``ping``, ``token``, ``resolve``, ``manifest``, ``blob``, ``blob-exists``, ``mount``,
    ``push-blob``, ``push-manifest`` or ``referrers``."""
    host: Host
    subject: str
    """The reference or digest that the step was about; empty for ``ping``."""
    exchanges: tuple[Exchange, ...]
    error: BuilderError | None = None


class RegistryError(BuilderError):
    """``attempts`` holds every host that was asked, in order, with every exchange."""

    def __init__(self, message: str, *, attempts: tuple[Attempt, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.attempts = attempts


class NotFound(RegistryError):
    """The reference or blob is not there."""


class Unauthorized(RegistryError):
    """401 to the end: no credentials, or none that the registry or its token service takes.

    ``refused``: the registry itself got an ``Authorization`` and answered 401 all the same.
    """

    refused = False


class Denied(RegistryError):
    """403: the registry knows who asks and refuses."""


class Unreachable(RegistryError):
    """No HTTP answer came; ``__cause__`` is the TransportError."""


class UnusableChallenge(RegistryError):
    """A 401 whose challenge names nothing that this client can, or will, do."""


class UnexpectedStatus(RegistryError):
    """An answer with a ``status`` that the step has no use for."""

    def __init__(
        self,
        method: str,
        url: str,
        status: int,
        *,
        detail: str = "",
        prefix: str = "",
        attempts: tuple[Attempt, ...] = (),
        hint: str = "",
    ) -> None:
        text = (
            f"{prefix}unexpected status from {method} request to {url}: {status} {phrase(status)}"
        )
        super().__init__(
            text.rstrip() + (f": {detail}" if detail else ""), attempts=attempts, hint=hint
        )
        self.method = method
        self.url = url
        self.status = status
        self.detail = detail
        """The registry's own words: the messages of its ``errors`` document."""


class IntegrityError(RegistryError):
    """``what`` (digest, length or media type) is ``got`` where ``expected`` was promised."""

    def __init__(
        self,
        message: str,
        *,
        what: str,
        expected: str,
        got: str,
        attempts: tuple[Attempt, ...] = (),
    ) -> None:
        super().__init__(message, attempts=attempts)
        self.what = what
        self.expected = expected
        self.got = got


class InvalidConfig(BuilderError):
    """Registry settings that cannot be used; names the file, and the key or line."""


class CredentialError(BuilderError):
    """A credentials file that is not what it should be, or a helper that failed."""


def phrase(status: int) -> str:
    """``Not Found`` for 404; empty for a status without a name."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
