"""Command lines of cases."""

from __future__ import annotations

from tests.replay.commands import invocations


def test_options_with_and_without_values() -> None:
    (one,) = invocations("ctr images pull --skip-verify --user=u:p --hosts-dir /c X  # why")
    assert one.program == "ctr"
    assert one.words == ("images", "pull", "X")
    assert one.options == (("skip-verify", "true"), ("user", "u:p"), ("hosts-dir", "/c"))


def test_a_call_of_the_kubelet() -> None:
    (one,) = invocations("PullImage(reg.example:5000/a:latest, auth u:p)")
    assert (one.words, one.options) == (("pull", "reg.example:5000/a:latest"), (("auth", "u:p"),))


def test_what_is_set_before_a_command() -> None:
    (one,) = invocations("export A='b'; C=d timeout 60 crane pull X /x/o.tar")
    assert one.environment == {"A": "b", "C": "d"}
    assert one.words == ("pull", "X", "/x/o.tar")


def test_a_command_that_prepares_another() -> None:
    first, second = invocations("mkdir -p /i; skopeo copy a b >/dev/null 2>&1; skopeo copy b c")
    assert (first.silent, second.silent) == (True, False)
    assert first.words == ("copy", "a", "b")
