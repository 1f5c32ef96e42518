"""docker's own registry client: its requests one by one, and what ends an endpoint or the walk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from builder.oci.reference import parse
from regdoctor.clients.engines import distribution
from regdoctor.clients.plan import (
    Attempt,
    ClientPlan,
    Credential,
    Endpoint,
    Process,
    Role,
    Transport,
)
from regdoctor.clients.proxies import Proxies
from regdoctor.clients.version import version
from regdoctor.clients.wire import Answer, Challenge, Listener, Request, Wire

Reply = Callable[[Request], Answer]
PLAIN = Transport(Process((), Proxies(), (1, 22)))
BASIC = Answer(401, Challenge("basic"))
BEARER = Answer(401, Challenge("bearer", "https://auth/token"))
DIGEST = "sha256:" + "a" * 64


@dataclass
class Asked:
    """A world of TLS servers by name; ``requests`` are ``METHOD host/path [authorization]``."""

    replies: Mapping[str, Reply] = field(default_factory=dict)
    listeners: Mapping[str, Listener] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def listener(self, host: str, port: int) -> Listener:
        return self.listeners.get(f"{host}:{port}", self.listeners.get(host, "tls"))

    def address(self, host: str) -> str:
        return host

    def accepted(self, host: str, port: int, transport: Transport) -> bool:
        return True

    def admits(self, host: str, port: int, transport: Transport) -> bool:
        return True

    def answer(self, request: Request) -> Answer:
        line = f"{request.method} {request.authority}{request.path} {request.authorization}"
        self.requests.append(line.rstrip())
        return self.replies.get(request.authority, lambda _: Answer(200))(request)


def endpoint(host: str, role: Role = "origin", *schemes: str, user: str = "") -> Endpoint:
    return Endpoint(
        host,
        "/v2",
        "img",
        tuple(Attempt("http" if each == "http" else "https") for each in schemes or ("https",)),
        PLAIN,
        role=role,
        credential=Credential("f", "k", user, "p") if user else None,
    )


def plan(
    *endpoints: Endpoint, reference: str = "reg.example/img:1", refuses: str = ""
) -> ClientPlan:
    return ClientPlan("docker-pull", version("28"), parse(reference), endpoints, refuses=refuses)


def pulled(
    asked: Asked, *endpoints: Endpoint, heads: bool = True, reference: str = "r.x/img:1"
) -> bool:
    return distribution.pull(plan(*endpoints, reference=reference), Wire(asked), heads)


def status_of(method: str, part: str, answer: Answer) -> Reply:
    return lambda request: (
        answer if request.method == method and part in request.path else Answer(200)
    )


def test_a_tag_is_resolved_by_head_and_everything_else_is_got() -> None:
    asked = Asked()
    assert pulled(asked, endpoint("reg"))
    assert asked.requests == [
        "GET reg/v2/",
        "HEAD reg/v2/img/manifests/1",
        "GET reg/v2/img/manifests/sha256:manifest",
        "GET reg/v2/img/blobs/config",
        "GET reg/v2/img/blobs/layer",
    ]


def test_a_digest_is_got_at_once() -> None:
    asked = Asked()
    assert pulled(asked, endpoint("reg"), reference=f"r.x/img@{DIGEST}")
    assert asked.requests[1] == f"GET reg/v2/img/manifests/{DIGEST}"


def test_before_there_were_heads_the_tag_is_got_and_is_the_manifest() -> None:
    asked = Asked()
    assert pulled(asked, endpoint("reg"), heads=False)
    assert asked.requests[1:3] == ["GET reg/v2/img/manifests/1", "GET reg/v2/img/blobs/config"]


@pytest.mark.parametrize("head", [Answer(404), Answer(405), Answer(200, digest=False)])
def test_a_head_that_does_not_help_is_followed_by_a_get(head: Answer) -> None:
    asked = Asked({"reg": status_of("HEAD", "/manifests/", head)})
    assert pulled(asked, endpoint("reg"))
    assert asked.requests[2] == "GET reg/v2/img/manifests/1"


def test_a_head_without_a_length_ends_the_endpoint() -> None:
    asked = Asked({"reg": status_of("HEAD", "/manifests/", Answer(200, length=False))})
    assert not pulled(asked, endpoint("reg"))
    assert len(asked.requests) == 2


@pytest.mark.parametrize("status", [404, 500])
def test_the_status_of_a_ping_does_not_matter(status: int) -> None:
    asked = Asked({"reg": lambda each: Answer(status if each.path == "/v2/" else 200)})
    assert pulled(asked, endpoint("reg"))


@pytest.mark.parametrize("part", ["/manifests/", "/blobs/config", "/blobs/layer"])
def test_whatever_fails_leads_to_the_next_endpoint(part: str) -> None:
    asked = Asked({"m": lambda each: Answer(404 if part in each.path else 200)})
    assert pulled(asked, endpoint("m", "mirror"), endpoint("hub"))
    assert asked.requests[-1] == "GET hub/v2/img/blobs/layer"


def test_a_blob_that_fails_does_not_keep_the_other_from_being_asked() -> None:
    asked = Asked({"reg": lambda each: Answer(404 if "config" in each.path else 200)})
    assert not pulled(asked, endpoint("reg"))
    assert asked.requests[-1] == "GET reg/v2/img/blobs/layer"


def test_http_follows_a_ping_that_got_no_answer() -> None:
    asked = Asked(listeners={"reg:443": "refused", "reg:80": "plain"})
    assert pulled(asked, endpoint("reg", "origin", "https", "http"))
    assert not pulled(Asked(listeners={"reg": "refused"}), endpoint("reg"))


def test_http_does_not_follow_an_answer() -> None:
    asked = Asked({"reg": lambda each: Answer(404)})
    assert not pulled(asked, endpoint("reg", "origin", "https", "http"))
    assert len(asked.requests) == 3


def test_basic_is_sent_from_the_second_request_on_and_only_where_there_is_a_credential() -> None:
    replies: dict[str, Reply] = {"reg": lambda each: Answer(200) if each.authorization else BASIC}
    asked = Asked(replies)
    assert pulled(asked, endpoint("reg", user="u"))
    assert asked.requests[:2] == ["GET reg/v2/", "HEAD reg/v2/img/manifests/1 Basic u:p"]
    asked = Asked(replies)
    assert not pulled(asked, endpoint("reg"))
    assert asked.requests == ["GET reg/v2/"]


def test_a_token_is_fetched_once_by_get() -> None:
    asked = Asked(
        {
            "reg": lambda each: Answer(200) if each.authorization else BEARER,
            "auth": lambda each: Answer(200, token="t"),
        }
    )
    assert pulled(asked, endpoint("reg", user="u"))
    assert [line for line in asked.requests if "auth" in line] == ["GET auth/token Basic u:p"]
    assert asked.requests[-1] == "GET reg/v2/img/blobs/layer Bearer t"


def test_a_realm_that_refuses_ends_the_endpoint() -> None:
    asked = Asked(
        {"m": lambda each: BEARER, "auth": lambda each: Answer(401)},
    )
    assert pulled(asked, endpoint("m", "mirror"), endpoint("hub"))
    assert asked.requests[:3] == ["GET m/v2/", "GET auth/token", "GET hub/v2/"]


def test_a_plan_that_refuses_is_not_walked() -> None:
    asked = Asked()
    refused = plan(endpoint("reg"), refuses="no")
    assert not distribution.pull(refused, Wire(asked), heads=True)
    assert not distribution.login(refused, Wire(asked))
    assert not distribution.inspect(refused, Wire(asked), plain=True)
    assert asked.requests == []


def test_login_asks_the_ping_again_with_the_credential() -> None:
    asked = Asked({"reg": lambda each: Answer(200) if each.authorization else BASIC})
    assert distribution.login(plan(endpoint("reg", user="u")), Wire(asked))
    assert asked.requests == ["GET reg/v2/", "GET reg/v2/ Basic u:p"]


@pytest.mark.parametrize(("status", "walked"), [(401, 2), (404, 4), (500, 4)])
def test_login_ends_where_the_credential_is_refused(status: int, walked: int) -> None:
    asked = Asked(
        {"reg": lambda each: Answer(status) if each.authorization else BASIC},
        {"reg:80": "plain"},
    )
    reg = endpoint("reg", "origin", "https", "http", user="u")
    assert not distribution.login(plan(reg), Wire(asked))
    assert len(asked.requests) == walked


def test_login_without_a_credential_or_with_a_wrong_one_at_the_realm_ends() -> None:
    both = ("origin", "https", "http")
    assert not distribution.login(
        plan(endpoint("reg", *both)), Wire(Asked({"reg": lambda _: BASIC}))
    )
    asked = Asked({"reg": lambda each: BEARER, "auth": lambda each: Answer(401)})
    assert not distribution.login(plan(endpoint("reg", *both, user="u")), Wire(asked))
    assert asked.requests == ["GET reg/v2/", "GET auth/token Basic u:p"]


def test_inspect_gets_the_manifest_and_the_config() -> None:
    asked = Asked()
    assert distribution.inspect(plan(endpoint("reg")), Wire(asked), plain=False)
    assert asked.requests == [
        "GET reg/v2/",
        "GET reg/v2/img/manifests/1",
        "GET reg/v2/img/blobs/config",
    ]


@pytest.mark.parametrize(("listener", "told"), [("plain", True), ("refused", False)])
def test_inspect_goes_on_to_http_from_plain_http_alone(listener: Listener, told: bool) -> None:
    asked = Asked(listeners={"reg:443": listener, "reg:80": "plain"})
    reg = endpoint("reg", "origin", "https", "http")
    assert distribution.inspect(plan(reg), Wire(asked), plain=True) == told
    assert bool(asked.requests) == told


def test_inspect_only_pings_by_http_where_http_is_not_allowed() -> None:
    asked = Asked(listeners={"reg": "plain"})
    reg = endpoint("reg", "origin", "https", "http")
    assert not distribution.inspect(plan(reg), Wire(asked), plain=False)
    assert asked.requests == ["GET reg/v2/"]


def test_inspect_ends_without_a_credential() -> None:
    asked = Asked({"reg": lambda each: BASIC})
    assert not distribution.inspect(plan(endpoint("reg")), Wire(asked), plain=False)
    assert asked.requests == ["GET reg/v2/"]
