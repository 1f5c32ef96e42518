"""The certificate that is really at fault, which Go's words often do not name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from regdoctor.checks.judging import PUBLIC, chain_evidence, go_evidence, name_of
from regdoctor.checks.x509.leaf_faults import Refused
from regdoctor.model.finding import Evidence
from regdoctor.model.wording import colons
from regdoctor.observations.trust import CertificateFacts, ChainFacts, Reason

INSPECTORS = (
    *("zscaler", "netskope", "fortinet", "fortigate", "palo alto", "blue coat", "bluecoat"),
    *("forcepoint", "sophos", "mcafee", "symantec web", "cisco umbrella", "check point"),
    *("kaspersky", "bitdefender", "watchguard", "barracuda", "squid", "mitmproxy"),
)
"""Words in the names of authorities that programs and boxes sign with on the way."""

_VENDORS_OF_TRUST = (
    *("amazon", "digicert", "let's encrypt", "internet security research group", "sectigo"),
    *("google trust services", "globalsign", "microsoft", "entrust", "godaddy", "starfield"),
    *("usertrust", "comodo", "baltimore", "cloudflare", "identrust", "certum", "buypass"),
    *("harica", "swisssign", "quovadis", "ssl.com", "ssl corporation"),
)
"""Organisations that sign for public registries: unknown here, the pool is old or empty."""


def culprit_evidence(certificate: CertificateFacts, why: str, place: int = -1) -> Evidence:
    """Names the certificate; ``data.culprit`` is it, ``data.place`` its place in the chain, -1
    where the server does not send it."""
    facts = {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "sha256": certificate.fingerprint,
    }
    shown = "" if place >= 0 else f" (SHA-256 {certificate.fingerprint})"
    return Evidence(
        f"at fault is {name_of(certificate)}{shown}: {why}",
        "verify",
        {"culprit": facts, "place": place},
    )


def refusal_evidence(
    refused: Refused, reason: Reason, fact: str, mark: str, place: int
) -> tuple[Evidence, ...]:
    """The chain with the culprit marked, the culprit by name, and Go's words."""
    sent = 0 <= place < len(refused.facts.certificates)
    certificate = refused.facts.certificates[place] if sent else refused.culprit
    return (
        chain_evidence(refused.facts, fact, marks={place: mark} if sent else {}),
        culprit_evidence(certificate, mark, place if sent else -1),
        *hidden_evidence(refused),
        *go_evidence([v for v in refused.verdicts.verdicts if v.reason == reason]),
    )


def hidden_evidence(each: Refused) -> Iterator[Evidence]:
    """What the clients' words do not say, and which certificate of a store is at fault."""
    for sentence in dict.fromkeys(sentence for one in each.words for sentence in one.hidden):
        yield Evidence(sentence, "verify")
    if each.anchor is not None:
        fingerprint = each.anchor.fingerprint
        yield Evidence(
            f"{name_of(each.anchor)} has SHA-256 fingerprint {colons(fingerprint)}",
            "verify",
            {"sha256": fingerprint, "subject": each.anchor.subject},
        )


def inspector(facts: ChainFacts) -> str:
    """The word by which the chain names an inspecting box; empty where none does."""
    names = _names(facts)
    return next((word for word in INSPECTORS if word in names), "")


def public_authority(facts: ChainFacts) -> bool:
    """Whether the chain names an authority that public registries really use."""
    names = _names(facts)
    return any(word in names for word in _VENDORS_OF_TRUST)


def unrelated(hosts: Iterable[str]) -> bool:
    """Whether ``hosts`` are of more than one public registry."""
    of = {
        owner for host in hosts for owner in PUBLIC if host == owner or host.endswith("." + owner)
    }
    return len(of) > 1


def _names(facts: ChainFacts) -> str:
    return " ".join(f"{each.subject} {each.issuer}" for each in facts.certificates).lower()
