"""``verify``: what a Go client says about a chain as sent, for a name, at a time, with roots.

Pure: no network, no clock, no files. The order in which faults are told is Go's, so that the
text is the one the client prints; ``culprit`` is the certificate that is really at fault.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from regdoctor.x509 import constraints, distrust, path, policies, usages
from regdoctor.x509.certificate import Certificate, ParseError
from regdoctor.x509.fault import Fault, Kind
from regdoctor.x509.handshake import after_verification, oversized_rsa
from regdoctor.x509.hosts import Mismatch, check_host
from regdoctor.x509.parse import parse
from regdoctor.x509.path import Path
from regdoctor.x509.pool import NotLoaded, Pool, load_pool
from regdoctor.x509.release import LATEST, Release, release
from regdoctor.x509.signature import Refusal

PREFIX = "tls: failed to verify certificate: "
PARSE_PREFIX = "tls: failed to parse certificate from server: "


@dataclass(frozen=True, slots=True)
class Place:
    """Where a certificate was found: ``sent``, index in the chain; ``root``, index of the file
    it came from. Both, if the server sends what the pool holds."""

    sent: int | None = None
    root: int | None = None
    certificate: Certificate | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        parts = []
        if self.sent is not None:
            parts.append(f"chain[{self.sent}]")
        if self.root is not None:
            parts.append(f"roots[{self.root}]")
        return "=".join(parts)


@dataclass(frozen=True, slots=True)
class Verdict:
    """``text``: what the handshake says, ``""`` if it goes through; ``verify_text``: what
    x509's Verify alone says. ``about`` is the certificate in Go's error value, ``hint_cert``
    the candidate issuer named in its hint, ``culprit`` the one really at fault, ``constraining``
    the CA whose name constraint the culprit violates. ``paths``:
    every path that Verify finds, leaf first, also where the handshake then refuses the key.
    ``roots_not_loaded``: blocks of the root files that Go passes over without a word.
    ``entries``: the chain parsed, or Go's text for what does not parse. ``named_roots``: the
    roots with the name of an issuer of what was sent."""

    accepted: bool
    text: str
    verify_text: str
    kind: Kind | None = None
    mismatch: Mismatch | None = None
    about: Place | None = None
    hint: Refusal | None = None
    hint_cert: Place | None = None
    culprit: Place | None = None
    constraining: Place | None = None
    paths: tuple[tuple[Place, ...], ...] = ()
    roots_not_loaded: tuple[NotLoaded, ...] = ()
    entries: tuple[Certificate | str, ...] = field(default=(), compare=False, repr=False)
    named_roots: tuple[Place, ...] = field(default=(), compare=False, repr=False)

    def request_text(self, method: str, url: str) -> str:
        """What net/http says: ``Get "https://host/v2/": tls: ...``; ``""`` if accepted."""
        return f'{method.capitalize()} "{url}": {self.text}' if self.text else ""

    @property
    def server_log(self) -> str:
        """What a Go server writes about it; ``""`` if accepted."""
        if self.kind is None:
            return ""
        return _SERVER_LOG.get(self.kind, "") or _key_log(self.text)


_SERVER_LOG = dict.fromkeys(Kind, "remote error: tls: bad certificate") | {
    Kind.PARSE: "remote error: tls: error decoding message",
    Kind.NO_SERVER_NAME: "EOF",
    Kind.HANDSHAKE_KEY: "remote error: tls: error decrypting message",
    Kind.KEY_TYPE: "",
}


def _key_log(text: str) -> str:
    """A key of the wrong type, a curve that has no scheme, or a key too short to sign with."""
    if text.startswith("remote error"):
        return "tls: certificate RSA key size too small for supported signature algorithms"
    if "unsupported type" in text:
        return "remote error: tls: unsupported certificate"
    return "remote error: tls: illegal parameter"


def verify(
    chain: Sequence[bytes],
    roots: Sequence[bytes],
    name: str | None,
    time: dt.datetime,
    go: str = LATEST,
    *,
    godebug: str = "",
    tls13: bool = True,
    key_matches: bool = True,
    insecure: bool = False,
    roots_error: str = "",
) -> Verdict:
    """Judges ``chain`` (DER as sent, or junk) as a Go client of release ``go`` would.

    ``roots``: the contents of PEM files, read as AppendCertsFromPEM does. ``name``: the host
    as the client passes it to TLS, without a port; None leaves names unjudged. ``time``: aware;
    its offset shows in the text. ``key_matches``: False if the server did not prove to hold the
    leaf's key.
    ``insecure``: the client skips verification, which does not make it take everything.
    ``roots_error``: why no root could be loaded (``read /etc/ssl: is a directory``); the roots
    are then ignored. Raises UnknownReleaseError, and ValueError for a naive ``time``.
    """
    if time.tzinfo is None:
        raise ValueError("the time of a verification needs an offset from UTC")
    judge = _Judge(chain, load_pool(tuple(roots), release(go, godebug)), release(go, godebug))
    return judge.verdict(_Client(name, time, tls13, key_matches, insecure, roots_error))


@dataclass(frozen=True, slots=True)
class _Client:
    """What the client brings, and how the connection went."""

    name: str | None
    now: dt.datetime
    tls13: bool
    key_matches: bool
    insecure: bool
    roots_error: str


class _Judge:
    """The certificates of one connection and where each was found."""

    def __init__(self, chain: Sequence[bytes], pool: Pool, rules: Release) -> None:
        self.chain, self.pool, self.rules = chain, pool, rules
        self.parsed: list[Certificate | None] = []
        self.faults: list[Fault | None] = []
        for octets in chain:
            try:
                self.parsed.append(parse(octets, rules))
                self.faults.append(None)
            except ParseError as fault:
                self.parsed.append(None)
                self.faults.append(Fault(Kind.PARSE, str(fault), fault.partial))

    def verdict(self, client: _Client) -> Verdict:
        if not self.chain:
            text = "tls: received empty certificates message"
            return self._refused(Fault(Kind.EMPTY_CHAIN, text), text, "")
        verified = self._verify(client)
        if not client.tls13 and not all(self.chain):
            # TLS 1.2 has no room for an entry of no octets: its message does not decode.
            alert = "error decoding message" if self.rules.since(1, 25) else "unexpected message"
            told = verified.text if isinstance(verified, Fault) else ""
            fault = Fault(Kind.PARSE, f"local error: tls: {alert}")
            return self._refused(fault, fault.text, told)
        if isinstance(verified, Fault):
            fault, text = self._handshake_refusal(verified, client)
            return self._refused(fault, text, verified.text, verified)
        refused = self._early(client) or after_verification(
            self._leaf(), self.rules, tls13=client.tls13, key_matches=client.key_matches
        )
        places = tuple(tuple(map(self._place, each)) for each in verified)
        if refused is not None:
            return replace(self._refused(refused, refused.text, ""), paths=places)
        return Verdict(
            accepted=True,
            text="",
            verify_text="",
            paths=places,
            roots_not_loaded=self.pool.not_loaded,
            entries=self._entries(),
            named_roots=self._named_roots(),
        )

    def _leaf(self) -> Certificate:
        leaf = self.parsed[0]
        assert leaf is not None
        return leaf

    # -- what crypto/tls finds before it verifies ------------------------------------------

    def _early(self, client: _Client) -> Fault | None:
        """No name to check; or, of the certificates in order, one whose RSA key is too long."""
        if client.name == "" and not client.insecure:
            text = (
                "tls: either ServerName or InsecureSkipVerify must be specified in the tls.Config"
            )
            return Fault(Kind.NO_SERVER_NAME, text)
        for certificate, fault in zip(self.parsed, self.faults, strict=True):
            if fault is not None:
                return fault
            if certificate is not None and oversized_rsa(certificate, self.rules):
                text = (
                    "tls: server sent certificate containing RSA key larger than "
                    f"{self.rules.rsa_limit} bits"
                )
                return Fault(Kind.RSA_TOO_LARGE, text, culprit=certificate)
        return None

    def _handshake_refusal(self, verified: Fault, client: _Client) -> tuple[Fault, str]:
        early = self._early(client)
        if early is None:
            prefix = PREFIX if self.rules.says_verify_prefix else ""
            return verified, prefix + verified.text
        if early.kind is Kind.PARSE:
            return early, PARSE_PREFIX + early.text
        return early, early.text

    # -- what x509's Verify finds ----------------------------------------------------------

    def _verify(self, client: _Client) -> list[Path] | Fault:
        for fault in self.faults:
            if fault is not None:
                return fault
        if client.insecure:
            return []
        if client.roots_error:
            text = f"x509: failed to load system roots and no roots provided; {client.roots_error}"
            return Fault(Kind.SYSTEM_ROOTS, text)
        leaf = self._leaf()
        refused = path.check_leaf(leaf, client.now) or self._host(leaf, client.name)
        if refused is not None:
            return refused
        if leaf in self.pool:
            return self._usable([(leaf,)])
        sent = Pool()
        for index, each in enumerate(self.parsed[1:], 1):
            if each is not None:
                sent.add(each, index)
        built = path.build(leaf, self.pool, sent, client.now, self.rules)
        if isinstance(built, Fault):
            return self._blame_root(built)
        return self._usable(built)

    def _host(self, leaf: Certificate, name: str | None) -> Fault | None:
        fault = check_host(leaf, name, self.rules) if name else None
        if fault is None:
            return None
        return Fault(Kind.HOSTNAME, fault.text, leaf, mismatch=fault.mismatch)

    def _blame_root(self, fault: Fault) -> Fault:
        """An unknown authority whose issuer is in the files, but of no use to Go, is that
        root's fault: it did not load, or its key is of an unknown type."""
        child = fault.about
        if fault.kind is not Kind.UNKNOWN_AUTHORITY or fault.hint or child is None:
            return fault
        unusable = [each for each in self.pool.named(child.issuer_raw) if each.key is None]
        unusable += [
            each.partial
            for each in self.pool.not_loaded
            if each.partial and each.partial.key and each.partial.subject_raw == child.issuer_raw
        ]
        if not unusable:
            return fault
        return Fault(fault.kind, fault.text, child, culprit=unusable[0])

    def _usable(self, built: list[Path]) -> list[Path] | Fault:
        """The paths that policies, usages and constraints allow, or the fault that is told."""
        leaf, rules = self._leaf(), self.rules
        good: list[Path] = []
        bad_policies: list[Path] = []
        bad_usages: list[Path] = []
        violations: list[constraints.Violation] = []
        for each in built:
            if rules.distrusts_keys and distrust.distrusted(each):
                continue
            policies_fine = not rules.knows_policies or policies.valid(each)
            usage_fine = usages.forbidding(each) is None
            if rules.usage_before_policies and not usage_fine:
                bad_usages.append(each)
            elif not policies_fine:
                bad_policies.append(each)
            elif not usage_fine:
                bad_usages.append(each)
            elif rules.constraints_last and (violated := constraints.violation(each, rules)):
                violations.append(violated)
            else:
                good.append(each)
        if good:
            return good
        if violations:
            text = (
                "x509: a root or intermediate certificate is not authorized to sign "
                f"for this name: {violations[0].text}"
            )
            named, issuer = violations[0].named, violations[0].issuer
            return Fault(Kind.NAME_CONSTRAINT, text, leaf, named, constraining=issuer)
        forbidding = next((usages.forbidding(each) for each in bad_usages + bad_policies), None)
        return _no_path(leaf, len(bad_policies), len(bad_usages), forbidding, rules)

    # -- where things are ------------------------------------------------------------------

    def _place(self, certificate: Certificate) -> Place:
        sent = next((i for i, each in enumerate(self.chain) if each == certificate.raw), None)
        root = self.pool.file_of(certificate)
        if sent is None and root is None:
            sent = next(
                (i for i, f in enumerate(self.faults) if f and f.about is certificate), None
            )
            root = next(
                (each.file for each in self.pool.not_loaded if each.partial is certificate), None
            )
        return Place(sent, root, certificate)

    def _entries(self) -> tuple[Certificate | str, ...]:
        return tuple(
            each or (fault.text if fault else "")
            for each, fault in zip(self.parsed, self.faults, strict=True)
        )

    def _named_roots(self) -> tuple[Place, ...]:
        issuers = dict.fromkeys(each.issuer_raw for each in self.parsed if each is not None)
        return tuple(self._place(root) for name in issuers for root in self.pool.named(name))

    def _refused(
        self, fault: Fault, text: str, verify_text: str, verified: Fault | None = None
    ) -> Verdict:
        told = verified or fault
        culprit = fault.culprit or fault.about
        return Verdict(
            accepted=False,
            text=text,
            verify_text=verify_text,
            kind=fault.kind,
            mismatch=fault.mismatch,
            about=self._place(told.about) if told.about else None,
            hint=fault.hint,
            hint_cert=self._place(fault.hint_certificate) if fault.hint_certificate else None,
            culprit=self._place(culprit) if culprit else None,
            constraining=self._place(fault.constraining) if fault.constraining else None,
            roots_not_loaded=self.pool.not_loaded,
            entries=self._entries(),
            named_roots=self._named_roots(),
        )


def _no_path(
    leaf: Certificate,
    bad_policies: int,
    bad_usages: int,
    forbidding: Certificate | None,
    rules: Release,
) -> Fault:
    if bad_usages and not bad_policies:
        text = "x509: certificate specifies an incompatible key usage"
        return Fault(Kind.KEY_USAGE, text, leaf, culprit=forbidding or leaf)
    details = []
    if bad_usages:
        details.append(f"{bad_usages} {rules.refused_chains} with incompatible key usage")
    if bad_policies and not bad_usages and rules.policies_before_usages:
        details.append("all candidate chains have invalid policies")
    elif bad_policies:
        details.append(f"{bad_policies} {rules.refused_chains} with invalid policies")
    text = ": ".join(filter(None, ("x509: no valid chains built", ", ".join(details))))
    return Fault(Kind.POLICY, text, leaf, culprit=forbidding or leaf)
