"""Marks of products, as their answers were captured or their code writes them."""

from __future__ import annotations

import pytest

from regdoctor.observations.fingerprints import (
    MARKS,
    TITLES,
    ProductAnswer,
    front_of,
    page_of,
    product_of,
)
from regdoctor.observations.http import Answer
from regdoctor.render.index import PRODUCT_NAMES
from tests.fixtures.scenes import API, answer


def challenged(value: str, *, endpoint: str = "https://registry.example") -> Answer:
    return answer("GET", "/v2/", 401, ("WWW-Authenticate", value), endpoint=endpoint)


def marked(name: str, value: str) -> Answer:
    return answer("GET", "/v2/", 200, (name, value), body="{}")


def bearer(realm: str, service: str) -> Answer:
    return challenged(f'Bearer realm="{realm}",service="{service}"')


@pytest.mark.parametrize(
    ("given", "product", "version"),
    [
        (marked("Server", "Nexus/3.68.1-02 (OSS)"), "nexus", "3.68.1-02"),
        (challenged('BASIC realm="Sonatype Nexus Repository Manager"'), "nexus", ""),
        (bearer("https://n.example/v2/token", "https://n.example/v2/token"), "nexus", ""),
        (marked("X-JFrog-Version", "Artifactory/7.77.5 77705900"), "artifactory", "7.77.5"),
        (marked("X-Artifactory-Id", "abc"), "artifactory", ""),
        (marked("Server", "Artifactory/5.4.6"), "artifactory", "5.4.6"),
        (challenged('Basic realm="Artifactory Realm"'), "artifactory", ""),
        (bearer("https://h.example/service/token", "harbor-registry"), "harbor", ""),
        (marked("Gitlab-Container-Registry-Version", "v4.5.0-gitlab"), "gitlab", "4.5.0"),
        (bearer("https://git.example/jwt/auth", "container_registry"), "gitlab", ""),
        (bearer("https://ghcr.io/token", "ghcr.io"), "ghcr", ""),
        (bearer("https://auth.docker.io/token", "registry.docker.io"), "docker-hub", ""),
        (bearer("https://quay.example/v2/auth", "quay.example"), "quay", ""),
        (
            answer("GET", "/v2/", 401, API, body="Not Authorized\n", kind="text/plain"),
            "ecr",
            "",
        ),
        (
            answer(endpoint="https://123456789012.dkr.ecr.eu-west-1.amazonaws.com"),
            "ecr",
            "",
        ),
        (bearer("https://x.azurecr.io/oauth2/token", "x.azurecr.io"), "acr", ""),
        (bearer("https://europe-docker.pkg.dev/v2/token", "europe-docker.pkg.dev"), "gar", ""),
        (answer(endpoint="https://eu.gcr.io"), "gar", ""),
        (marked("X-Zot-Cluster-Hop-Count", "1"), "zot", ""),
        (marked("X-Registry-Supports-Signatures", "1"), "pulp", ""),
        (answer(endpoint="https://docker.cloudsmith.io"), "cloudsmith", ""),
        (answer("GET", "/v2/", 200, API, body="{}"), "distribution", "3.x"),
        (
            answer("GET", "/v2/", 200, API, body="{}", kind="application/json; charset=utf-8"),
            "distribution",
            "2.x",
        ),
    ],
)
def test_a_product_is_known_by_its_mark(given: Answer, product: str, version: str) -> None:
    found = product_of((given,))
    assert found is not None
    assert (found.name, found.version) == (product, version)


def test_the_answer_that_tells_the_version_wins() -> None:
    plain = challenged('BASIC realm="Sonatype Nexus Repository Manager"')
    found = product_of((plain, marked("Server", "Nexus/3.68.1-02 (OSS)")))
    assert found is not None
    assert str(found) == "Sonatype Nexus 3.68.1-02"


def test_nothing_is_said_of_an_answer_without_a_mark() -> None:
    assert product_of((answer("GET", "/v2/", 404, kind="text/html", body="<html>"),)) is None
    assert product_of((challenged('Basic realm="registry"'),)) is None
    assert front_of(answer()) is None


def test_a_product_of_nginx_before_it_is_the_product() -> None:
    """Harbor's answers come through its own nginx."""
    given = answer(
        "GET",
        "/v2/",
        401,
        ("Server", "nginx"),
        ("WWW-Authenticate", 'Bearer realm="https://h/service/token",service="harbor-registry"'),
    )
    found, front = product_of((given,)), front_of(given)
    assert found is not None
    assert front is not None
    assert (found.name, front.title) == ("harbor", "nginx")


@pytest.mark.parametrize(
    ("product", "body", "version"),
    [
        ("artifactory", "OK", ""),
        ("gitea", '{"version":"11.0.1+gitea-1.22.0"}', "11.0.1+gitea-1.22.0"),
        ("harbor", '{"harbor_version":"v2.12.2-73072d0d"}', "2.12.2-73072d0d"),
        ("harbor", '{"auth_mode":"db_auth"}', ""),
        ("zot", '{"distSpecVersion":"1.1.1","releaseTag":"v2.1.2"}', "2.1.2"),
        ("quay", '{"data":{"services":{}},"status_code":200}', ""),
        ("pulp", '{"versions":[{"component":"container","version":"2.22.0"}]}', "2.22.0"),
    ],
)
def test_a_page_of_its_own_tells_the_product(product: str, body: str, version: str) -> None:
    page = ProductAnswer(product, answer("GET", page_of(product), body=body))
    assert page.alive
    assert page.version == version


def test_a_page_of_somebody_else_tells_nothing() -> None:
    for given in (answer(body="<html>OK</html>"), answer("GET", "/x", 404, body="OK")):
        page = ProductAnswer("artifactory", given)
        assert not page.alive
        assert page.version == ""
    assert page_of("distribution") == ""


def test_every_product_has_a_name_in_the_index() -> None:
    assert {mark.product for mark in MARKS} <= set(TITLES)
    assert set(TITLES) <= set(PRODUCT_NAMES)
