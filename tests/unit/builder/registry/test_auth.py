"""Challenges answered: Basic, Bearer by GET and POST, tokens shared, renewed, never misdirected."""

import asyncio

import pytest

from builder.registry import (
    Credential,
    RegistryError,
    Unauthorized,
    UnexpectedStatus,
    UnusableChallenge,
)
from builder.registry.config import Section
from tests.fixtures.ca import CertificateAuthority
from tests.fixtures.registry import BasicAuth, BearerAuth, Registry, TokenService, faults
from tests.unit.builder.registry.conftest import broken, ref

ME = Credential("me", "pw")
DENIED = "pull access denied, repository does not exist or may require authorization: "


async def test_basic_is_answered_once_and_then_sent_unasked(serve, store, session) -> None:
    server = serve(Registry(store, auth=BasicAuth({"me": "pw"})))
    made = await session(users={server.authority: ME})
    resolved = await made.resolve(ref(server))
    await made.fetch_manifest(ref(server), resolved.descriptor)
    assert [seen.status for seen in server.seen] == [401, 200, 200]


async def test_basic_without_a_credential_is_said_in_containerds_words(
    serve, store, session
) -> None:
    server = serve(Registry(store, auth=BasicAuth({"me": "pw"})))
    with pytest.raises(Unauthorized) as caught:
        await (await session()).resolve(ref(server))
    assert str(caught.value) == DENIED + "authorization failed: no basic auth credentials"
    assert server.authority in caught.value.hint
    assert len(server.seen) == 1


async def test_a_wrong_password_is_sent_no_more_often_than_it_must(serve, store, session) -> None:
    server = serve(Registry(store, auth=BasicAuth({"me": "pw"})))
    made = await session(users={server.authority: Credential("me", "wrong")})
    with pytest.raises(Unauthorized) as caught:
        await made.resolve(ref(server))
    assert str(caught.value) == DENIED + "authorization failed"
    # One HEAD without, one with; and the GET that a broken HEAD alone would deserve.
    assert [(s.method, s.status) for s in server.seen] == [
        ("HEAD", 401),
        ("HEAD", 401),
        ("GET", 401),
    ]


async def test_one_anonymous_token_serves_every_request(serve, store, session) -> None:
    server = serve(Registry(store, auth=BearerAuth(TokenService())))
    made = await session()
    resolved = await made.resolve(ref(server))
    await made.fetch_manifest(ref(server), resolved.descriptor)
    (token,) = server.requests(part="/token")
    assert token.target == "/token?service=registry.test&scope=repository%3Ateam%2Fapp%3Apull"
    assert token.header("Authorization") == ""


async def test_concurrent_requests_share_a_token(serve, store, session) -> None:
    for tag in range(2, 8):
        store.add_image("team/app", str(tag), (b"%d" % tag,))
    server = serve(
        broken(store, faults.slow(faults.on(part="/token"), 0.1), auth=BearerAuth(TokenService()))
    )
    made = await session()
    await asyncio.gather(*(made.resolve(ref(server, f"team/app:{tag}")) for tag in range(1, 8)))
    assert len(server.requests(part="/token")) == 1


async def test_a_password_goes_by_get_with_basic(serve, store, session) -> None:
    service = TokenService({"me": "pw"}, anonymous=False)
    server = serve(Registry(store, auth=BearerAuth(service)))
    await (await session(users={server.authority: ME})).resolve(ref(server))
    (token,) = server.requests(part="/token")
    assert token.method == "GET"
    assert token.header("Authorization").startswith("Basic ")
    assert "account=me" in token.target


async def test_a_service_without_get_is_asked_by_post(serve, store, session) -> None:
    service = TokenService({"me": "pw"}, anonymous=False, methods=("POST",))
    server = serve(Registry(store, auth=BearerAuth(service)))
    await (await session(users={server.authority: ME})).resolve(ref(server))
    get, post = server.requests(part="/token")
    assert (get.status, post.status) == (405, 200)
    assert b"grant_type=password" in post.body
    assert b"scope=repository%3Ateam%2Fapp%3Apull" in post.body


async def test_an_identity_token_goes_by_post_as_a_refresh_token(serve, store, session) -> None:
    service = TokenService({"me": "pw"}, anonymous=False, refresh={"idt": "me"})
    server = serve(Registry(store, auth=BearerAuth(service)))
    users = {server.authority: Credential(identity_token="idt")}
    await (await session(users=users)).resolve(ref(server))
    (token,) = server.requests(part="/token")
    assert token.method == "POST"
    assert b"grant_type=refresh_token" in token.body
    assert b"refresh_token=idt" in token.body


