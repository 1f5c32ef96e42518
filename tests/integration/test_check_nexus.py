"""Nexus in depth: its old fault and what looks like it, its ports, its kinds of repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.checked import Ran, check
from tests.fixtures.programs import free_port, nginx
from tests.fixtures.registry import (
    Answer,
    Mirror,
    Nexus,
    Registry,
    Request,
    Server,
    Store,
    Upstream,
    faults,
)
from tests.fixtures.registry.messages import error_answer
from tests.integration.test_check_push_faults import Mounted

pytestmark = pytest.mark.integration

OLD, MENDED, NEW = "3.14.0-04", "3.15.0-01", "3.90.2-06"
HEAD_404 = "nexus-lt-3.15-head-404"
REFUSED = "head-manifest-refused"
ME = {"me": "pw"}


@pytest.fixture
def store() -> Store:
    made = Store()
    made.add_image("team/app", "1.0")
    return made


def image(authority: str) -> str:
    return f"{authority}/team/app:1.0"


def push_to(server: Server) -> Ran:
    login = ("-u", "me", "--password-stdin")
    return check("--push", f"{server.authority}/team/app", *login, stdin="pw\n")


def codes(ran: Ran) -> list[str]:
    return [finding["code"] for finding in ran.report["findings"]]


# -- NEXUS-12684 and what looks like it


@pytest.mark.parametrize("kind", ["hosted", "proxy", "group"])
@pytest.mark.parametrize(("version", "found"), [(OLD, [HEAD_404]), (MENDED, [])])
def test_the_fault_is_that_of_every_kind_of_repository(
    kind: str, version: str, found: list[str], store: Store
) -> None:
    with Server(Registry(store)) as upstream:
        registry = Mirror(Upstream(upstream.url)) if kind == "proxy" else Registry(store)
        with Server(Nexus(registry, version, kind=kind)) as server:  # type: ignore[arg-type]
            assert codes(check(image(server.authority))) == found


@pytest.mark.parametrize(
    ("server", "code"),
    [
        # Nexus's page passes, its name does not.
        ("location / { proxy_pass URL; proxy_set_header Host $http_host; }", HEAD_404),
        # The page is nginx's own: the Nexus was never asked.
        (
            (
                "location / { if ($request_method = HEAD) { return 404; } proxy_pass URL; "
                "proxy_set_header Host $http_host; }"
            ),
            REFUSED,
        ),
    ],
)
def test_a_proxy_that_stops_head_is_not_taken_for_the_nexus_behind_it(
    server: str, code: str, store: Store, tmp_path: Path
) -> None:
    with Server(Nexus(Registry(store), OLD)) as nexus:
        port = free_port()
        with nginx(tmp_path, server.replace("URL", nexus.url), port=port):
            ran = check(image(f"127.0.0.1:{port}"))
    assert ran.serious == {code}


@pytest.mark.parametrize("target", ["", "/team/app:1.0"])
def test_a_proxy_that_stops_head_makes_no_private_nexus_an_old_one(
    target: str, store: Store, tmp_path: Path
) -> None:
    stop = "if ($request_method = HEAD) { return 404; }"
    private = Nexus(Registry(store), NEW, users=ME, anonymous=False, named=False)
    with Server(private) as nexus:
        port = free_port()
        block = f"location / {{ {stop} proxy_pass {nexus.url}; proxy_set_header Host $http_host; }}"
        with nginx(tmp_path, block, port=port):
            ran = check(f"127.0.0.1:{port}{target}")
    assert HEAD_404 not in ran.findings


def test_a_nexus_whose_head_wants_a_login_is_not_the_old_one(store: Store) -> None:
    def locked(request: Request, answer: Answer) -> Answer:
        if not faults.MANIFEST_HEADS(request):
            return answer
        return error_answer(403, "DENIED", "no")

    with Server(Nexus(Registry(store, tamper=(locked,)), NEW)) as server:
        assert check(image(server.authority)).serious == {REFUSED}


def test_an_old_nexus_whose_upstream_lacks_the_image_is_only_not_found() -> None:
    with (
        Server(Registry()) as upstream,
        Server(Nexus(Mirror(Upstream(upstream.url)), OLD, kind="proxy")) as server,
    ):
        ran = check(image(server.authority))
    assert ran.serious == {"image-not-found"}
    assert "nexus-proxy-hides-upstream-error-as-manifest-unknown" in ran.open


# -- ports and paths


@pytest.mark.parametrize(("version", "words"), [(OLD, "(404 on /v2/)"), (NEW, "user interface")])
def test_the_port_of_the_user_interface_is_named(version: str, words: str, store: Store) -> None:
    with Server(Nexus(Registry(store), version, place="ui")) as server:
        ran = check(server.authority)
    assert ran.serious == {"nexus-docker-login-404-no-connector"}
    assert words in ran.report["findings"][0]["title"]


def test_a_repository_behind_the_port_of_the_user_interface_is_found(store: Store) -> None:
    with Server(Nexus(Registry(store), NEW, place="ui")) as server:
        ran = check(f"{server.authority}/docker-hosted/team/app:1.0")
    assert ran.serious == {"nexus-docker-login-404-no-connector"}
    assert "docker-hosted is there" in ran.report["findings"][0]["title"]


@pytest.mark.parametrize(
    ("version", "found"),
    [("3.83.0-08", []), ("3.82.0-08", ["nexus-docker-login-404-no-connector"])],
)
def test_paths_are_routed_since_3_83(version: str, found: list[str], store: Store) -> None:
    with Server(Nexus(Registry(store), version, place="path")) as server:
        assert codes(check(f"{server.authority}/docker-hosted/team/app:1.0")) == found


def test_an_image_without_its_repository_is_not_found_by_path_routing(store: Store) -> None:
    with Server(Nexus(Registry(store), NEW, place="path")) as server:
        assert check(image(server.authority)).serious == {"image-not-found"}


# -- anonymous access


def test_anonymous_pulls_without_the_realm(store: Store) -> None:
    nexus = Nexus(Registry(store), NEW, users=ME, anonymous=True, bearer=False)
    with Server(nexus) as server:
        ran = check(image(server.authority))
        assert ran.serious == {"nexus-bearer-token-realm-missing"}
        login = ("-u", "me", "--password-stdin", image(server.authority))
        assert check(*login, stdin="pw\n").report["findings"] == []
        assert check(*login, stdin="no\n").serious == {"credentials-rejected"}
    with Server(Nexus(Registry(store), NEW, users=ME)) as server:
        assert check(image(server.authority)).report["findings"] == []


# -- proxies


def test_a_mirror_that_hides_why_it_has_nothing(store: Store, tmp_path: Path) -> None:
    with (
        Server(Registry(store)) as origin,
        Server(Registry()) as nothing,
        Server(Nexus(Mirror(Upstream(nothing.url)), NEW, kind="proxy")) as server,
    ):
        settings = tmp_path / "config.toml"
        settings.write_text(
            f'[registry."{origin.authority}"]\nmirrors = ["{server.authority}"]\nhttp = true\n'
            f'[registry."{server.authority}"]\nhttp = true\n'
        )
        ran = check("--config", str(settings), image(origin.authority))
    assert ran.serious == {"nexus-proxy-hides-upstream-error-as-manifest-unknown"}
    assert ran.report["findings"][0]["severity"] == "warning"


def test_a_proxy_that_cannot_fetch_blobs(store: Store) -> None:
    broken = Registry(store, tamper=(faults.status(faults.BLOB_GETS, 403),))
    with (
        Server(broken) as upstream,
        Server(Nexus(Mirror(Upstream(upstream.url)), NEW, kind="proxy")) as server,
    ):
        ran = check(image(server.authority))
    assert ran.serious == {"nexus-proxy-quay-blob-failure"}


# -- pushes


def test_a_hosted_repository_of_today_is_quiet_and_as_it_was(store: Store) -> None:
    before = store.content()
    with Server(Nexus(Registry(store), NEW, users=ME)) as server:
        ran = push_to(server)
    assert ran.report["findings"] == ran.report["open"] == []
    assert store.content() == before


@pytest.mark.parametrize("kind", ["group", "proxy"])
def test_a_push_to_what_is_not_hosted(kind: str, store: Store) -> None:
    nexus = Nexus(Registry(store), NEW, users=ME, kind=kind)  # type: ignore[arg-type]
    with Server(nexus) as server:
        ran = push_to(server)
    assert ran.serious == {"nexus-push-to-group-or-proxy"}
    sure = ran.report["findings"][0]["confidence"]
    assert sure == ("certain" if kind == "group" else "likely")


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("3.22.1-02", ["nexus-oci-media-types-before-3.71"]),
        (
            "3.26.1-02",
            ["nexus-oci-media-types-before-3.71", "cache-export-400-image-manifest"],
        ),
        ("3.70.3-01", ["nexus-oci-media-types-before-3.71"]),
        ("3.71.0-06", []),
    ],
)
def test_what_each_version_takes(version: str, found: list[str], store: Store) -> None:
    before = store.content()
    with Server(Nexus(Registry(store), version, users=ME, named=False)) as server:
        ran = push_to(server)
    assert codes(ran) == found
    assert store.content() == before


def test_an_upload_that_a_mount_opened_and_the_nexus_refuses(store: Store) -> None:
    with Server(Nexus(Registry(store, tamper=(Mounted(),)), NEW, users=ME)) as server:
        assert push_to(server).serious == {"nexus-buildkit-cache-blob-upload-invalid"}


def test_blobs_and_manifests_that_end_in_different_repositories(store: Store) -> None:
    def elsewhere(request: Request, answer: Answer) -> Answer:
        if request.method == "PUT" and "/manifests/" in request.path:
            return error_answer(400, "BLOB_UNKNOWN", "blob unknown to registry")
        return answer

    with Server(Nexus(Registry(store, tamper=(elsewhere,)), NEW, users=ME)) as server:
        assert push_to(server).serious == {"nexus-push-blob-unknown-missing-layer"}
