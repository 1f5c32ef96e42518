"""What a registry answered. Bodies are bounded and headers redacted before they come here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Headers = tuple[tuple[str, str], ...]
AuthUse = Literal["", "none", "anonymous", "credentials"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, or what came in its place (``status`` 0, ``fault`` the stage, ``text``).

    ``body`` is the beginning of the body as text. ``at`` is our clock when the request
    began, in seconds since the epoch.
    """

    method: str
    url: str
    status: int = 0
    headers: Headers = ()
    body: str = ""
    fault: str = ""
    timed_out: bool = False
    text: str = ""
    at: float = 0.0
    seconds: float = 0.0

    def header(self, name: str) -> str:
        """The first header of that name, in any case; empty where there is none."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    @property
    def challenges(self) -> tuple[str, ...]:
        """Every ``WWW-Authenticate`` as it stands."""
        return tuple(v for k, v in self.headers if k.lower() == "www-authenticate")

    @property
    def dead_end(self) -> bool:
        """A 401 that asks for nothing that clients of registries can give."""
        return self.status == 401 and not any(map(_ANSWERABLE.search, self.challenges))

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def html(self) -> bool:
        """A page for browsers."""
        return self.header("Content-Type").lower().startswith("text/html")


_ANSWERABLE = re.compile(r"(?:^|,)\s*(?:basic|bearer)\b", re.IGNORECASE)
_ASKS_FOR_TLS = (
    "client sent an http request to an https server",
    "the plain http request was sent to https port",
    "you're speaking plain http to an ssl-enabled server port",
)


def asks_for_tls(answer: Answer) -> bool:
    """Go's, nginx's and Apache's answers to plain http on a TLS port."""
    body = answer.body.lower()
    return answer.status == 400 and any(words in body for words in _ASKS_FOR_TLS)


@dataclass(frozen=True, slots=True)
class Ping:
    """``GET /v2/`` without credentials. ``verified``: over TLS that our own trust accepted."""

    answer: Answer
    verified: bool = False


@dataclass(frozen=True, slots=True)
class PlainAnswer:
    """``GET /v2/`` in the clear, asked on a port where TLS was expected."""

    answer: Answer

    @property
    def asks_for_tls(self) -> bool:
        """A TLS server's own words for a request that came in the clear."""
        return asks_for_tls(self.answer)

    @property
    def registry_like(self) -> bool:
        """The answer carries a registry's marks: its version header, or JSON with 200 or 401."""
        versioned = self.answer.header("Docker-Distribution-Api-Version").startswith("registry/2")
        json = "json" in self.answer.header("Content-Type")
        return versioned or (self.answer.status in (200, 401) and json)


@dataclass(frozen=True, slots=True)
class ClearPort:
    """``GET /v2/`` in the clear on port 80, where port 443 of that host is no registry."""

    answer: Answer

    @property
    def registry_like(self) -> bool:
        return PlainAnswer(self.answer).registry_like


@dataclass(frozen=True, slots=True)
class Clock:
    """The ``Date`` of an answer against our clock when it came; seconds since the epoch."""

    server: float
    ours: float
    source: str

    @property
    def ahead(self) -> float:
        """By how many seconds our clock is ahead of the server's."""
        return self.ours - self.server


@dataclass(frozen=True, slots=True)
class Challenge:
    """A ``WWW-Authenticate`` challenge: scheme in lower case, and what it names."""

    scheme: str
    realm: str = ""
    service: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """The token server's answer for one scope; ``authenticated`` with credentials."""

    realm: str
    scope: str
    answer: Answer
    granted: bool
    authenticated: bool = False


@dataclass(frozen=True, slots=True)
class ManifestLook:
    """A manifest as HEAD and GET of one URL, with the same headers, told about it.

    ``get`` is absent where HEAD already answered everything. ``auth`` is what was sent.
    ``error`` says why a session could not use the answers, empty where it could.
    """

    repository: str
    reference: str
    head: Answer | None = None
    get: Answer | None = None
    auth: AuthUse = ""
    error: str = ""

    @property
    def served(self) -> bool:
        """HEAD or GET was answered with a manifest; a web page is none."""
        answers = [each for each in (self.head, self.get) if each is not None]
        return any(each.ok and not each.html for each in answers)


@dataclass(frozen=True, slots=True)
class BlobLook:
    """A blob of an image, fetched as a client would.

    ``answer`` is the last answer, of the registry or of where it redirected to
    (``redirected``, a URL without its query; empty where the registry serves blobs itself).
    ``error`` says why the bytes are of no use, empty where they are what their digest says;
    ``what`` is then what differs (``digest``, ``length``, ``range``), if anything does, from
    ``expected`` to ``got``. ``received`` counts the bytes of the answer. ``login``: what
    gave the answer was sent an ``Authorization``.
    """

    digest: str
    answer: Answer | None = None
    redirected: str = ""
    error: str = ""
    what: str = ""
    expected: str = ""
    got: str = ""
    received: int = 0
    login: bool = False


@dataclass(frozen=True, slots=True)
class LoginAnswer:
    """How a login with the configured credentials ended: at ``/v2/``, or at the token server."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class HeadRoute:
    """HEAD and GET of a manifest that does not exist, without credentials."""

    head: Answer
    get: Answer


@dataclass(frozen=True, slots=True)
class CredentialUse:
    """Whether credentials for a registry are configured, and where. Never the secret."""

    domain: str
    present: bool
    source: str = ""