async def test_a_registry_token_is_sent_as_it_is(serve, store, session) -> None:
    service = TokenService()
    server = serve(Registry(store, auth=BearerAuth(service)))
    users = {server.authority: Credential(registry_token="ready")}
    with pytest.raises(Unauthorized):
        await (await session(users=users)).resolve(ref(server))
    assert server.seen[1].header("Authorization") == "Bearer ready"
    assert server.requests(part="/token") == []


@pytest.mark.parametrize("name", ["token", "access_token"])
async def test_a_token_may_have_either_name(serve, store, session, name) -> None:
    server = serve(Registry(store, auth=BearerAuth(TokenService(field_name=name))))
    assert await (await session()).resolve(ref(server))


async def test_an_expired_token_is_renewed(serve, store, session) -> None:
    service = TokenService(lifetime=300, tell_lifetime=False)
    server = serve(Registry(store, auth=BearerAuth(service)))
    made = await session()
    resolved = await made.resolve(ref(server))
    for grant in service.grants.values():
        grant.expires = 0
    await made.fetch_manifest(ref(server), resolved.descriptor)
    assert len(server.requests(part="/token")) == 2


async def test_a_short_lived_token_is_renewed_before_it_is_refused(serve, store, session) -> None:
    server = serve(Registry(store, auth=BearerAuth(TokenService(lifetime=1))))
    made = await session()
    resolved = await made.resolve(ref(server))
    await asyncio.sleep(1.0)
    await made.fetch_manifest(ref(server), resolved.descriptor)
    assert [s.status for s in server.requests(part="/v2/")] == [401, 200, 200]


async def test_a_challenge_without_scope_gets_one_of_ours(serve, store, session) -> None:
    auth = BearerAuth(TokenService(), tell_scope=False)
    server = serve(Registry(store, auth=auth))
    resolved = await (await session()).resolve(ref(server))
    assert resolved.coped == ("challenge-without-scope",)
    assert "scope=repository%3Ateam%2Fapp%3Apull" in server.requests(part="/token")[0].target


async def test_a_401_without_a_challenge_takes_that_of_the_ping(serve, store, session) -> None:
    def bare(request, answer):
        return answer if request.path == "/v2/" else answer.without("WWW-Authenticate")

    server = serve(broken(store, bare, auth=BearerAuth(TokenService())))
    resolved = await (await session()).resolve(ref(server))
    assert "challenge-from-ping" in resolved.coped
    server = serve(
        broken(store, lambda r, a: a.without("WWW-Authenticate"), auth=BearerAuth(TokenService()))
    )
    with pytest.raises(UnusableChallenge, match="answered 401 without a challenge"):
        await (await session()).resolve(ref(server))


async def test_bearer_is_chosen_where_both_are_offered(serve, store, session) -> None:
    offer = faults.challenge(
        'Basic realm="x"', 'Bearer realm="{base}/token",service="registry.test"'
    )
    server = serve(broken(store, offer, auth=BearerAuth(TokenService())))
    assert await (await session()).resolve(ref(server))


async def test_an_unknown_scheme_is_named(serve, store, session) -> None:
    auth = BasicAuth({})
    server = serve(broken(store, faults.challenge("Negotiate", "NTLM"), auth=auth))
    with pytest.raises(UnusableChallenge, match="asks for negotiate, ntlm"):
        await (await session()).resolve(ref(server))


async def test_a_token_service_may_stand_on_another_host(serve, store, session) -> None:
    service = TokenService({"me": "pw"}, anonymous=False)
    elsewhere = serve(Registry(auth=BearerAuth(service)))
    auth = BearerAuth(service, realm=f"{elsewhere.url}/token")
    server = serve(Registry(store, auth=auth))
    made = await session(users={server.authority: ME, elsewhere.authority: Credential("no", "no")})
    assert await made.resolve(ref(server))
    (token,) = elsewhere.seen
    assert "account=me" in token.target


async def test_a_token_service_that_refuses_is_unauthorized_with_its_words(
    serve, store, session
) -> None:
    server = serve(Registry(store, auth=BearerAuth(TokenService(anonymous=False))))
    with pytest.raises(Unauthorized) as caught:
        await (await session()).resolve(ref(server))
    text = str(caught.value)
    assert text.startswith("failed to fetch anonymous token: unexpected status from GET request to")
    assert "401 Unauthorized" in text
    assert "authentication required" in text
    (attempt,) = caught.value.attempts
    assert [e.status for e in attempt.exchanges] == [401, 401]
    assert len(server.requests("GET", "/manifests/")) == 0


async def test_a_token_without_the_right_is_insufficient_scope(serve, store, session) -> None:
    service = TokenService(deny_scopes=("repository:team/app:pull",))
    server = serve(Registry(store, auth=BearerAuth(service)))
    with pytest.raises(Unauthorized) as caught:
        await (await session()).resolve(ref(server))
    words = "server message: insufficient_scope: authorization failed"
    assert str(caught.value) == DENIED + words


