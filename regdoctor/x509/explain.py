"""Which certificate is really at fault, and what Go's words hide: sentences for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from regdoctor.x509.certificate import Certificate
from regdoctor.x509.extensions import KEY_CERT_SIGN
from regdoctor.x509.fault import Kind
from regdoctor.x509.signature import Refusal, SignatureFault, verifies
from regdoctor.x509.verdict import Place, Verdict

Call = Callable[[Place], str]
"""How a place is called: ``server.pem[1] (CN=Example Issuing CA)``."""

_WORDS: Final = {
    Kind.UNKNOWN_AUTHORITY: "nobody trusted vouches for it",
    Kind.EXPIRED: "expired",
    Kind.NOT_YET_VALID: "not valid yet",
    Kind.HOSTNAME: "does not cover the name asked for",
    Kind.CRITICAL_EXTENSION: "has a critical extension that Go does not know",
    Kind.NOT_A_CA: "may not issue certificates",
    Kind.PATH_LENGTH: "allows fewer intermediates below it",
    Kind.KEY_USAGE: "is not for servers (extended key usage)",
    Kind.NAME_CONSTRAINT: "has a name that a CA above it may not vouch for",
    Kind.POLICY: "breaks the policies of a CA above it",
    Kind.PARSE: "does not parse",
    Kind.RSA_TOO_LARGE: "has an RSA key too long for TLS",
    Kind.KEY_TYPE: "has a key that TLS cannot use",
    Kind.HANDSHAKE_KEY: "the server does not hold its key",
}
_HINTED: Final = {
    SignatureFault.NOT_A_CA: "may not issue certificates",
    SignatureFault.INSECURE_ALGORITHM: "is signed with an algorithm that is broken",
    SignatureFault.UNIMPLEMENTED: "is signed with an algorithm that Go does not verify",
    SignatureFault.KEY_TYPE: "is signed by another key than the issuer of that name has",
    SignatureFault.WEAK_KEY: "has a key that Go does not trust",
    SignatureFault.MISMATCH: "is signed by another key than the issuer of that name has",
}
_USAGES: Final = {
    "1.3.6.1.5.5.7.3.1": "servers",
    "1.3.6.1.5.5.7.3.2": "clients",
    "1.3.6.1.5.5.7.3.3": "code signing",
    "1.3.6.1.5.5.7.3.4": "email protection",
    "1.3.6.1.5.5.7.3.8": "time stamping",
    "1.3.6.1.5.5.7.3.9": "OCSP signing",
}


def words(verdict: Verdict) -> str:
    """What is wrong with the culprit, in a few words: ``expired``."""
    if verdict.kind is None:
        return ""
    if unusable_issuer(verdict):
        return "has the issuer's name, and Go cannot use it"
    if verdict.hint is not None:
        return _HINTED[verdict.hint.fault]
    return _WORDS.get(verdict.kind, "") or str(verdict.kind)


def hidden(verdict: Verdict, call: Call) -> list[str]:
    """What Go's words do not say: sentences without their full stop; none if they say it all."""
    if verdict.kind is None:
        return []
    return list(_SENTENCES[verdict.kind](verdict, call)) if verdict.kind in _SENTENCES else []


def unusable_issuer(verdict: Verdict) -> bool:
    """An unknown authority whose issuer stands in the files all the same."""
    if verdict.kind is not Kind.UNKNOWN_AUTHORITY or verdict.hint is not None:
        return False
    return verdict.about is not None and verdict.culprit not in (None, verdict.about)


def _unknown(verdict: Verdict, call: Call) -> Iterator[str]:
    about, culprit = verdict.about, verdict.culprit
    if about is None or about.certificate is None or culprit is None:
        return
    if verdict.hint is not None and verdict.hint_cert is not None:
        yield from _hinted(verdict.hint, about, verdict.hint_cert, call)
    elif unusable_issuer(verdict):
        detail = next(
            (
                each.detail
                for each in verdict.roots_not_loaded
                if each.partial is not None and each.partial is culprit.certificate
            ),
            "its key is of a type that Go does not know",
        )
        yield f"{call(culprit)} is the issuer by its name, but Go leaves it out: {detail}"
    elif about.certificate.self_issued and _signed_itself(about.certificate):
        yield f"{call(about)} signed itself, and is not among the roots"
    else:
        issuer = about.certificate.issuer
        yield f"the issuer of {call(about)} is neither sent nor among the roots: {issuer}"


def _signed_itself(certificate: Certificate) -> bool:
    return certificate.key is not None and verifies(certificate, certificate.key)


