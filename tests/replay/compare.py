"""Every field that a case carries, against our verdict."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from regdoctor.x509 import LATEST, UnknownReleaseError, Verdict, release, tls_name, url
from regdoctor.x509.nethttp import url_fault
from regdoctor.x509.verdict import PARSE_PREFIX, PREFIX
from tests.replay.case import Case, judge


@dataclass(frozen=True)
class Miss:
    """``field``: which of the case, with the Go release where that is another."""

    field: str
    expected: Any
    said: Any


@dataclass(frozen=True)
class Common:
    """What a file says by leaving it out: ``fields`` that some case has, and the ``releases``
    that were executed besides the latest."""

    fields: frozenset[str]
    releases: tuple[str, ...]


def common(cases: Iterable[Case]) -> Common:
    """Reads a whole file's cases."""
    fields: set[str] = set()
    releases: set[str] = set()
    for case in cases:
        fields |= case.keys()
        for each in case.get("differs") or ():
            releases.update(go for go in each.get("go") or () if _is_release(go))
    newest_first = sorted(releases, key=lambda each: release(each).version, reverse=True)
    return Common(frozenset(fields), tuple(newest_first))


def _is_release(text: str) -> bool:
    try:
        release(text)
    except UnknownReleaseError:
        return False
    return "GODEBUG" not in text


