"""What is dangerous about a plan."""

from __future__ import annotations

from tests.replay.scene import planned

CERTS = "/etc/containerd/certs.d"
COMMAND = f"ctr images pull --hosts-dir {CERTS} --user u:hunter2 X"


def kinds(text: str, command: str = COMMAND) -> list[str]:
    files = {f"{CERTS}/docker.io/hosts.toml": text}
    plan = planned("ctr", "2.1.9", files, command=command)
    assert "hunter2" not in repr(plan)
    return [f"{note.kind} {note.subject}" for note in plan.notes]


def test_a_verified_way_without_credentials_is_quiet() -> None:
    command = f"ctr images pull --hosts-dir {CERTS} X"
    assert kinds('[host."https://mirror.example:5000"]\n', command) == []


def test_verification_that_is_off() -> None:
    text = '[host."https://mirror.example:5000"]\nskip_verify = true\n'
    command = f"ctr images pull --hosts-dir {CERTS} X"
    assert kinds(text, command) == ["verification-off mirror.example:5000"]


def test_nobody_sits_between_a_client_and_its_own_host() -> None:
    plan = planned("ctr", "2.1.9", {}, "localhost:5000/img:latest", command=COMMAND)
    assert plan.notes == ()


def test_a_credential_for_the_pull_goes_to_the_mirror_and_in_clear() -> None:
    assert kinds('[host."http://mirror.example:5000"]\n') == [
        "credential-in-clear mirror.example:5000",
        "credential-offered-to-mirror mirror.example:5000",
    ]
