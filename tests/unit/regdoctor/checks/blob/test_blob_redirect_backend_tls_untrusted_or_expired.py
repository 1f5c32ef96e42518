"""blob-redirect-backend-tls-untrusted-or-expired."""

from __future__ import annotations

from regdoctor.checks.derive import derive
from regdoctor.observations.host import OwnTrust
from regdoctor.observations.http import Answer
from regdoctor.observations.store import Observations
from regdoctor.observations.tls import ServedChain
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.scenes import NOW, VALID, answer, found
from tests.fixtures.scenes.images import STORAGE, storage_seen

CODE = "blob-redirect-backend-tls-untrusted-or-expired"
ROOT = CertificateAuthority("Storage Root CA", validity=VALID)
LEAF = ROOT.issue("storage.example", validity=VALID, send_root=True)


def storage(look: Answer, *, trusted: bool) -> Observations:
    seen = storage_seen(look, error="" if look.ok else "refused")
    seen.add(STORAGE, OwnTrust((ROOT.der,) if trusted else (), ("own.pem",) if trusted else ()))
    chain = ServedChain("storage.example", LEAF.chain, "TLSv1.3", seen_at=NOW.timestamp())
    seen.add(STORAGE, chain)
    derive(seen, STORAGE)
    return seen


def test_fires_in_place_of_what_is_said_of_the_certificate_itself() -> None:
    failed = Answer("GET", f"{STORAGE}/bucket/object", fault="certificate", text="x509: unknown")
    codes = found(storage(failed, trusted=False))
    assert set(codes) == {CODE}
    finding = codes[CODE]
    assert finding.subject == "storage.example"
    assert any(
        "Storage Root CA" in command for fix in finding.fixes for command in fix.commands
    ) or (any("Storage Root CA" in fix.title for fix in finding.fixes))


def test_quiet_for_a_storage_that_gave_the_blob() -> None:
    codes = found(storage(answer(endpoint=STORAGE), trusted=True))
    assert CODE not in codes
