"""Every executed chain is replayed: the same words, the same verdict, the same culprit."""

from __future__ import annotations

import re

import pytest

from regdoctor.x509 import tls_name, url
from tests.unit.regdoctor.x509.vectors import PREFIX, Vector, judge, vector, vectors

OLDER = (
    *("1.26.6", "1.26.0", "1.25.5", "1.25.2", "1.25.0", "1.24.11", "1.24.3"),
    *("1.23.9", "1.22.10", "1.21.13", "1.19.8"),
)
SETTINGS = ("x509negativeserial=1", "rsa1024min=0", "tlsmaxrsasize=16384")

# Vector and release -> why it cannot be compared.
KNOWN_MISSES = {
    ("alg-rsa8200-leaf", "1.19.8"): "no key of that size was at hand for the handshake of 1.19.8",
}


@pytest.mark.parametrize("identity", [each["id"] for each in vectors()])
def test_says_what_go_says(identity: str) -> None:
    case = vector(identity)
    verdict = judge(case)
    error = case.get("error") or {}

    assert (verdict.text or None) == case["tls"]
    assert (verdict.verify_text or None) == case["verify"]
    assert verdict.accepted == (case["verdict"] == "accept")
    assert _text(verdict.culprit) == case.get("culprit")
    assert _text(verdict.about) == error.get("about")
    assert (verdict.hint.text if verdict.hint else None) == error.get("hint_error")
    assert _text(verdict.hint_cert) == error.get("hint_cert")
    if "paths" in case:
        found = [[str(place) for place in path] for path in verdict.paths]
        assert len(found) == len(case["paths"])
        for ours, theirs in zip(found, case["paths"], strict=True):
            # "?" is a root that came out of a bundle or the system's store.
            assert [b if b == "?" else a for a, b in zip(ours, theirs, strict=True)] == theirs
    for place in case.get("roots_not_loaded", ()):
        assert place in {f"roots[{each.file}]" for each in verdict.roots_not_loaded}


@pytest.mark.parametrize("identity", [each["id"] for each in vectors() if "http" in each])
def test_a_request_says_what_net_http_says(identity: str) -> None:
    case = vector(identity)
    verdict = judge(case, name=tls_name(case["name"]))
    assert (verdict.request_text("GET", url(case["name"])) or None) == case["http"]


@pytest.mark.parametrize("identity", [each["id"] for each in vectors() if "insecure" in each])
def test_skipping_verification_does_not_help_against_everything(identity: str) -> None:
    case = vector(identity)
    assert judge(case, insecure=True).text == case["insecure"]


def test_skipping_verification_helps_against_everything_else() -> None:
    others = [each for each in vectors() if "insecure" not in each]
    assert [each["id"] for each in others if not judge(each, insecure=True).accepted] == []


@pytest.mark.parametrize("identity", [each["id"] for each in vectors() if "server_sees" in each])
def test_the_server_logs_what_a_go_server_logs(identity: str) -> None:
    case = vector(identity)
    assert judge(case).server_log == case["server_sees"]


@pytest.mark.parametrize("identity", [each["id"] for each in vectors() if each.get("tls12")])
def test_says_what_go_says_in_tls_1_2(identity: str) -> None:
    case = vector(identity)
    assert judge(case, tls13=False).text == case["tls12"]


@pytest.mark.parametrize("go", OLDER)
def test_older_releases_differ_where_they_did(go: str) -> None:
    missed = []
    for case in vectors():
        if (case["id"], go) in KNOWN_MISSES:
            continue
        verdict = judge(case, go)
        verify, tls = _expected(case, go)
        if (verdict.verify_text or None, verdict.text or None) != (verify, tls):
            missed.append((case["id"], verdict.verify_text, verify, verdict.text, tls))
    assert missed == []


@pytest.mark.parametrize("setting", SETTINGS)
def test_godebug_settings_change_what_they_changed(setting: str) -> None:
    changed = 0
    for case in vectors():
        for each in case.get("differs", ()):
            if f"1.27.3 GODEBUG={setting}" not in each["go"]:
                continue
            changed += 1
            verdict = judge(case, godebug=setting)
            if "verify" in each:
                assert (verdict.verify_text or None) == each["verify"], case["id"]
            if "tls" in each:
                assert (verdict.text or None) == each["tls"], case["id"]
    assert changed > 0


def test_nearly_all_is_the_same_in_every_release() -> None:
    shared = sum(1 for each in vectors() if not each.get("differs"))
    assert len(vectors()) == 466
    assert len(KNOWN_MISSES) == 1
    print(f"{len(vectors())} vectors, {shared} the same in every release, {len(OLDER)} releases")


def _text(place: object | None) -> str | None:
    return None if place is None else str(place)


def _expected(case: Vector, go: str) -> tuple[str | None, str | None]:
    """(Verify's text, the handshake's text) of an older release."""
    verify, tls = case["verify"], case["tls"]
    for each in case.get("differs", ()):
        if go in each["go"]:
            verify = each.get("verify", verify)
            tls = each["tls"] if "tls" in each else _handshake(case, verify, tls)
    if tls is not None and go == "1.19.8":
        tls = tls.removeprefix(PREFIX)
    return verify, tls


def _handshake(case: Vector, verify: str | None, tls: str | None) -> str | None:
    """The handshake's text that goes with another text of Verify."""
    if verify == case["verify"]:
        return tls
    if verify is None:
        return None
    parse = re.compile(
        "x509: (malformed|invalid|inner and outer|certificate contains|cannot parse URI)"
        "|.*is malformed$"
    )
    failed = parse.match(verify) is not None
    return ("tls: failed to parse certificate from server: " if failed else PREFIX) + verify
