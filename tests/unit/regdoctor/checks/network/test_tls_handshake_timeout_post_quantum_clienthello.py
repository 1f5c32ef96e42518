"""tls-handshake-timeout-post-quantum-clienthello: the length of the hello, not of the packets."""

from __future__ import annotations

import pytest

from regdoctor.observations.host import AskedClients
from regdoctor.observations.store import HOST, Observations
from regdoctor.observations.tls import HandshakeFault, HelloTry, LargeHello, ServedChain
from tests.fixtures.scenes import HTTPS, found, registry_seen

CODE = "tls-handshake-timeout-post-quantum-clienthello"


def greeted(
    whole: HandshakeFault, pieces: HandshakeFault, control: HandshakeFault = ""
) -> Observations:
    seen = registry_seen()
    seen.add(HOST, AskedClients(("docker",)))
    seen.add(HTTPS, ServedChain("registry.example", version="TLSv1.2"))
    late = HelloTry(1574, 0, whole, "no ServerHello within 10 seconds")
    last = HelloTry(352, 0, control, "nothing")
    seen.add(HTTPS, LargeHello(late, HelloTry(1574, 536, pieces, "nothing"), last))
    return seen


@pytest.mark.parametrize("fault", ["timeout", "reset", "closed"])
def test_fires_where_a_long_hello_fails_in_packets_of_any_size(fault: HandshakeFault) -> None:
    codes = found(greeted(fault, fault))
    assert set(codes) == {CODE}
    assert codes[CODE].breaks == ("docker", "buildkit", "containerd", "podman")
    assert any("tlsmlkem=0" in each.diff for fix in codes[CODE].fixes for each in fix.files)


def test_quiet_where_the_same_hello_passes_in_small_packets() -> None:
    codes = found(greeted("timeout", "", "timeout"))
    assert set(codes) == {"tls-handshake-timeout-mtu-blackhole"}


def test_quiet_for_a_server_that_is_busy() -> None:
    assert found(greeted("timeout", "timeout", "timeout")) == {}
    assert found(greeted("timeout", "", "")) == {}


def test_quiet_where_no_hello_is_answered() -> None:
    seen = registry_seen()
    seen.add(HTTPS, ServedChain("registry.example", fault="timeout", text="nothing"))
    seen.add(HTTPS, LargeHello(HelloTry(1574, 0, "timeout", "nothing")))
    assert CODE not in found(seen)


def test_quiet_where_a_long_hello_is_answered() -> None:
    seen = registry_seen()
    seen.add(HTTPS, ServedChain("registry.example"))
    seen.add(HTTPS, LargeHello(HelloTry(1574)))
    assert found(seen) == {}
