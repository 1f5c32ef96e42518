"""The order of findings, what explains what, and which questions stay open."""

from __future__ import annotations

from regdoctor.observations.network import ConnectAttempt, Connection
from regdoctor.observations.store import Failure
from tests.fixtures.ca import CertificateAuthority, Validity
from tests.fixtures.scenes import (
    HTTPS,
    NOW,
    chain_seen,
    found,
    manifest_answer,
    manifest_seen,
    questions,
    registry_seen,
)
from tests.fixtures.scenes.auth import errors, refused


def test_errors_come_before_warnings_and_notes() -> None:
    root = CertificateAuthority(validity=Validity.around(NOW))
    leaf = root.issue("other.example", validity=Validity.around(NOW))
    findings = list(found(chain_seen(leaf, own=[root.der])).values())
    assert [finding.severity for finding in findings] == ["error", "info"]


def test_every_finding_names_its_page() -> None:
    findings = found(manifest_seen(manifest_answer("HEAD", 401), None))
    assert {f.docs for f in findings.values()} == {
        f"docs/troubleshooting/{code}.md" for code in findings
    }


def test_a_probe_that_could_not_look_leaves_questions_open() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Failure("ServedChain", "tls", "no result in 30 s"))
    assert "x509-expired-certificate" in questions(seen)


def test_questions_about_an_endpoint_that_is_down_are_not_asked() -> None:
    seen = registry_seen()
    seen.add(HTTPS, Failure("ServedChain", "tls", "no connection"))
    seen.add(HTTPS, Connection((ConnectAttempt("192.0.2.1:5000", "refused", "refused"),)))
    assert questions(seen) == {}


def test_a_question_beside_a_finding_that_another_explains_has_its_answer() -> None:
    body = errors("reqPackageAccess")
    assert set(found(refused(403, body))) == {"gitea-reqpackageaccess-pat-or-proxy"}
    assert questions(refused(403, body)) == {}
    assert set(questions(refused(403))) == {"pull-access-denied-or-not-found"}
