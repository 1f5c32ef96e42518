"""What Go's net/http does below every client."""

from __future__ import annotations

import pytest

from regdoctor.clients.plan import Process, Transport
from regdoctor.clients.proxies import Proxies
from regdoctor.clients.wire import (
    Fault,
    Request,
    Unreachable,
    Wire,
    keeps_authorization,
    name_path,
    origin,
)
from tests.replay.scene import served
from tests.replay.world import CaseWorld


def wire(*servers: dict[str, object]) -> Wire:
    return Wire(CaseWorld(servers, {}, {}))


def transport(https: str = "", http: str = "", go: tuple[int, int] = (1, 24)) -> Transport:
    return Transport(Process((), Proxies(https, http), go))


def get(url: str) -> Request:
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return Request("GET", scheme, authority, slash + path)


def fault(sent: Wire, url: str, settings: Transport | None = None) -> Fault:
    with pytest.raises(Unreachable) as caught:
        sent.send(settings or transport(), get(url))
    return caught.value.fault


def test_where_nothing_listens_nothing_is_seen() -> None:
    sent = wire(served("reg.example:5000"))
    assert fault(sent, "http://reg.example:5001/v2/") is Fault.REFUSED
    assert sent.contacts == []


def test_a_name_that_does_not_resolve_is_seen_by_the_resolver() -> None:
    sent = wire()
    assert fault(sent, "http://nowhere.invalid/v2/") is Fault.UNRESOLVED
    assert [(each.url, each.unresolved) for each in sent.contacts] == [("nowhere.invalid", True)]


def test_a_look_at_a_name_is_seen_where_there_is_no_such_name() -> None:
    sent = wire(served("reg.example:5000"))
    sent.look_up("reg.example:5000")
    sent.look_up("nowhere.invalid:5000")
    assert [(each.url, each.unresolved) for each in sent.contacts] == [("nowhere.invalid", True)]


def test_tls_with_a_plain_server_breaks_off() -> None:
    sent = wire(served("reg.example:5000"))
    assert fault(sent, "https://reg.example:5000/v2/") is Fault.PLAIN
    assert [each.trusted for each in sent.contacts] == [False]


def test_a_proxy_is_seen_and_asked_for_the_target() -> None:
    sent = wire(served("proxy.example:3128"), served("reg.example:5000"))
    assert fault(sent, "https://reg.example:5000/", transport("http://u:p@proxy.example:3128")) is (
        Fault.PLAIN
    )
    assert [(each.proxy, each.url) for each in sent.contacts] == [
        ("http://10.77.0.50:3128", "reg.example:5000"),
        ("", "https://reg.example:5000"),
    ]


def test_a_proxy_that_is_not_there_or_cannot_reach_the_target() -> None:
    settings = transport("http://proxy.example:3128")
    gone = wire(served("reg.example:5000"))
    assert fault(gone, "https://reg.example:5000/", settings) is Fault.PROXY
    sent = wire(served("proxy.example:3128"))
    assert fault(sent, "https://reg.example:5000/", settings) is Fault.PROXY


def test_a_ring_of_redirects_ends() -> None:
    ring = served("reg.example:5000", blob_redirect="http://reg.example:5000/v2/a/blobs")
    assert fault(wire(ring), "http://reg.example:5000/v2/a/blobs/b") is Fault.REDIRECTS


@pytest.mark.parametrize(
    ("go", "target", "kept"),
    [
        ((1, 19), "reg.example:5000", True),
        ((1, 19), "reg.example:6000", False),
        ((1, 24), "reg.example:6000", True),
        ((1, 19), "sub.reg.example", False),
        ((1, 24), "sub.reg.example", True),
        ((1, 24), "blobs.example", False),
        ((1, 24), "notreg.example", False),
    ],
)
def test_whether_the_credential_follows_a_redirect(
    go: tuple[int, int], target: str, kept: bool
) -> None:
    first = Request("GET", "https", "reg.example:5000", "/v2/", authorization="Basic u:p")
    assert keeps_authorization(go, first, "https", target) is kept


def test_urls_are_told_without_their_default_port() -> None:
    assert origin("https", "reg.example:443") == "https://reg.example"
    assert origin("http", "reg.example:443") == "http://reg.example:443"
    assert name_path("/p/v2/a/b/manifests/latest") == "/p/v2/a/b"
    assert name_path("/v2/") == ""
