"""/etc/hosts and /etc/resolv.conf of a step."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.executor import hostfiles


def test_hosts_has_the_loopback_the_hostname_and_what_was_added() -> None:
    assert hostfiles.hosts("", [("db", "10.0.0.7"), ("six", "fd00::1")]) == (
        "127.0.0.1\tlocalhost buildkitsandbox\n"
        "::1\tlocalhost ip6-localhost ip6-loopback\n"
        "10.0.0.7\tdb\n"
        "fd00::1\tsix\n"
    )
    assert "localhost builder\n" in hostfiles.hosts("builder", [])


def test_resolvers_on_the_loopback_are_dropped_and_all_else_is_kept() -> None:
    text = "search corp.example\nnameserver 127.0.0.53\nnameserver 10.1.1.1\noptions ndots:2\n"
    assert hostfiles.sandbox_resolv_conf(text) == (
        "search corp.example\nnameserver 10.1.1.1\noptions ndots:2\n",
        False,
    )


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "0.0.0.0", "fe80::1", "fe80::1%eth0"])
def test_a_resolver_that_a_namespace_cannot_reach_is_replaced(address: str) -> None:
    text, replaced = hostfiles.sandbox_resolv_conf(f"nameserver {address}\n")
    assert replaced
    assert text == "nameserver 8.8.8.8\nnameserver 8.8.4.4\n"


def test_the_resolver_of_the_way_out_comes_before_public_ones() -> None:
    assert hostfiles.sandbox_resolv_conf("", "10.0.2.3") == ("nameserver 10.0.2.3\n", True)


def test_what_is_behind_systemd_resolved_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub, real = tmp_path / "stub", tmp_path / "real"
    stub.write_text("nameserver 127.0.0.53\noptions edns0\n")
    real.write_text("nameserver 10.9.9.9\n")
    monkeypatch.setattr(hostfiles, "RESOLV_CONF", stub)
    monkeypatch.setattr(hostfiles, "SYSTEMD_RESOLV_CONF", real)
    assert hostfiles.host_resolv_conf() == "nameserver 10.9.9.9\n"
    stub.write_text("nameserver 10.1.1.1\n")
    assert hostfiles.host_resolv_conf() == "nameserver 10.1.1.1\n"
