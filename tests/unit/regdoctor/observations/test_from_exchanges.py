"""What a session saw on the wire becomes the observations that probes would have made."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import pytest

from builder.oci.reference import parse
from builder.registry import RegistryConfig, RegistryError, RetryPolicy, Session
from builder.transport import Exchange
from regdoctor.observations.auth import RealmRedirect
from regdoctor.observations.from_exchanges import (
    PROBE_CLIENT,
    challenge_of,
    observe,
    observe_digests,
)
from regdoctor.observations.http import Answer, Challenge, ManifestLook, TokenAnswer
from regdoctor.observations.images import DigestLook
from regdoctor.observations.network import Connection, Resolution, Role
from regdoctor.observations.store import Observations
from tests.fixtures.registry import Answer as RegistryAnswer
from tests.fixtures.registry import (
    BearerAuth,
    Nexus,
    Registry,
    Request,
    Server,
    Store,
    TokenService,
    faults,
)
from tests.fixtures.registry.server import Answers


@pytest.fixture
def store() -> Store:
    made = Store()
    made.add_image("team/app", "1.0")
    return made


async def resolved(answers: Answers) -> tuple[Observations, str]:
    seen = Observations()
    with Server(answers) as server:
        config = RegistryConfig(environ={})
        policy = RetryPolicy(retries=0)
        async with Session(config=config, policy=policy, environ={}) as session:
            told: list[Exchange] = []
            session.transport.observe(told.append)
            reference = parse(f"{server.authority}/team/app:1.0")
            with contextlib.suppress(RegistryError):
                await session.resolve(reference)
            observe(seen, session.attempts(reference), told)
        return seen, server.url


def look_of(seen: Observations, url: str) -> ManifestLook:
    (look,) = (look for _, look in seen.named(ManifestLook, url))
    return look


async def test_head_alone_where_head_says_everything(store: Store) -> None:
    seen, url = await resolved(Registry(store))
    look = look_of(seen, url)
    assert look.head is not None
    assert look.head.status == 200
    assert look.get is None
    assert look.auth == "none"
    assert seen.get(Role, url) == Role("registry", (url[7:],), url[7:])


async def test_connections_that_were_made_need_no_probe(store: Store) -> None:
    seen, url = await resolved(Registry(store))
    lookup, connection = seen.get(Resolution, url), seen.get(Connection, url)
    assert lookup is not None
    assert lookup.addresses == ("127.0.0.1",)
    assert connection is not None
    assert connection.reached


async def test_head_and_get_of_an_old_nexus(store: Store) -> None:
    seen, url = await resolved(Nexus(Registry(store)))
    look = look_of(seen, url)
    assert look.head is not None
    assert look.get is not None
    assert (look.head.status, look.get.status) == (404, 200)


async def test_a_token_is_told_without_being_shown(store: Store) -> None:
    auth = BearerAuth(TokenService())
    seen, url = await resolved(Registry(store, auth=auth))
    ((scope, token),) = seen.named(TokenAnswer, url)
    assert scope == "repository:team/app:pull"
    assert token.granted
    assert not token.authenticated
    assert look_of(seen, url).auth == "anonymous"
    challenge = seen.get(Challenge, url)
    assert challenge is not None
    assert challenge.scheme == "bearer"
    saved = json.dumps(seen.to_json())
    assert auth.tokens.grants
    assert not any(value in saved for value in auth.tokens.grants)


async def test_an_error_of_the_session_stays_with_the_answer(store: Store) -> None:
    seen, url = await resolved(Registry(Store()))
    assert "not found" in look_of(seen, url).error


def challenges() -> Iterator[tuple[str, Challenge]]:
    yield 'Basic realm="a, b"', Challenge("basic", "a, b")
    yield 'BASIC realm="Sonatype"', Challenge("basic", "Sonatype")
    yield (
        'Bearer realm="https://a/token",service="s",scope="repository:x:pull,push"',
        Challenge("bearer", "https://a/token", "s", "repository:x:pull,push"),
    )
    yield "Bearer realm=https://a/token", Challenge("bearer", "https://a/token")
    yield "Negotiate", Challenge("negotiate")


@pytest.mark.parametrize(("header", "expected"), list(challenges()))
def test_challenges_are_read_as_written(header: str, expected: Challenge) -> None:
    answer = Answer("GET", "https://a/v2/", 401, (("Www-Authenticate", header),))
    assert challenge_of(answer) == expected


def test_of_two_challenges_bearer_is_the_one() -> None:
    headers = (("WWW-Authenticate", 'Basic realm="a"'), ("WWW-Authenticate", 'Bearer realm="b"'))
    found = challenge_of(Answer("GET", "https://a/v2/", 401, headers))
    assert found == Challenge("bearer", "b")


async def test_credentials_and_an_anonymous_token_are_told_apart(store: Store) -> None:
    """A token looks the same either way; how it was asked for does not."""
    from builder.registry import Credential, CredentialStore

    auth = BearerAuth(TokenService({"user": "word"}, anonymous=False))
    seen = Observations()
    with Server(Registry(store, auth=auth)) as server:
        given = {server.authority: Credential("user", "word")}
        told: list[Exchange] = []
        async with Session(
            config=RegistryConfig(environ={}),
            credentials=CredentialStore({}, given=given),
            environ={},
        ) as session:
            session.transport.observe(told.append)
            reference = parse(f"{server.authority}/team/app:1.0")
            await session.resolve(reference)
            observe(seen, session.attempts(reference), told)
    assert look_of(seen, server.url).auth == "credentials"


@pytest.mark.parametrize(
    ("keeps", "lost"), [(True, ()), (False, ("scope", "service"))], ids=["kept", "lost"]
)
async def test_a_token_server_that_redirects_is_followed_and_what_is_lost_is_told(
    keeps: bool, lost: tuple[str, ...], store: Store
) -> None:
    auth = BearerAuth(TokenService())

    def tamper(request: Request, answer: RegistryAnswer) -> RegistryAnswer:
        if request.path == "/token":
            query = request.target.partition("?")[2] if keeps else ""
            return RegistryAnswer(301, (("Location", f"/elsewhere/?{query}"),))
        return auth.tokens.answer(request) if request.path == "/elsewhere/" else answer

    seen, url = await resolved(Registry(store, auth=auth, tamper=(tamper,)))
    ((name, found),) = seen.named(RealmRedirect, url)
    assert (found.scope, found.lost) == (name, lost)
    assert (found.realm, found.moved, found.authenticated) == (f"{url}/token", False, False)
    ((scope, token),) = seen.named(TokenAnswer, url)
    assert (scope, token.granted) == ("repository:team/app:pull", True)
    assert seen.endpoints() == (url,)
    assert look_of(seen, url).served is keeps


async def test_questions_of_probes_to_a_token_server_are_not_the_sessions(store: Store) -> None:
    auth = BearerAuth(TokenService(anonymous=False))
    seen = Observations()
    with Server(Registry(store, auth=auth)) as server:
        async with Session(config=RegistryConfig(environ={}), environ={}) as session:
            told: list[Exchange] = []
            session.transport.observe(told.append)
            reference = parse(f"{server.authority}/team/app:1.0")
            with contextlib.suppress(RegistryError):
                await session.resolve(reference)
            query = f"service=registry.test&client_id={PROBE_CLIENT}&scope=other"
            await session.transport.request("GET", f"{server.url}/token?{query}")
            observe(seen, session.attempts(reference), told)
        tokens = [scope for scope, _ in seen.named(TokenAnswer, server.url)]
    assert tokens == ["repository:team/app:pull"]


async def test_manifests_are_told_of_by_their_digests(store: Store) -> None:
    """As a pull goes on after the tag, and on whose behalf."""
    changed = faults.body(faults.on("GET", "/manifests/sha256:"), b"{}")
    seen = Observations()
    with Server(Registry(store, tamper=(changed,))) as server:
        config = RegistryConfig(environ={})
        async with Session(config=config, policy=RetryPolicy(retries=0), environ={}) as session:
            reference = parse(f"{server.authority}/team/app:1.0")
            found = await session.resolve(reference)
            with pytest.raises(RegistryError):
                await session.fetch_manifest(reference, found.descriptor)
            observe_digests(seen, "team/app:1.0", session.attempts(reference))
        ((digest, look),) = seen.named(DigestLook, server.url)
    assert digest == str(found.descriptor.digest)
    assert (look.image, look.what, look.received) == ("team/app:1.0", "digest", 2)
    assert look.got != digest