def misses(case: Case, file: Common) -> list[Miss]:
    """Where we say something else than the case does; a case that cannot be judged is one."""
    try:
        compared = [*_latest(case, file), *_others(case, file)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return [
            Miss("case", "a chain, roots, a name and a time", f"{type(error).__name__}: {error}")
        ]
    return [each for each in compared if each.expected != each.said]


def _latest(case: Case, file: Common) -> Iterator[Miss]:
    verdict = judge(case)
    error = case.get("error") or {}
    said: dict[str, Callable[[], Any]] = {
        "verdict": lambda: "accept" if verdict.accepted else "reject",
        "verify": lambda: verdict.verify_text or None,
        "tls": lambda: verdict.text or None,
        "http": lambda: _http(case, LATEST),
        "culprit": lambda: _text(verdict.culprit),
        "server_sees": lambda: verdict.server_log or None,
        "tls12": lambda: judge(case, tls13=False).text or None,
        "insecure": lambda: judge(case, insecure=True).text or None,
    }
    for field, say in said.items():
        if field in case:
            yield Miss(field, case[field], say())
        elif field in ("insecure", "culprit") and field in file.fields:
            yield Miss(field, None, say())
        elif field == "tls12" and field in file.fields and "tls" in case:
            yield Miss(field, case["tls"], say())
    told: dict[str, Any] = {
        "about": _text(verdict.about),
        "hint_cert": _text(verdict.hint_cert),
        "hint_error": verdict.hint.text if verdict.hint else None,
    }
    kind, reason = _error_of(verdict)
    for field, ours in (told | {"type": kind, "reason": reason}).items():
        if field in error or ("error" in case and field not in ("type", "reason")):
            yield Miss(f"error.{field}", error.get(field), ours)
    if "paths" in case:
        yield Miss("paths", case["paths"], _paths(verdict, case["paths"]))
    for place in case.get("roots_not_loaded") or ():
        found = {f"roots[{each.file}]" for each in verdict.roots_not_loaded}
        yield Miss("roots_not_loaded", place, place if place in found else sorted(found))


def _text(place: object | None) -> str | None:
    return None if place is None else str(place)


def _paths(verdict: Verdict, expected: list[list[str]]) -> list[list[str]]:
    """Ours; where the file has "?", a root out of a bundle that it does not number, so have we."""
    found = [[str(place) for place in path] for path in verdict.paths]
    if [len(each) for each in found] != [len(each) for each in expected]:
        return found
    return [
        ["?" if theirs == "?" and "chain" not in ours else ours for ours, theirs in pairs]
        for pairs in (zip(*each, strict=True) for each in zip(found, expected, strict=True))
    ]


def _http(case: Case, go: str, godebug: str = "") -> str | None:
    fault = url_fault(case["name"], release(go, godebug))
    if fault:
        return fault
    verdict = judge(case, go, godebug, name=tls_name(case["name"]))
    return verdict.request_text("GET", url(case["name"])) or None


# What Verify's text says of the type and the reason of Go's error value; the first that fits.
_ERRORS = (
    (r"x509: certificate signed by unknown authority", "x509.UnknownAuthorityError", None),
    (r"x509: certificate has expired", "x509.CertificateInvalidError", "Expired"),
    (r"x509: certificate is not authorized", "x509.CertificateInvalidError", "NotAuthorizedToSign"),
    (r"x509: too many intermediates", "x509.CertificateInvalidError", "TooManyIntermediates"),
    (r"x509: certificate specifies an", "x509.CertificateInvalidError", "IncompatibleUsage"),
    (r"x509: no valid chains built", "x509.CertificateInvalidError", "NoValidChains"),
    (
        r"x509: a root or intermediate certificate",
        "x509.CertificateInvalidError",
        "CANotAuthorizedForThisName",
    ),
    (r"x509: unhandled critical", "x509.UnhandledCriticalExtension", None),
    (r"x509: failed to load system roots", "x509.SystemRootsError", None),
    (
        r"x509: (certificate is (not )?valid for|cannot validate|certificate relies)",
        "x509.HostnameError",
        None,
    ),
    (r".", "*errors.errorString", None),
)


def _error_of(verdict: Verdict) -> tuple[str | None, str | None]:
    if any(isinstance(each, str) for each in verdict.entries):
        return "parse", None
    found = (row for row in _ERRORS if re.match(row[0], verdict.verify_text))
    _, kind, reason = next(found, ("", None, None))
    return kind, reason


def _others(case: Case, file: Common) -> Iterator[Miss]:
    """Other releases and settings: what the case says of them, and, where it says nothing, the
    same as the latest."""
    stated: dict[str, dict[str, Any]] = {}
    for each in case.get("differs") or ():
        for go in each.get("go") or ():
            stated.setdefault(go, {}).update({k: v for k, v in each.items() if k != "go"})
    for go in dict.fromkeys((*stated, *file.releases)):
        version, _, setting = go.partition(" GODEBUG=")
        try:
            rules = release(version, setting)
        except UnknownReleaseError as error:
            yield Miss(f"differs {go}", "a Go release", str(error))
            continue
        given = stated.get(go, {})
        verdict = judge(case, version, setting)
        if "verify" not in case and "verify" not in given:
            continue
        verify = given.get("verify", case.get("verify"))
        yield Miss(f"verify of {go}", verify, verdict.verify_text or None)
        # What no server could hold a key for was not served to every release.
        if "tls" in given or ("tls" in case and (given or case.get("leaf_key"))):
            tls = given["tls"] if "tls" in given else _handshake(case, verify, verdict)
            if tls is not None and not rules.says_verify_prefix:
                tls = tls.removeprefix(PREFIX)
            yield Miss(f"tls of {go}", tls, verdict.text or None)
        if "tls12" in given:
            text = judge(case, version, setting, tls13=False).text
            yield Miss(f"tls12 of {go}", given["tls12"], text or None)
        if "http" in given:
            yield Miss(f"http of {go}", given["http"], _http(case, version, setting))


def _handshake(case: Case, verify: str | None, verdict: Verdict) -> str | None:
    """The handshake's text that goes with another text of Verify."""
    usual, tls = case.get("verify"), case["tls"]
    if verify == usual:
        return tls
    if verify is None:
        return None if tls is not None and tls.endswith(usual) else tls
    unparsed = any(isinstance(each, str) for each in verdict.entries)
    return (PARSE_PREFIX if unparsed else PREFIX) + verify
