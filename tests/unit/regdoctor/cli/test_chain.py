"""``regdoctor chain``: files in, a verdict out, no network and nothing secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from regdoctor.cli import exits
from tests.fixtures.ca import CertificateAuthority, Validity
from tests.fixtures.checked import run

HOST = "registry.example.com"
ROOT = CertificateAuthority("Example Root CA")
CA = ROOT.intermediate("Example Issuing CA")
SERVED = CA.issue(HOST)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """root.pem, server.pem (with its key), reversed.pem, leaf.der, key.pem and more."""
    at = tmp_path_factory.mktemp("chains")
    (at / "root.pem").write_bytes(ROOT.pem)
    (at / "ca.pem").write_bytes(CA.pem)
    (at / "server.pem").write_bytes(SERVED.key_pem + SERVED.chain_pem)
    (at / "reversed.pem").write_bytes(CA.pem + SERVED.pem)
    (at / "leaf.der").write_bytes(SERVED.der)
    (at / "key.pem").write_bytes(SERVED.key_pem)
    (at / "request.pem").write_bytes(
        b"-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n"
    )
    not_a_ca = ROOT.intermediate("Not a CA", ca=False)
    (at / "not-a-ca.pem").write_bytes(not_a_ca.issue(HOST).chain_pem)
    renewed = CA.issue(HOST, validity=Validity.not_yet(days=2))
    (at / "renewed.pem").write_bytes(renewed.chain_pem)
    return at


def test_a_chain_that_go_accepts_ends_with_0(files: Path) -> None:
    ran = run("chain", files / "server.pem", "--name", HOST, "--roots", files / "root.pem")
    assert ran.code == exits.CLEAN
    assert ran.out.startswith(f"Go accepts this chain for {HOST}.\n")
    assert "server.pem[1]  CN=Example Issuing CA" in ran.out
    assert "root.pem  CN=Example Root CA" in ran.out
    assert "Go says" not in ran.out
    assert ran.err == ""


def test_nothing_of_a_private_key_is_printed(files: Path) -> None:
    secret = SERVED.key_pem.splitlines()[1].decode()
    for more in ((), ("--format", "json")):
        ran = run("chain", files / "server.pem", "--roots", files / "root.pem", *more)
        assert ran.code == exits.CLEAN
        assert "holds a private key as well, which was not read" in ran.out
        assert secret not in ran.out + ran.err
        assert "PRIVATE" not in ran.out + ran.err


def test_a_refusal_names_the_certificate_at_fault_and_not_the_one_go_is_about(
    files: Path,
) -> None:
    ran = run("chain", files / "not-a-ca.pem", "--name", HOST, "--roots", files / "root.pem")
    assert ran.code == exits.FINDINGS
    headline = " ".join(ran.out.partition("\n\n")[0].split())
    assert headline == (
        f"Go refuses this chain for {HOST}. At fault is not-a-ca.pem[1] (CN=Not a CA): "
        "may not issue certificates."
    )
    words = "tls: failed to verify certificate: x509: certificate signed by unknown authority"
    assert f"Go says\n  {words} (possibly because of" in ran.out
    assert "its basic constraints say CA:FALSE" in " ".join(ran.out.split())


def test_the_chain_can_be_judged_at_another_time(files: Path) -> None:
    arguments = ("chain", files / "renewed.pem", "--name", HOST, "--roots", files / "root.pem")
    assert run(*arguments).code == exits.FINDINGS
    later = Validity.around(days=30).not_after
    assert run(*arguments, "--time", later.date().isoformat()).code == exits.CLEAN
    ran = run(*arguments, "--time", "2020-01-31T12:00:00+02:00")
    assert ran.code == exits.FINDINGS
    assert "current time 2020-01-31T12:00:00+02:00 is before" in ran.out


def test_the_words_are_those_of_the_release_asked_for(files: Path) -> None:
    arguments = ("chain", files / "leaf.der", "--name", HOST, "--roots", files / "root.pem")
    ran = run(*arguments, "--go", "go1.19.8")
    assert ran.code == exits.FINDINGS
    assert "Go says\n  x509: certificate signed by unknown authority\n" in ran.out
    assert "Judged as Go 1.19.8 would" in ran.out


def test_without_a_name_names_are_not_judged_and_that_is_said(files: Path) -> None:
    ran = run("chain", files / "server.pem", "--roots", files / "root.pem")
    assert ran.code == exits.CLEAN
    assert "names not judged (--name gives one)" in " ".join(ran.out.split())
    other = run(
        "chain", files / "server.pem", "--roots", files / "root.pem", "--name", "other.example"
    )
    assert other.code == exits.FINDINGS
    assert "not other.example" in other.out


def test_several_files_are_one_chain_and_a_port_is_no_part_of_the_name(files: Path) -> None:
    ran = run(
        *("chain", files / "leaf.der", files / "ca.pem", "--name", f"{HOST}:5000"),
        *("--roots", files / "root.pem"),
    )
    assert ran.code == exits.CLEAN


def test_a_leaf_that_is_not_first_is_refused_and_told(files: Path) -> None:
    ran = run("chain", files / "reversed.pem", "--name", HOST, "--roots", files / "root.pem")
    assert ran.code == exits.FINDINGS
    told = " ".join(ran.out.split())
    assert "reversed.pem[1] is the server's own" in told
    assert "With it first, Go would accept the chain." in told


def test_roots_add_up_and_the_hosts_are_the_default(files: Path) -> None:
    assert run("chain", files / "server.pem").code == exits.FINDINGS
    ran = run(
        *("chain", files / "server.pem", "--roots", "system", "--roots", files / "root.pem"),
    )
    assert ran.code == exits.CLEAN
    assert "roots of this host" in " ".join(ran.out.split())


def test_a_root_file_that_go_does_not_load_is_told(files: Path) -> None:
    ran = run("chain", files / "server.pem", "--roots", files / "leaf.der")
    assert ran.code == exits.FINDINGS
    assert "Go passes over leaf.der: it is DER, and Go loads PEM." in ran.out


def test_json_has_the_verdict_the_places_and_the_remarks(files: Path) -> None:
    ran = run(
        *("chain", files / "not-a-ca.pem", "--name", HOST, "--roots", files / "root.pem"),
        *("--format", "json"),
    )
    assert ran.code == exits.FINDINGS
    told = json.loads(ran.out)
    assert told["schema"] == 1
    assert (told["accepted"], told["kind"], told["name"]) == (False, "unknown-authority", HOST)
    assert told["culprit"]["place"] == "chain[1]"
    assert told["about"]["place"] == "chain[0]"
    assert told["hint"]["of"]["sha256"] == told["chain"][1]["sha256"]
    assert told["error"].startswith("tls: failed to verify certificate: x509: ")
    assert told["paths"] == []
    assert told["in_order"] is None
    good = run(
        *("chain", files / "server.pem", "--roots", files / "root.pem", "--format", "json"),
    )
    assert json.loads(good.out)["paths"] == [["chain[0]", "chain[1]", "roots[0]"]]
    assert [each["code"] for each in json.loads(good.out)["remarks"]] == ["private-key"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("gone.pem",), "No such file"),
        (("key.pem",), "no certificate in it"),
        (("request.pem",), "a request, which is no certificate yet"),
        (("server.pem", "--time", "soon"), "neither a date nor RFC 3339"),
        (("server.pem", "--go", "latest"), "not a Go release"),
        (("server.pem", "--go", "2.0"), "not a Go release"),
        (("server.pem", "--format", "yaml"), "not one of"),
        (("server.pem", "--roots", "/nonexistent"), "No such file"),
        (("server.pem", "--days", "-1"), "--days"),
        ((), "FILE"),
    ],
)
def test_a_fault_of_usage_is_2_and_said_on_stderr(
    files: Path, arguments: tuple[str, ...], told: str
) -> None:
    names = {each.name for each in files.iterdir()} | {"gone.pem"}
    ran = run("chain", *(files / each if each in names else each for each in arguments))
    assert ran.code == exits.USAGE
    assert ran.out == ""
    assert told in ran.err
    assert "Traceback" not in ran.err


def test_a_name_in_a_certificate_cannot_steer_the_terminal(tmp_path: Path) -> None:
    evil = CertificateAuthority("Evil\x1b[2J\nGo accepts")
    path = tmp_path / "evil.pem"
    path.write_bytes(evil.issue(HOST).chain_pem)
    ran = run("chain", path, "--roots", path)
    assert "\x1b" not in ran.out
    assert "\nGo accepts" not in ran.out
    assert "Evil\\x1b[2J\\nGo accepts" in ran.out