async def test_a_service_in_trouble_is_an_unexpected_status(serve, store, session) -> None:
    down = faults.status(faults.on(part="/token"), 502)
    server = serve(broken(store, down, auth=BearerAuth(TokenService())))
    with pytest.raises(UnexpectedStatus, match=r"failed to fetch anonymous token: .*502"):
        await (await session()).resolve(ref(server))


@pytest.mark.parametrize(
    "realm",
    [
        "file:///etc/passwd",
        "null://registry/v2/token",
        "https://h:5002:5002/v2/token",
        "https://a, b/v2/token",
        "ftp://x/token",
        "https://user:pw@h/token",
        "//x/token",
        "token",
    ],
)
async def test_a_realm_that_is_no_token_service_is_named_and_not_asked(
    serve, store, session, realm
) -> None:
    offer = faults.challenge(f'Bearer realm="{realm}",service="s"')
    server = serve(broken(store, offer, auth=BearerAuth(TokenService())))
    with pytest.raises(UnusableChallenge) as caught:
        await (await session(users={server.authority: ME})).resolve(ref(server))
    assert repr(realm.replace("pw@", "xxxxx@")) in str(caught.value)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "[fe80::1]",
        "metadata.google.internal",
        "2852039166",
        "0xa9.254.43518",
        "[::ffff:169.254.169.254]",
        "100.100.100.200",
        "[fd00:ec2::254]",
    ],
)
async def test_a_realm_at_a_metadata_address_is_never_asked(serve, store, session, host) -> None:
    offer = faults.challenge(f'Bearer realm="http://{host}/latest",service="s"')
    server = serve(broken(store, offer, auth=BearerAuth(TokenService())))
    with pytest.raises(UnusableChallenge, match="link-local or metadata address"):
        await (await session()).resolve(ref(server))


async def test_a_relative_realm_is_the_registrys_own(serve, store, session) -> None:
    offer = faults.challenge('Bearer realm="/token",service="registry.test"')
    server = serve(broken(store, offer, auth=BearerAuth(TokenService())))
    resolved = await (await session()).resolve(ref(server))
    assert "realm-relative" in resolved.coped


async def test_a_credential_over_http_for_an_https_registry_is_noted(
    serve, store, session, tmp_path
) -> None:
    authority = CertificateAuthority("Root")
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority.pem)
    service = TokenService({"me": "pw"}, anonymous=False)
    plain = serve(Registry(auth=BearerAuth(service)))
    server = serve(
        Registry(store, auth=BearerAuth(service, realm=f"{plain.url}/token")),
        tls=authority.issue(ips=["127.0.0.1"]).server_context(),
    )
    sections = {server.authority: Section(http=False, ca=(ca,))}
    made = await session(users={server.authority: ME}, sections=sections)
    assert "realm-over-http" in (await made.resolve(ref(server))).coped
    anonymous = await session(sections=sections)
    with pytest.raises(RegistryError):
        await anonymous.resolve(ref(server))
    assert anonymous.notes(anonymous.hosts(server.authority)[0]) == ()


async def test_a_mirror_never_gets_the_origins_credential(serve, store, session) -> None:
    mirror = serve(Registry(store, auth=BasicAuth({"me": "pw"})))
    origin = serve(Registry(store, auth=BasicAuth({"me": "pw"})))
    sections = {
        origin.authority: Section(mirrors=(mirror.authority,)),
        mirror.authority: Section(http=True),
    }
    made = await session(users={origin.authority: ME}, sections=sections)
    resolved = await made.resolve(ref(origin))
    assert resolved.host.role == "origin"
    assert all(seen.header("Authorization") == "" for seen in mirror.seen)


async def test_no_secret_is_in_any_attempt(serve, store, session) -> None:
    service = TokenService({"me": "hunter2"}, anonymous=False)
    server = serve(Registry(store, auth=BearerAuth(service)))
    made = await session(users={server.authority: Credential("me", "hunter2")})
    await made.resolve(ref(server))
    text = repr(made.attempts())
    (token,) = service.grants
    assert token not in text
    assert "hunter2" not in text
    assert "bWU6aHVudGVyMg" not in text
    assert "Bearer REDACTED" in text


async def test_ping_and_authorize_are_steps_of_their_own(serve, store, session) -> None:
    server = serve(Registry(store, auth=BearerAuth(TokenService())))
    made = await session()
    (host,) = made.hosts(server.authority)
    ping = await made.ping(host)
    assert (ping.status, ping.header("Docker-Distribution-Api-Version")) == (401, "registry/2.0")
    await made.ping(host)
    assert len(server.seen) == 1
    answer = await made.authorize(host, "team/app")
    assert answer.status == 200
    head = await made.head_manifest(host, ref(server))
    assert head.status == 200
    assert len(server.requests(part="/token")) == 1
