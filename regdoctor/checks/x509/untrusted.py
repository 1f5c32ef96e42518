"""Why no authority for a chain is known: one judgement, which three checks share.

"signed by unknown authority" has three causes with three different mends. A leaf that signed
itself is plain to see. A chain that ends in a self-signed certificate is complete, so its root
is private. In between, the issuer of the topmost certificate decides: where it was found
outside the chain and makes it whole, the server forgot it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from regdoctor.checks.judging import name_of
from regdoctor.model.finding import Confidence
from regdoctor.observations.network import Role
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import FetchedIssuer
from regdoctor.observations.trust import CertificateFacts, ChainFacts, ChainVerdicts

Cause = Literal[
    "x509-self-signed-leaf",
    "x509-unknown-authority-private-root",
    "x509-missing-intermediate",
]

SELF_SIGNED: Cause = "x509-self-signed-leaf"
PRIVATE_ROOT: Cause = "x509-unknown-authority-private-root"
MISSING: Cause = "x509-missing-intermediate"


@dataclass(frozen=True, slots=True)
class Untrusted:
    """``rivals`` are the codes that the evidence does not rule out. ``topmost`` is the place
    of the last certificate of the path that was served; ``anchor`` the self-signed end of the
    chain, where somebody showed it."""

    facts: ChainFacts
    verdicts: ChainVerdicts
    cause: Cause
    confidence: Confidence
    why: str
    topmost: int
    anchor: CertificateFacts | None = None
    rivals: tuple[str, ...] = ()

    @property
    def top(self) -> CertificateFacts:
        return self.facts.certificates[self.topmost]


def explain(seen: Observations, endpoint: str) -> Untrusted | None:
    """The judgement for an endpoint, None where every client knows an authority."""
    facts = seen.get(ChainFacts, endpoint)
    verdicts = seen.get(ChainVerdicts, endpoint)
    if facts is None or verdicts is None or not facts.certificates:
        return None
    if not verdicts.distrusting() or facts.certificates[0].unparsed:
        return None
    topmost = facts.topmost
    leaf, top = facts.certificates[0], facts.certificates[topmost]
    if leaf.self_signed:
        return Untrusted(facts, verdicts, SELF_SIGNED, "certain", "its issuer is itself", 0, leaf)
    if top.self_signed:
        why = f"the chain ends in {name_of(top)}, which signed itself"
        return _ruled(facts, verdicts, PRIVATE_ROOT, "certain", why, topmost, top)
    return _without_root(seen, endpoint, facts, verdicts, topmost)


def _without_root(
    seen: Observations, endpoint: str, facts: ChainFacts, verdicts: ChainVerdicts, topmost: int
) -> Untrusted:
    issuer = facts.certificates[topmost].issuer
    fetched = seen.get(FetchedIssuer, endpoint)
    if verdicts.completed:
        why = f"with {issuer}, fetched from {fetched.url if fetched else 'elsewhere'}, it is whole"
        return _ruled(facts, verdicts, MISSING, "certain", why, topmost)
    if verdicts.holders or verdicts.held:
        where = verdicts.holders[0] if verdicts.holders else "what one client was given"
        why = f"its authority is in {where}"
        return _ruled(facts, verdicts, PRIVATE_ROOT, "certain", why, topmost)
    if fetched is not None and fetched.certificate:
        return _by_fetched(facts, verdicts, topmost, fetched)
    role = seen.get(Role, endpoint)
    # What is configured for a registry says nothing of a token server elsewhere.
    own = role is None or role.kind in ("registry", "mirror")
    leaf_alone, configured = topmost == 0, bool(verdicts.configured) and own
    told_where = bool(facts.certificates[topmost].issuer_urls)
    # A server that sends an intermediate usually sends all of them and leaves out the root.
    if verdicts.kin or (leaf_alone and (configured or told_where)):
        why = (
            f"a root of the organisation that {issuer} names is trusted here"
            if verdicts.kin
            else "authorities are configured for this registry, and none of them is the issuer"
            if configured
            else f"the certificate says where {issuer} can be had, but it could not be fetched"
        )
        rivals = (PRIVATE_ROOT,)
        return _ruled(facts, verdicts, MISSING, "likely", why, topmost, None, rivals)
    why = f"nothing on this host knows {issuer}"
    return _ruled(facts, verdicts, PRIVATE_ROOT, "likely", why, topmost, None, (MISSING,))


def _by_fetched(
    facts: ChainFacts,
    verdicts: ChainVerdicts,
    topmost: int,
    fetched: FetchedIssuer,
) -> Untrusted:
    if fetched.self_signed:
        why = f"the issuer, fetched from {fetched.url}, is a root of its own"
        return _ruled(facts, verdicts, PRIVATE_ROOT, "certain", why, topmost)
    why = f"the issuer, fetched from {fetched.url}, is an intermediate that was not sent"
    rivals = (PRIVATE_ROOT,)
    return _ruled(facts, verdicts, MISSING, "certain", why, topmost, None, rivals)


def _ruled(
    facts: ChainFacts,
    verdicts: ChainVerdicts,
    cause: Cause,
    confidence: Confidence,
    why: str,
    topmost: int,
    anchor: CertificateFacts | None = None,
    rivals: tuple[str, ...] = (),
) -> Untrusted:
    return Untrusted(facts, verdicts, cause, confidence, why, topmost, anchor, rivals)
