"""Refusals in the words, and with the marks, of the products that give them."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.fixtures.checked import Ran, check
from tests.fixtures.programs import free_port
from tests.fixtures.registry import (
    Answer,
    BasicAuth,
    BearerAuth,
    Registry,
    Request,
    Server,
    Store,
    TokenService,
    faults,
)
from tests.fixtures.registry.auth import Auth

pytestmark = pytest.mark.integration

MANIFESTS = faults.on("", "/manifests/")
TOKENS = faults.on("", "/token")
EVERYTHING = faults.on()
USERS = {"me": "right"}
GAR = (
    'Permission "artifactregistry.repositories.downloadArtifacts" denied on resource '
    '"projects/p/locations/europe-west2/repositories/team" (or it may not exist)'
)
NOBODY = (
    "Unauthenticated request. Unauthenticated requests do not have permission "
    '"artifactregistry.repositories.downloadArtifacts" on resource "projects/p"'
)
ECR = 'Basic realm="https://123456789012.dkr.ecr.eu-west-1.example/",service="ecr.amazonaws.com"'
ENDED = "Your authorization token has expired. Reauthenticate and try again."


def hub_limit(remaining: int) -> faults.Tamper:
    """Docker Hub's count of pulls, on refusals as well."""

    def tamper(request: Request, answer: Answer) -> Answer:
        if not MANIFESTS(request) or answer.status == 401:
            return answer
        counted = answer.with_header("RateLimit-Limit", "100;w=21600")
        counted = counted.with_header("RateLimit-Remaining", f"{remaining};w=21600")
        return counted.with_header("Docker-RateLimit-Source", "203.0.113.7")

    return tamper


def ecr_password(seconds: float) -> str:
    """As ECR makes them: base64 of JSON; it ends in ``seconds``."""
    document = {"payload": "x", "version": "2", "expiration": int(time.time() + seconds)}
    return base64.b64encode(json.dumps(document).encode()).decode()


def stored(**logins: tuple[str, str]) -> dict[str, object]:
    """The ``auths`` of docker's file; ``here`` stands for the registry."""
    return {
        "auths": {
            key: {"auth": base64.b64encode(":".join(pair).encode()).decode()}
            for key, pair in logins.items()
        }
    }


@dataclass(frozen=True)
class Scene:
    """A registry, broken in one way, and how it is asked."""

    tamper: tuple[faults.Tamper, ...] = ()
    auth: Auth | None = None
    config: Mapping[str, object] | None = None
    arguments: tuple[str, ...] = ()
    login: tuple[str, str] | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    target: str = "/team/app:1.0"

    def run(self, directory: Path, *extra: str) -> Ran:
        store = Store()
        store.add_image("team/app", "1.0")
        auth = self.auth
        with Server(Registry(store, auth=auth, tamper=self.tamper)) as server:
            environ = {"DOCKER_CONFIG": str(directory), **self.environ}
            if self.config is not None:
                text = json.dumps(self.config).replace('"here"', f'"{server.authority}"')
                (directory / "config.json").write_text(text)
            arguments = [*extra, *self.arguments]
            stdin = ""
            if self.login is not None:
                arguments += ["-u", self.login[0], "--password-stdin"]
                stdin = self.login[1] + "\n"
            target = f"{server.authority}{self.target}"
            return check(*arguments, target, environ=environ, stdin=stdin)


def bearer(service: str = "registry.test", *, anonymous: bool = False) -> BearerAuth:
    return BearerAuth(TokenService(USERS, anonymous=anonymous), service=service)


def away(path: str, location: str) -> faults.Tamper:
    def tamper(request: Request, answer: Answer) -> Answer:
        return Answer(301, (("Location", location),)) if request.path == path else answer

    return tamper


def at(path: str, code: int, body: str) -> faults.Tamper:
    def tamper(request: Request, answer: Answer) -> Answer:
        return Answer(code, (), body.encode()) if request.path == path else answer

    return tamper


