"""The bridge on hosts of several kinds, each a network namespace of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.root]

INSIDE = """
import json, os, subprocess, sys
from pathlib import Path
from builder.executor import programs
from builder.executor.network.bridge import Bridge
from builder.executor.network.types import NetworkError

def said(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else ""

def host():
    return {
        "rules": said("nft", "list", "ruleset"),
        "links": said("ip", "-o", "-4", "addr"),
        "all": said("ip", "-o", "link"),
        "forward": Path("/proc/sys/net/ipv4/ip_forward").read_text().strip(),
    }

without = set(json.loads(sys.argv[1]))
find = programs.find
programs.find = lambda name: None if name in without else find(name)
out = {"before": host()}
bridge, other = Bridge(), Bridge()
try:
    first, second = bridge.attach(), other.attach()
    out["addresses"] = [str(first.address), str(second.address)]
    out["during"] = host()
    first.close()
    bridge.close()
    out["shared"] = host()
    second.close()
    other.close()
    out["after"] = host()
except NetworkError as error:
    out["error"] = str(error)
print(json.dumps(out))
"""


def on_a_host(preparation: str, *without: str) -> dict[str, Any]:
    """What happens to a host that ``preparation`` (shell) has made, lacking programs."""
    script = f'mount -t sysfs sysfs /sys && ip link set lo up\n{preparation}\nexec "$@"'
    command = [
        "unshare", "--net", "--mount", "sh", "-e", "-c", script, "sh",
        sys.executable, "-c", INSIDE, json.dumps(without),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_it_is_set_up_shared_and_taken_away_again() -> None:
    seen = on_a_host("")
    assert seen["addresses"] == ["10.93.0.2", "10.93.0.3"]
    assert "10.93.0.1/24" in seen["during"]["links"]
    assert "masquerade" in seen["during"]["rules"]
    assert seen["during"]["forward"] == "1"
    assert "regdoctor0" in seen["shared"]["links"], "another build still uses it"
    assert "masquerade" in seen["shared"]["rules"]
    assert "regdoctor" not in seen["after"]["links"] + seen["after"]["rules"]


def test_it_keeps_clear_of_networks_that_are_routed_already() -> None:
    seen = on_a_host(
        "ip link add d0 type veth peer name d1; ip link set d1 up\n"
        "ip addr add 10.93.7.1/16 dev d0; ip link set d0 up\n"
        "ip route add 10.0.0.0/9 dev d0"
    )
    assert seen["addresses"] == ["10.128.0.2", "10.128.0.3"]


def test_rules_of_others_stay() -> None:
    seen = on_a_host("nft add table ip other; nft add chain ip other kept")
    assert "chain kept" in seen["during"]["rules"]
    assert "chain kept" in seen["after"]["rules"]


def test_a_policy_that_drops_what_is_forwarded_gets_an_exception() -> None:
    seen = on_a_host("iptables -P FORWARD DROP")
    during, after = seen["during"]["rules"], seen["after"]["rules"]
    assert 'iifname "regdoctor0"' in during
    assert "policy drop" in during
    assert "regdoctor0" not in after
    assert "policy drop" in after


def test_iptables_does_where_nft_is_missing() -> None:
    seen = on_a_host("", "nft")
    assert "masquerade" in seen["during"]["rules"].lower()
    assert "regdoctor" not in seen["after"]["links"] + seen["after"]["rules"]


def test_without_either_it_refuses_and_changes_nothing() -> None:
    seen = on_a_host("", "nft", "iptables")
    assert seen["error"] == "neither nft nor iptables found"


def test_the_mtu_is_that_of_the_way_to_the_world() -> None:
    seen = on_a_host(
        "ip link add d0 mtu 1380 type veth peer name d1; ip link set d1 up\n"
        "ip addr add 192.0.2.9/24 dev d0; ip link set d0 up\n"
        "ip route add default via 192.0.2.1"
    )
    (bridge,) = [line for line in seen["during"]["all"].splitlines() if "regdoctor0:" in line]
    assert "mtu 1380" in bridge
