"""tls-handshake-timeout-mtu-blackhole: small packets pass where usual ones do not."""

from __future__ import annotations

from regdoctor.observations.store import Observations
from regdoctor.observations.tls import HelloTry, LargeHello, ServedChain, SmallSegments
from tests.fixtures.scenes import HTTPS, found, questions, registry_seen

CODE = "tls-handshake-timeout-mtu-blackhole"
STALLED = ServedChain("registry.example", fault="timeout", text="no ServerHello within 10 seconds")
LATE = "no ServerHello within 10 seconds"


STILL = HelloTry(352, 0, "timeout", LATE)


def stalled(attempt: HelloTry, control: HelloTry | None = None) -> Observations:
    seen = registry_seen()
    seen.add(HTTPS, STALLED)
    seen.add(HTTPS, SmallSegments(attempt, control))
    return seen


def test_fires_where_small_packets_bring_the_answer() -> None:
    seen = stalled(HelloTry(352, 536, seconds=0.02), STILL)
    codes = found(seen)
    assert set(codes) == {CODE}
    assert "at most 536 bytes: answered after 0.02 s" in codes[CODE].evidence[1].fact
    assert questions(seen) == {}
    assert "ping -M do" in codes[CODE].fixes[0].commands[0]


def test_fires_where_only_what_we_send_is_lost() -> None:
    seen = registry_seen()
    seen.add(HTTPS, ServedChain("registry.example"))
    whole = HelloTry(1574, 0, "timeout", LATE)
    seen.add(HTTPS, LargeHello(whole, HelloTry(1574, 536, seconds=0.02), whole))
    assert set(found(seen)) == {CODE}


def test_quiet_where_small_packets_get_no_answer_either() -> None:
    seen = stalled(HelloTry(352, 536, "timeout", LATE))
    assert set(found(seen)) == {"tls-handshake-failure"}
    assert questions(seen) == {}


def test_quiet_for_a_server_that_was_busy_and_answers_again() -> None:
    seen = stalled(HelloTry(352, 536, seconds=0.02), HelloTry(352))
    assert set(found(seen)) == {"tls-handshake-failure"}


def test_quiet_where_all_is_well() -> None:
    seen = registry_seen()
    seen.add(HTTPS, LargeHello(HelloTry(1574)))
    assert found(seen) == {}