def _hinted(hint: Refusal, about: Place, candidate: Place, call: Call) -> Iterator[str]:
    child, issuer = about.certificate, candidate.certificate
    if child is None or issuer is None:
        return
    fault = hint.fault
    if fault is SignatureFault.NOT_A_CA:
        signed = issuer.key is not None and verifies(child, issuer.key)
        did = "signed" if signed else "has the name of the issuer of"
        yield f"{call(candidate)} {did} {call(about)}, and may not: {_why_no_ca(issuer)}"
    elif fault is SignatureFault.INSECURE_ALGORITHM:
        algorithm = child.signature_algorithm
        named = algorithm.name if algorithm else "an algorithm"
        yield f"{call(about)} is signed with {named}, which Go refuses whoever signed"
        yield "its authority is there: another CA does not help, the certificate must be made anew"
    elif fault is SignatureFault.UNIMPLEMENTED:
        yield f"{call(about)} is signed with an algorithm that Go does not verify"
    elif fault is SignatureFault.WEAK_KEY:
        yield f"the key of {call(candidate)} is what Go refuses, whatever it signs: {hint.text}"
    else:
        yield f"{call(candidate)} has the issuer's name, but its key did not sign {call(about)}"
        if child.authority_key_id and issuer.subject_key_id:
            same = child.authority_key_id == issuer.subject_key_id
            yield (
                "their key identifiers agree all the same: the signature is damaged, or the "
                "identifiers were not made from the keys"
                if same
                else "their key identifiers differ: there are two keys of that name, "
                "as after a renewal with a new key"
            )


def _why_no_ca(issuer: Certificate) -> str:
    if not issuer.has_basic_constraints:
        return "it has no basic constraints"
    if not issuer.is_ca:
        return "its basic constraints say CA:FALSE"
    if issuer.key_usage and not issuer.key_usage & KEY_CERT_SIGN:
        return "its key usage leaves out the signing of certificates"
    return "it is no CA"


def _dates(verdict: Verdict, call: Call) -> Iterator[str]:
    culprit = verdict.culprit
    if culprit is None or culprit.sent == 0:
        return
    how = "has expired" if verdict.kind is Kind.EXPIRED else "is not valid yet"
    yield f"it is {call(culprit)} that {how}, not the server's own certificate"


def _critical(verdict: Verdict, call: Call) -> Iterator[str]:
    culprit = verdict.culprit
    if culprit is not None and culprit.certificate is not None:
        found = ", ".join(culprit.certificate.unhandled_critical)
        yield f"the extension stands in {call(culprit)}: {found}"


def _not_a_ca(verdict: Verdict, call: Call) -> Iterator[str]:
    culprit = verdict.culprit
    if culprit is not None and culprit.certificate is not None:
        version = culprit.certificate.version
        yield f"{call(culprit)} is of version {version}, which cannot say that it is a CA"


def _path_length(verdict: Verdict, call: Call) -> Iterator[str]:
    culprit = verdict.culprit
    if culprit is not None and culprit.certificate is not None:
        allowed = culprit.certificate.path_length
        yield f"{call(culprit)} sets the limit: {allowed} intermediates below it"


def _usage(verdict: Verdict, call: Call) -> Iterator[str]:
    culprit = verdict.culprit
    if culprit is None or culprit.certificate is None:
        return
    uses = ", ".join(_USAGES.get(each, each) for each in culprit.certificate.usages)
    if culprit.sent == 0:
        yield f"{call(culprit)} is for {uses} only"
    else:
        yield f"{call(culprit)} is for {uses} only, and so is all that it issues"


def _constraint(verdict: Verdict, call: Call) -> Iterator[str]:
    if verdict.constraining is not None:
        yield f"the constraint is that of {call(verdict.constraining)}"
    if verdict.culprit is not None and verdict.culprit.sent != 0:
        yield f"the name is one of {call(verdict.culprit)}"


def _unread(verdict: Verdict, call: Call) -> Iterator[str]:
    if verdict.culprit is not None and verdict.culprit.sent != 0:
        yield f"it is {call(verdict.culprit)}; Go reads every certificate sent, needed or not"


def _limit(_verdict: Verdict, _call: Call) -> Iterator[str]:
    yield "so many certificates of the same names are sent or among the roots that Go gives up"


_SENTENCES: Final[dict[Kind, Callable[[Verdict, Call], Iterator[str]]]] = {
    Kind.UNKNOWN_AUTHORITY: _unknown,
    Kind.EXPIRED: _dates,
    Kind.NOT_YET_VALID: _dates,
    Kind.CRITICAL_EXTENSION: _critical,
    Kind.NOT_A_CA: _not_a_ca,
    Kind.PATH_LENGTH: _path_length,
    Kind.KEY_USAGE: _usage,
    Kind.NAME_CONSTRAINT: _constraint,
    Kind.PARSE: _unread,
    Kind.RSA_TOO_LARGE: _unread,
    Kind.SIGNATURE_LIMIT: _limit,
}