SCENES = {
    "acr-firewall-ip-denied": Scene(
        (
            faults.refusal(
                EVERYTHING,
                403,
                "DENIED",
                "client with IP '203.0.113.7' is not allowed access. "
                "Refer https://aka.ms/acr/firewall to grant access.",
            ),
        )
    ),
    "gcr-io-shut-down": Scene(
        (
            faults.refusal(
                MANIFESTS,
                403,
                "DENIED",
                "Container Registry is deprecated and shutting down, please use the auto "
                "migration tool to migrate to Artifact Registry",
            ),
        )
    ),
    "gar-permission-denied-or-unauthenticated": Scene(
        (faults.refusal(TOKENS, 403, "DENIED", GAR),), bearer(), login=("me", "right")
    ),
    "gitea-reqpackageaccess-pat-or-proxy": Scene(
        (faults.refusal(MANIFESTS, 401, "UNAUTHORIZED", "reqPackageAccess"),),
        bearer("container_registry"),
        login=("me", "right"),
    ),
    "ecr-repository-does-not-exist": Scene(
        (
            faults.refusal(
                MANIFESTS,
                404,
                "NAME_UNKNOWN",
                "The repository with name 'registry.example/team/app' does not exist in the "
                "registry with id '123456789012'",
            ),
        )
    ),
    "ecr-no-basic-auth-credentials": Scene(
        (faults.challenge(ECR),),
        BasicAuth(USERS),
        {"credHelpers": {"999999999999.dkr.ecr.us-east-1.amazonaws.com": "ecr-login"}},
    ),
    "ecr-token-expired-12h": Scene(
        (faults.refusal(MANIFESTS, 403, "DENIED", ENDED),),
        BasicAuth({"AWS": ecr_password(-7200)}),
        stored(here=("AWS", ecr_password(-7200))),
    ),
    "harbor-robot-dollar-expanded-by-shell": Scene(
        (), bearer("harbor-registry"), login=("robot", "wrong")
    ),
    "robot-or-token-account-expired": Scene(
        (), bearer("harbor-registry"), login=("robot$team+ci", "wrong")
    ),
    "dockerhub-incorrect-username-or-password": Scene(
        (),
        bearer("registry.docker.io"),
        stored(**{"https://index.docker.io/v1/": ("x", "y")})
        | stored(here=("me@corp.example", "wrong\n")),
    ),
    "gitea-realm-internal-or-root-url": Scene(
        (),
        BearerAuth(
            TokenService(), f"http://127.0.0.1:{free_port()}/v2/token", "container_registry"
        ),
    ),
    "token-realm-redirect-loses-query": Scene(
        (away("/token", "/token/"), at("/token/", 400, '{"detail": "no service"}')),
        bearer(anonymous=True),
    ),
    "dockerhub-abuse-429-hap": Scene(
        (at("/v2/", 429, "Too Many Requests (HAP429)"), *(faults.status(MANIFESTS, 429),)),
    ),
    "dockerhub-pull-rate-limit": Scene(
        (
            faults.refusal(
                MANIFESTS,
                429,
                "TOOMANYREQUESTS",
                "You have reached your pull rate limit.",
            ),
            hub_limit(0),
        )
    ),
}


@pytest.mark.parametrize("code", SCENES)
def test_a_refusal_has_one_name(code: str, tmp_path: Path) -> None:
    ran = SCENES[code].run(tmp_path)
    assert ran.serious == {code}
    assert ran.open <= {code}
    assert ran.code == 1
    assert ran.findings[code]["fixes"]


def test_a_realm_of_basic_is_a_name_and_no_host_to_look_at(tmp_path: Path) -> None:
    named = faults.challenge('Basic realm="https://nowhere.example/"')
    ran = Scene((named,), BasicAuth(USERS)).run(tmp_path)
    assert ran.serious == {"pull-access-denied-or-not-found"}


def test_a_password_of_ecr_that_has_not_ended_is_not_called_so(tmp_path: Path) -> None:
    fresh = ecr_password(7200)
    scene = SCENES["ecr-token-expired-12h"]
    good = replace(
        scene, tamper=(), auth=BasicAuth({"AWS": fresh}), config=stored(here=("AWS", fresh))
    )
    assert good.run(tmp_path).report["findings"] == []


def test_a_stored_password_of_ecr_that_has_ended_is_told_before_it_is_refused(
    tmp_path: Path,
) -> None:
    gone = ecr_password(-7200)
    scene = Scene((), BasicAuth({"AWS": gone}), stored(here=("AWS", gone)))
    ran = scene.run(tmp_path, "--as", "docker")
    assert ran.serious == {"ecr-token-expired-12h"}
    assert gone not in ran.out


def test_a_low_count_of_pulls_is_a_warning_and_a_high_one_is_nothing(tmp_path: Path) -> None:
    low = Scene((hub_limit(7),)).run(tmp_path)
    assert low.serious == {"dockerhub-pull-rate-limit"}
    assert low.findings["dockerhub-pull-rate-limit"]["severity"] == "warning"
    assert "7 of 100" in low.findings["dockerhub-pull-rate-limit"]["title"]
    assert low.code == 0
    assert Scene((hub_limit(76),)).run(tmp_path).report["findings"] == []


def test_a_redirect_of_the_token_server_that_keeps_the_query_is_healthy(tmp_path: Path) -> None:
    def tamper(request: Request, answer: Answer) -> Answer:
        if request.path != "/token":
            return answer
        return Answer(301, (("Location", "/token/" + request.target.partition("/token")[2]),))

    auth = bearer(anonymous=True)

    def tokens(request: Request, answer: Answer) -> Answer:
        return auth.tokens.answer(request) if request.path == "/token/" else answer

    ran = Scene((tamper, tokens), auth).run(tmp_path)
    assert ran.report["findings"] == []


