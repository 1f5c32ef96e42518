"""``make client-cases FILE=...``: which files it takes, and what it says of odd ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.replay.client_cases import OWN, main
from tests.replay.hostfiles import Tree


@pytest.fixture(scope="module")
def own() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(OWN.read_text(encoding="utf-8"))
    return data


def case(own: dict[str, Any], identity: str) -> dict[str, Any]:
    return next(dict(each) for each in own["cases"] if each["id"] == identity)


def judged(tmp_path: Path, content: object) -> int:
    path = tmp_path / "more.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return main([str(path)])


def test_cases_alone_are_judged_with_the_certificates_and_addresses_of_our_file(
    own: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = case(own, "ct-mirror-404@1.6.20")
    assert judged(tmp_path, [one]) == 0
    assert judged(tmp_path, {"cases": [{**one, "more": 1}], "pki": None, "made": "later"}) == 0
    assert "1 of 1 agree (100.0%)" in capsys.readouterr().out


def test_a_case_of_one_version_without_optional_keys_is_judged(
    own: dict[str, Any], tmp_path: Path
) -> None:
    one = case(own, "ct-nodir-http@1.6.20")
    for key in ("versions", "env", "program", "verdict_note"):
        one.pop(key, None)
    assert judged(tmp_path, [one]) == 0


def test_other_hosts_and_certificates_count_as_they_stand_in_the_file(
    own: dict[str, Any], tmp_path: Path
) -> None:
    text = json.dumps({"cases": [case(own, "ct-mirror-404@1.6.20")]})
    other = json.loads(text.replace("mirror.example", "m.corp.example"))
    leaf = "mirror-pub"
    for server in other["cases"][0]["servers"]:
        if server["tls"]["leaf"] == leaf:
            server["tls"] = {"leaf": "new", "issuer": "root", "names": ["m.corp.example"]}
    files = other["cases"][0]["files"]
    files["/etc/ssl/certs/ca-certificates.crt"] += "{{pem:root}}"
    other["pki"] = {"root": own["pki"]["ca-other"]}
    other["hosts"] = {"m.corp.example": "10.77.0.20"}
    assert judged(tmp_path, other) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"files": {"/etc/containerd/certs.d/docker.io/hosts.toml": 5}},
        {"files": {"/x": "{{pem:nobody}}"}},
        {"reference": "UPPER CASE/no"},
        {"versions": ["latest"]},
        {"observed": None},
        {"client": None},
        {"command": "ctr 'images"},
        {"prepare": "dd if=/dev/zero"},
    ],
)
def test_a_case_that_cannot_be_judged_is_a_miss_beside_the_others(
    own: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    wrong: dict[str, Any],
) -> None:
    good = case(own, "ct-mirror-404@1.6.20")
    assert judged(tmp_path, [{**good, **wrong}, good]) == 1
    assert "1 of 2 agree (50.0%)" in capsys.readouterr().out


@pytest.mark.parametrize("content", [[], {"cases": []}, {"cases": 5}, "cases", [1]])
def test_a_file_without_cases_is_told_on_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: object
) -> None:
    assert judged(tmp_path, content) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_shell_lines_of_a_case_change_its_files() -> None:
    tree = Tree({"/etc/c/a.crt": "one", "/etc/d/b.crt": "two"}, {})
    tree.run("cp -r /etc/c /etc/e; mv /etc/d/b.crt /etc/c")
    tree.run("chmod 000 /etc/c/a.crt && touch /etc/c/a.crt")
    tree.run("rm -r /etc/d; echo 'x = 1' > /etc/f/g.toml")
    seen = tree.seen("/root")
    assert {path: each.content for path, each in seen.files.items()} == {
        "/etc/c/a.crt": b"one",
        "/etc/c/b.crt": b"two",
        "/etc/e/a.crt": b"one",
        "/etc/f/g.toml": b"x = 1\n",
    }
    assert "/etc/d" not in seen.directories
