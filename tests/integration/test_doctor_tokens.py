"""Token servers on a host of their own: healthy, behind another CA, and failing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fixtures.ca import CertificateAuthority, Issued, Validity
from tests.fixtures.checked import Ran, check
from tests.fixtures.registry import BearerAuth, Registry, Server, Store, TokenService, faults

pytestmark = pytest.mark.integration

NAME, AUTH = "registry.example", "auth.example"
TOKENS = faults.on("", "/token")


@pytest.fixture(scope="module")
def root() -> CertificateAuthority:
    return CertificateAuthority("Example Root CA")


@contextmanager
def served(
    directory: Path, registry: Issued, realm: Issued, *tamper: faults.Tamper
) -> Iterator[tuple[str, ...]]:
    """A registry and its token server; gives the arguments that lead to its image."""
    store = Store()
    store.add_image("team/app", "1.0")
    auth = BearerAuth(TokenService())
    tokens = Registry(auth=BearerAuth(auth.tokens), tamper=tamper)
    with (
        Server(tokens, tls=realm.write(directory / "realm")) as other,
        Server(Registry(store, auth=auth), tls=registry.write(directory / "registry")) as server,
    ):
        there, here = (each.authority.rpartition(":")[2] for each in (other, server))
        auth.realm = f"https://{AUTH}:{there}/token"
        names = (f"{AUTH}:{there}:127.0.0.1", f"{NAME}:{here}:127.0.0.1")
        yield "--resolve", names[0], "--resolve", names[1], f"{NAME}:{here}/team/app:1.0"


def looked(directory: Path, root: CertificateAuthority, *tamper: faults.Tamper) -> Ran:
    (directory / "root.pem").write_bytes(root.pem)
    with served(directory, root.issue(NAME), root.issue(AUTH), *tamper) as arguments:
        return check("--ca", str(directory / "root.pem"), *arguments)


def test_a_token_server_elsewhere_is_clean(root: CertificateAuthority, tmp_path: Path) -> None:
    ran = looked(tmp_path, root)
    assert ran.serious == set()
    assert ran.open == set()
    assert ran.code == 0


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (faults.status(TOKENS, 500), "answers 500"),
        (faults.status(TOKENS, 429, retry_after="30"), "answers 429, retry after 30"),
        (faults.silent(TOKENS), "breaks off"),
        (faults.captive_portal, "answers 200 without a token"),
    ],
)
def test_a_token_server_that_fails_is_told(
    tamper: faults.Tamper, words: str, root: CertificateAuthority, tmp_path: Path
) -> None:
    ran = looked(tmp_path, root, tamper)
    assert ran.serious == {"registry-unexpected-answer"}
    finding = ran.findings["registry-unexpected-answer"]
    assert f"/token {words}" in finding["title"]
    assert finding["evidence"][0]["probe"] == "token"
    assert ran.code == 1


def test_the_certificate_of_a_token_server_is_judged_by_itself(
    root: CertificateAuthority, tmp_path: Path
) -> None:
    other = CertificateAuthority("Other Root CA")
    paths = [tmp_path / "root.pem", tmp_path / "other.pem"]
    for path, authority in zip(paths, (root, other), strict=True):
        path.write_bytes(authority.pem)
    with served(tmp_path, root.issue(NAME), other.issue(AUTH)) as arguments:
        ran = check("--ca", str(paths[0]), *arguments)
        assert ran.serious == {"x509-unknown-authority-private-root"}
        assert ran.report["findings"][0]["subject"].startswith(AUTH)
        ran = check("--ca", str(paths[0]), "--ca", str(paths[1]), *arguments)
        assert ran.serious == set()
        # Of which file the authority came does not matter: it is known, so none is missing.
        assert "x509-missing-intermediate" not in ran.findings
        assert ran.open == set()
        assert ran.code == 0


def test_an_expired_certificate_of_a_token_server_is_told_as_its_own(
    root: CertificateAuthority, tmp_path: Path
) -> None:
    (tmp_path / "root.pem").write_bytes(root.pem)
    expired = root.issue(AUTH, validity=Validity.expired())
    with served(tmp_path, root.issue(NAME), expired) as arguments:
        ran = check("--ca", str(tmp_path / "root.pem"), *arguments)
    assert ran.serious == {"x509-expired-certificate"}
    assert ran.findings["x509-expired-certificate"]["subject"].startswith(AUTH)