def test_what_gives_a_machine_a_401_is_told_with_what_nobody_gets(tmp_path: Path) -> None:
    """Both are asked where a login is refused: with it, and without."""
    open_to_all = Scene((), bearer(anonymous=True), login=("me", "wrong")).run(tmp_path)
    closed = Scene((), bearer(), login=("me", "wrong")).run(tmp_path)
    for ran, granted in ((open_to_all, True), (closed, False)):
        assert ran.serious == {"credentials-rejected"}
        evidence = ran.findings["credentials-rejected"]["evidence"]
        (without,) = (each for each in evidence if each["probe"] == "anonymous-token")
        assert without["data"]["granted"] is granted


def test_a_token_that_grants_nothing_is_told_of_with_the_refusal(tmp_path: Path) -> None:
    tokens = TokenService(USERS, jwt=True, deny_scopes=("repository:team/app:pull",))
    ran = Scene((), BearerAuth(tokens), login=("me", "right")).run(tmp_path)
    assert ran.serious == {"pull-access-denied-or-not-found"}
    evidence = ran.findings["pull-access-denied-or-not-found"]["evidence"]
    (granted,) = (each for each in evidence if each["probe"] == "granted-scopes")
    assert granted["data"] == {"asked": ["repository:team/app:pull"], "granted": []}


def test_podmans_own_login_is_refused_in_podmans_words(tmp_path: Path) -> None:
    store = Store()
    store.add_image("team/app", "1.0")
    with Server(Registry(store, auth=bearer(anonymous=True))) as server:
        path = tmp_path / "auth.json"
        entry = json.dumps(stored(here=("me", "stale"))).replace("here", server.authority)
        path.write_text(entry)
        environ = {"REGISTRY_AUTH_FILE": str(path)}
        ran = check(f"{server.authority}/team/app:1.0", environ=environ)
    assert ran.serious == {"podman-invalid-username-password-401"}
    assert "would give a token without one" in ran.report["findings"][0]["title"]
    assert "stale" not in ran.out


def test_manifests_redirected_to_a_registry_with_tokens_of_its_own(tmp_path: Path) -> None:
    store = Store()
    store.add_image("team/app", "1.0")
    apart = ("127.0.0.2", 0)
    with Server(Registry(store, auth=bearer(anonymous=True)), listen=apart) as other:
        scene = Scene((faults.redirect(MANIFESTS, other.url),))
        ran = scene.run(tmp_path)
    assert ran.serious == {"auth-on-redirect-not-supported-old-containerd"}


def two_images(tokens: TokenService, auth_file: Path | None = None) -> Ran:
    """``auth_file``: podman's, to be written with a login of its own for each image."""
    store = Store()
    for name in ("team/app", "team/base"):
        store.add_image(name, "1.0")
    environ = {"REGISTRY_AUTH_FILE": str(auth_file)} if auth_file is not None else {}
    with Server(Registry(store, auth=BearerAuth(tokens))) as server:
        names = [f"{server.authority}/team/{name}" for name in ("app", "base")]
        if auth_file is not None:
            pairs = zip(names, tokens.users.items(), strict=True)
            auth_file.write_text(json.dumps(stored(**dict(pairs))))
        return check("--as", "buildkit", *(f"{name}:1.0" for name in names), environ=environ)


def test_a_token_server_that_forgets_the_second_scope(tmp_path: Path) -> None:
    ran = two_images(TokenService(jwt=True, most_scopes=1))
    assert ran.serious == {"dockerhub-multiple-scope-regression"}
    assert "repository:team/base:pull" in ran.report["findings"][0]["title"]


def test_a_token_server_that_grants_both_scopes_is_healthy() -> None:
    assert two_images(TokenService(jwt=True)).report["findings"] == []
    assert two_images(TokenService()).report["findings"] == []


def test_images_with_a_login_each_say_nothing_of_one_token_for_both(tmp_path: Path) -> None:
    tokens = TokenService({"one": "1", "two": "2"}, anonymous=False, jwt=True, most_scopes=1)
    assert two_images(tokens, tmp_path / "auth.json").report["findings"] == []


def test_a_mirror_that_takes_a_token_for_one_name_only(tmp_path: Path) -> None:
    store = Store()
    store.add_image("zone/team/app", "1.0")
    config = tmp_path / "config.toml"
    for most, expected in ((1, {"mirror-rewrite-token-with-two-scopes"}), (2, set())):
        auth = BearerAuth(TokenService(most_scopes=most))
        with Server(Registry(store, auth=auth)) as server:
            mirror = json.dumps([f"{server.authority}/zone"])
            section = f'[registry."origin.example"]\nmirrors = {mirror}\nupstream = false\n'
            config.write_text(section)
            ran = check("--config", str(config), "origin.example/team/app:1.0")
        assert ran.serious == expected
