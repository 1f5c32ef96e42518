"""``check --push`` against registries that break one rule each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.checked import Ran, check
from tests.fixtures.programs import free_port
from tests.fixtures.registry import (
    Answer,
    BearerAuth,
    Registry,
    Request,
    Server,
    Store,
    TokenService,
    faults,
)
from tests.fixtures.registry.messages import error_answer
from tests.fixtures.registry.registry import Refuse

pytestmark = pytest.mark.integration

REPOSITORY = "team/scratch"
POST = faults.on("POST", "/blobs/uploads/")
PATCH = faults.on("PATCH", "/blobs/uploads/")
WRITES = ("POST", "PUT", "PATCH", "DELETE")


@pytest.fixture
def store() -> Store:
    made = Store()
    made.add_image(REPOSITORY, "1")
    return made


def push_to(server: Server, *arguments: str, stdin: str = "") -> Ran:
    return check("--push", f"{server.authority}/{REPOSITORY}", *arguments, stdin=stdin)


def test_a_healthy_registry_with_tokens_is_quiet_and_as_it_was(store: Store) -> None:
    before = store.content()
    tokens = TokenService({"user": "right"}, anonymous=False)
    with Server(Registry(store, auth=BearerAuth(tokens))) as server:
        ran = push_to(server, "-u", "user", "--password-stdin", stdin="right\n")
        asked = [seen for seen in server.seen if seen.method in WRITES]
    assert ran.report["findings"] == ran.report["open"] == []
    assert store.content() == before
    assert {seen.method for seen in asked} == set(WRITES)
    assert all(f"/v2/{REPOSITORY}/" in seen.path for seen in asked)
    assert not any("/manifests/" in seen.path and "sha256:" not in seen.path for seen in asked)


@pytest.mark.parametrize("target", ["", "/team/scratch:1", "/team/scratch:2"])
def test_without_the_flag_only_reading_methods_arrive(target: str, store: Store) -> None:
    with Server(Registry(store)) as server:
        check(server.authority + target)
        methods = {seen.method for seen in server.seen}
    assert methods <= {"GET", "HEAD"}


def range_of_the_last_chunk(request: Request, answer: Answer) -> Answer:
    if not PATCH(request) or answer.status != 202:
        return answer
    return answer.with_header("Range", request.header("Content-Range"))


def no_mounts(request: Request) -> Answer | None:
    return error_answer(400, "UNSUPPORTED", "no mounts") if request.first("mount") else None


def quota(request: Request) -> Answer | None:
    words = (
        "adding 1.0 KiB of storage resource, which when updated to current usage of 10.0 GiB "
        "will exceed the configured upper limit of 10.0 GiB."
    )
    completes = request.first("digest") and request.method in ("PUT", "POST")
    return error_answer(403, "DENIED", words) if completes else None


def only_oci(request: Request) -> Answer | None:
    docker = "vnd.docker" in request.header("Content-Type")
    puts = request.method == "PUT" and "/manifests/" in request.path
    return error_answer(415, "MANIFEST_INVALID", "manifest invalid") if puts and docker else None


def no_cache_indexes(request: Request) -> Answer | None:
    cache = b"cacheconfig" in request.body and b'"manifests"' in request.body
    return error_answer(400, "MANIFEST_INVALID", "manifest invalid") if cache else None


def no_attestations(request: Request) -> Answer | None:
    strange = b"attestation-manifest" in request.body
    return error_answer(400, "MANIFEST_INVALID", "manifest invalid") if strange else None


def refusing(where: faults.Where, status: int) -> Refuse:
    return lambda request: error_answer(status, "UNKNOWN", "no") if where(request) else None


def torn(request: Request) -> Answer | None:
    return Answer(500, silent=True) if POST(request) else None


@pytest.mark.parametrize(
    ("refuse", "code", "words"),
    [
        (no_mounts, "spec-upload-mount-refused", "to the mount of a blob"),
        (quota, "harbor-quota-exceeded", "quota of project team"),
        (only_oci, "zot-docker-media-types-rejected", "as Docker's with 415"),
        (no_cache_indexes, "cache-export-400-image-manifest", "as an image manifest"),
        (no_attestations, "spec-manifest-kind-refused", "an index with an attestation with 400"),
        (refusing(POST, 403), "push-access-denied", "anonymously"),
        (refusing(POST, 500), "push-unexpected-answer", "answers 500 to POST"),
        (torn, "push-unexpected-answer", "breaks off"),
        (refusing(PATCH, 500), "push-unexpected-answer", "to a chunk of an upload"),
        (refusing(PATCH, 413), "push-413-request-entity-too-large", "413"),
        (
            refusing(faults.on("PUT", "/manifests/"), 500),
            "push-unexpected-answer",
            "to PUT of an OCI image manifest",
        ),
    ],
)
def test_what_a_registry_refuses_is_one_finding_and_leaves_it_as_it_was(
    refuse: Refuse, code: str, words: str, store: Store
) -> None:
    before = store.content()
    with Server(Registry(store, refuse=(refuse,))) as server:
        ran = push_to(server)
    assert [finding["code"] for finding in ran.report["findings"]] == [code]
    assert words in ran.report["findings"][0]["title"]
    assert store.content() == before


@pytest.mark.parametrize(
    ("tamper", "code", "words"),
    [
        (faults.without_header(POST, "Location"), "spec-upload-no-location", "without a Location"),
        (faults.status(faults.on("DELETE", "/uploads/"), 405), "spec-upload-not-cancelled", "405"),
        (range_of_the_last_chunk, "push-chunk-range-header-unreliable", "says 64-127 for 0-127"),
        (
            faults.without_header(faults.on("PUT", "/manifests/"), "OCI-Subject"),
            "spec-push-subject-ignored",
            "sends no OCI-Subject",
        ),
    ],
)
def test_an_answer_that_breaks_a_rule_is_one_finding(
    tamper: faults.Tamper, code: str, words: str, store: Store
) -> None:
    with Server(Registry(store, tamper=(tamper,))) as server:
        ran = push_to(server)
        opened = server.requests("POST", "/blobs/uploads/")
    assert [finding["code"] for finding in ran.report["findings"]] == [code]
    assert words in ran.report["findings"][0]["title"]
    if code.startswith("spec-upload"):
        assert len(opened) == 1  # what cannot be given up is not opened again


def test_what_stays_after_it_was_deleted_is_named(store: Store) -> None:
    def deaf(request: Request) -> Answer | None:
        there = store.manifest(REPOSITORY, request.path.rpartition("/")[2]) is not None
        return Answer(202) if request.method == "DELETE" and there else None

    registry = Registry(store, refuse=(deaf,))
    with Server(registry) as server:
        ran = push_to(server)
    assert ran.serious == {"spec-push-left-behind"}
    assert "manifests/sha256:" in ran.report["findings"][0]["title"]
    assert list(store.repositories[REPOSITORY].tags) == ["1"]


def test_a_mount_upload_that_is_refused_is_told_where_a_plain_one_is_taken(store: Store) -> None:
    with Server(Registry(store, tamper=(Mounted(),))) as server:
        ran = push_to(server)
    assert ran.serious == {"push-unexpected-answer"}


class Mounted:
    """Refuses what is sent to an upload that a mount opened."""

    def __init__(self) -> None:
        self._opened: set[str] = set()

    def __call__(self, request: Request, answer: Answer) -> Answer:
        if request.first("mount") and answer.status == 202:
            self._opened.add(answer.header("Docker-Upload-Uuid"))
        named = request.path.rpartition("/")[2]
        if request.method == "PATCH" and named in self._opened:
            return error_answer(400, "BLOB_UPLOAD_INVALID", "blob upload invalid")
        return answer


def test_a_secret_in_a_location_is_kept_nowhere(store: Store, tmp_path: Path) -> None:
    secret = "s3cr3t-state-of-an-upload"
    tamper: Callable[[Request, Answer], Answer] = lambda request, answer: (  # noqa: E731
        answer.with_header("Location", f"{answer.header('Location')}&_token={secret}")
        if answer.status == 202 and answer.header("Location")
        else answer
    )
    with Server(Registry(store, tamper=(tamper,))) as server:
        ran = push_to(server, "-v", "--save", str(tmp_path / "seen.json"))
    assert ran.report["findings"] == []
    assert secret not in ran.out + ran.err + (tmp_path / "seen.json").read_text()


def test_a_registry_that_wants_larger_chunks_gets_them(store: Store) -> None:
    def small(request: Request) -> Answer | None:
        if PATCH(request) and len(request.body) < 4096:
            return error_answer(416, "SIZE_INVALID", "too small")
        return None

    told = faults.with_header(POST, "OCI-Chunk-Min-Length", "4096")
    with Server(Registry(store, refuse=(small,), tamper=(told,))) as server:
        ran = push_to(server)
    assert ran.report["findings"] == ran.report["open"] == []


def test_a_location_that_is_an_image_is_not_deleted(store: Store) -> None:
    before = store.content()[:2]
    named = faults.with_header(POST, "Location", f"/v2/{REPOSITORY}/manifests/1")
    with Server(Registry(store, tamper=(named,))) as server:
        ran = push_to(server)
        methods = {seen.method for seen in server.seen}
    assert ran.serious | set(ran.findings) == {"spec-upload-not-cancelled"}
    assert "DELETE" not in methods
    assert store.content()[:2] == before


def test_a_token_that_cannot_be_had_is_told_once(store: Store, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/token"
    with Server(Registry(store, auth=BearerAuth(TokenService(), realm=nowhere))) as server:
        assert push_to(server).serious == {"token-realm-wrong-port-or-host"}
    failing = faults.status(faults.on("", "/token"), 500)
    with (
        Server(Registry(tamper=(failing,))) as tokens,
        Server(Registry(store, auth=BearerAuth(TokenService(), f"{tokens.url}/token"))) as server,
    ):
        ran = push_to(server)
    assert ran.serious == {"push-unexpected-answer"}
    assert "500 to the request for a token" in ran.report["findings"][0]["title"]
    (tmp_path / "config.json").write_text('{"credsStore": "is-not-installed"}')
    environ = {"DOCKER_CONFIG": str(tmp_path)}
    with Server(Registry(store, auth=BearerAuth(TokenService()))) as server:
        ran = check("--push", f"{server.authority}/{REPOSITORY}", environ=environ)
    assert ran.serious == {"credential-helper-not-in-path"}
