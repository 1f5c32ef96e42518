"""What a Go release does differently: one flag a difference, settled by executed releases.

Boundaries lie between the releases that were executed (1.19.8 1.21.13 1.22.10 1.23.9 1.24.3
1.24.11 1.25.0 1.25.2 1.25.5 1.26.0 1.26.6 1.27.3); where a security release is known to have
brought the change, that release is the boundary. Before 1.19 only what its release notes and
its users' reports say is known: the common name and SHA-1.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

LATEST = "1.27.3"

Version = tuple[int, int, int]


class UnknownReleaseError(ValueError):
    """``go`` is not a release number such as ``1.24.3``, ``go1.25`` or ``go1.26rc1``."""

    def __init__(self, text: str) -> None:
        super().__init__(f"not a Go release: {text!r}")
        self.text = text


@dataclass(frozen=True, slots=True, eq=False)
class Release:
    """A Go release and the GODEBUG settings of the program. Hashed by identity: ``release``
    hands out one object for one pair of arguments."""

    version: Version
    settings: Mapping[str, str] = field(default_factory=dict)

    def since(self, *version: int) -> bool:
        return self.version >= version

    # -- the handshake -------------------------------------------------------------------

    @property
    def says_verify_prefix(self) -> bool:
        return self.since(1, 20)

    @property
    def rsa_limit(self) -> int | None:
        """Largest RSA key, in bits, that crypto/tls accepts."""
        asked = self.settings.get("tlsmaxrsasize", "")
        if asked.isdecimal():
            return int(asked)
        fixed = self.since(1, 20, 7) or (1, 19, 12) <= self.version < (1, 20, 0)
        return 8192 if fixed else None

    @property
    def refuses_p224_leaf(self) -> bool:
        return self.since(1, 25)

    # -- parsing -------------------------------------------------------------------------

    @property
    def refuses_negative_serial(self) -> bool:
        return self.since(1, 23) and self.settings.get("x509negativeserial") != "1"

    @property
    def names_duplicate_extension(self) -> bool:
        return self.since(1, 23)

    @property
    def refuses_critical_identifiers(self) -> bool:
        return self.since(1, 23)

    @property
    def letters_basic_constraints(self) -> bool:
        """1.19 ended the text with the step that failed: a, b or c."""
        return not self.since(1, 20)

    @property
    def refuses_negative_path_length(self) -> bool:
        return self.since(1, 25)

    @property
    def knows_policies(self) -> bool:
        return self.since(1, 24)

    @property
    def refuses_mapped_addresses(self) -> bool:
        return self.since(1, 27)

    @property
    def reads_any_attribute(self) -> bool:
        """An attribute of a name may hold any type, and what is no string is passed over."""
        return self.since(1, 27)

    @property
    def refuses_at_in_mail_domain(self) -> bool:
        return self.since(1, 27)

    @property
    def strict_domains(self) -> bool:
        """Two releases checked the labels of names while parsing; the next took it back."""
        return self.version in ((1, 25, 2), (1, 24, 8))

    @property
    def refuses_mapped_url_hosts(self) -> bool:
        """The same two releases took no IPv4-mapped address in brackets for a URL's host."""
        return self.strict_domains

    @property
    def takes_lone_dot(self) -> bool:
        """A constraint that is nothing but a dot parses."""
        return not (self.since(1, 25, 2) or (1, 24, 8) <= self.version < (1, 25, 0))

    @property
    def overlooks_empty_first_label(self) -> bool:
        return not self.since(1, 23)

    @property
    def refuses_surrogates(self) -> bool:
        """A BMPString holds UCS-2 and not UTF-16."""
        return self.since(1, 25)

    @property
    def old_point_text(self) -> bool:
        return not self.since(1, 26)

    # -- names ---------------------------------------------------------------------------

    @property
    def bare_wildcard(self) -> bool:
        return not self.since(1, 23)

    @property
    def matches_common_name(self) -> bool:
        """A certificate without any SAN is valid for its common name."""
        asked = self.settings.get("x509ignoreCN") == "0"
        return not self.since(1, 15) or (asked and not self.since(1, 17))

    @property
    def common_name_advice(self) -> str:
        """How the message about the common name ends."""
        if self.since(1, 17):
            return "use SANs instead"
        return "use SANs or temporarily enable Common Name matching with GODEBUG=x509ignoreCN=0"

    @property
    def normalises_address(self) -> bool:
        return self.since(1, 27)

    @property
    def shortens_many_names(self) -> bool:
        return self._december_2025

    # -- paths ---------------------------------------------------------------------------

    @property
    def hints_unknown_key(self) -> bool:
        return not self.since(1, 20)

    @property
    def counts_skipped_candidates(self) -> bool:
        """Candidates that are passed over count among the attempts of a chain."""
        return self.since(1, 26, 2) or (1, 25, 9) <= self.version < (1, 26, 0)

    @property
    def accepts_sha1(self) -> bool:
        asked = self.settings.get("x509sha1") == "1"
        return not self.since(1, 18) or (asked and not self.since(1, 24))

    @property
    def sha1_override_text(self) -> bool:
        return not self.since(1, 24)

    @property
    def minimum_rsa(self) -> int:
        return 1024 if self.since(1, 24) and self.settings.get("rsa1024min") != "0" else 0

    @property
    def names_rsa_faults(self) -> bool:
        return self.since(1, 24)

    @property
    def verifies_mldsa(self) -> bool:
        return self.since(1, 27)

    # -- whole chains --------------------------------------------------------------------

    @property
    def constraints_last(self) -> bool:
        """Name constraints are judged on complete paths, and not while building them."""
        return self.since(1, 26)

    @property
    def masks_constraints(self) -> bool:
        """A network of the constraints is told without the bits outside its mask."""
        return self.since(1, 27)

    @property
    def distrusts_keys(self) -> bool:
        return self.since(1, 27)

    @property
    def constrains_intermediates(self) -> bool:
        return self.since(1, 20)

    @property
    def excludes_wildcards(self) -> bool:
        return self._december_2025

    @property
    def empty_email_constraint(self) -> bool:
        return (1, 26, 0) <= self.version < (1, 26, 1)

    @property
    def usage_before_policies(self) -> bool:
        return not self.since(1, 24, 4)

    @property
    def policies_before_usages(self) -> bool:
        """Policies were judged in a pass of their own, which ended where no chain was left."""
        return self.since(1, 24, 4) and not self.since(1, 26)

    @property
    def refused_chains(self) -> str:
        """What the chains are called that are counted in the text."""
        return "candidate chains" if self.since(1, 26) else "chains"

    @property
    def _december_2025(self) -> bool:
        return self.since(1, 25, 5) or (1, 24, 11) <= self.version < (1, 25, 0)


_FORM = re.compile(r"(?:go)?(\d+)\.(\d+)(?:\.(\d+)|(?:rc|beta)\d+)?(?:[-+ ].*)?", re.ASCII)


@functools.lru_cache(maxsize=64)
def release(go: str = LATEST, godebug: str = "") -> Release:
    """``go``: a release (``1.24.3``, ``go1.25``); ``godebug``: as the variable, ``a=b,c=d``.

    Raises UnknownReleaseError.
    """
    match = _FORM.fullmatch(go.strip())
    if match is None:
        raise UnknownReleaseError(go)
    major, minor, patch = (int(each or 0) for each in match.groups())
    pairs = (each.partition("=") for each in godebug.split(",") if "=" in each)
    return Release((major, minor, patch), {key.strip(): value for key, _, value in pairs})
