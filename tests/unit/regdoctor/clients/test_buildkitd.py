"""buildkitd.toml, and who fetches the tokens of a build."""

from __future__ import annotations

import pytest

from tests.replay.scene import HUB, MIRROR, REGISTRY, contacted, planned, served

CONFIG = "/etc/buildkit/buildkitd.toml"
EVERY = ["0.11.6", "0.12.5", "0.13.2", "0.32"]
UPSTREAM = "https://registry-1.docker.io/v2/library/alpine yes"
IMAGE = "reg.example:5000/a/img"
PRIVATE_MIRROR = served("mirror.example:5000", "mirror")

every = pytest.mark.parametrize("version", EVERY)


def mirrors(*written: str) -> dict[str, str]:
    names = ", ".join(f'"{each}"' for each in written)
    return {CONFIG: f'[registry."docker.io"]\nmirrors = [{names}]\n'}


def test_a_path_of_a_mirror_stands_before_v2_up_to_0_11_and_behind_it_since() -> None:
    files = mirrors("mirror.example:5000/proxy")
    before, after = (contacted("buildkitd", version, files, "alpine") for version in EVERY[:2])
    assert before == ["https://mirror.example:5000/proxy/v2/library/alpine?ns=docker.io yes"]
    assert after == ["https://mirror.example:5000/v2/proxy/library/alpine?ns=docker.io yes"]


@pytest.mark.parametrize("version", EVERY[1:])
def test_a_scheme_of_a_mirror_is_dropped(version: str) -> None:
    lines = contacted("buildkitd", version, mirrors("http://mirror.example:5000/"), "alpine")
    assert lines == ["https://mirror.example:5000/v2/library/alpine?ns=docker.io yes"]


def test_a_scheme_of_a_mirror_is_taken_for_the_host_by_0_11() -> None:
    files = mirrors("https://mirror.example:5000")
    assert contacted("buildkitd", "0.11.6", files, "alpine") == ["dns https", UPSTREAM]
    notes = planned("buildkitd", "0.11.6", files, "alpine").notes
    assert [note.kind for note in notes] == ["mirror-url-unusable"]


@every
def test_a_mirror_is_trusted_by_its_own_section_alone(version: str) -> None:
    files = {
        CONFIG: mirrors("mirror.example:5000")[CONFIG] + 'ca = ["/x/m.pem"]\n',
        "/x/m.pem": "{{pem:ca-mirror}}",
    }
    lines = contacted("buildkitd", version, files, "alpine", (HUB, PRIVATE_MIRROR))
    assert lines == ["https://mirror.example:5000 no", UPSTREAM]
    notes = planned("buildkitd", version, files, "alpine").notes
    assert [note.kind for note in notes] == ["mirror-without-its-own-section"]


@every
def test_insecure_does_not_speak_http(version: str) -> None:
    files = {CONFIG: f'[registry."{IMAGE.partition("/")[0]}"]\ninsecure = true\n'}
    lines = contacted("buildkitd", version, files, IMAGE, (served("reg.example:5000"),))
    assert lines == ["https://reg.example:5000 no"]


@every
def test_a_mirror_of_another_registry(version: str) -> None:
    files = {CONFIG: '[registry."ghcr.io"]\nmirrors = ["mirror.example:5000"]\n'}
    lines = contacted("buildkitd", version, files, "ghcr.io/a/img")
    assert lines == ["https://mirror.example:5000/v2/a/img?ns=ghcr.io yes"]


@every
def test_an_unreadable_ca_fails_the_build_even_of_a_mirror(version: str) -> None:
    text = mirrors("mirror.example:5000")[CONFIG]
    files = {CONFIG: text + '[registry."mirror.example:5000"]\nca = ["/x/none.pem"]\n'}
    plan = planned("buildkitd", version, files, "alpine")
    assert plan.refuses == (
        "failed to read /x/none.pem: open /x/none.pem: no such file or directory"
    )


@pytest.mark.parametrize(
    "text",
    ['[registry."docker.io"', '[registry."a"]\nca = "x"\n', '[registry."a"]\nhttp = "yes"\n'],
)
def test_a_file_that_does_not_parse_keeps_buildkitd_from_starting(text: str) -> None:
    assert planned("buildkitd", "0.32", {CONFIG: text}).refuses.startswith("buildkitd: ")


@pytest.mark.parametrize(
    ("version", "table", "key", "read"),
    [
        ("0.27.1", "REGISTRY", "MIRRORS", True),
        ("0.27.1", "registry", "Mirrors", False),
        ("0.27.1", "Registry", "mirrors", False),
        ("0.28.0", "Registry", "Mirrors", True),
    ],
)
def test_keys_in_mixed_letters_are_read_since_0_28(
    version: str, table: str, key: str, read: bool
) -> None:
    files = {CONFIG: f'[{table}."docker.io"]\n{key} = ["mirror.example:5000"]\n'}
    hosts = [each.host for each in planned("buildkitd", version, files).endpoints]
    assert hosts == [*["mirror.example:5000"] * read, "registry-1.docker.io"]


@pytest.mark.parametrize("empty", ["", "/x"])
def test_a_mirror_without_a_host_is_asked_by_nobody(empty: str) -> None:
    plan = planned("buildkitd", "0.32.2", mirrors(empty, "mirror.example:5000"))
    hosts = [each.host for each in plan.endpoints]
    assert hosts == ["mirror.example:5000", "registry-1.docker.io"]


def test_an_unknown_key_is_ignored_and_told() -> None:
    files = {CONFIG: '[registry."docker.io"]\nmirror = ["mirror.example:5000"]\n'}
    assert contacted("buildkitd", "0.32", files, "alpine") == [UPSTREAM]
    assert [note.subject for note in planned("buildkitd", "0.32", files).notes] == ["mirror"]


def test_a_key_with_another_port_is_told() -> None:
    files = {CONFIG: '[registry."reg.example"]\ninsecure = true\n'}
    assert contacted("buildkitd", "0.32", files, IMAGE) == ["https://reg.example:5000 no"]
    notes = planned("buildkitd", "0.32", files, IMAGE).notes
    assert [note.kind for note in notes] == ["registry-key-never-used"]


def test_http_and_insecure_before_0_8() -> None:
    both = {CONFIG: '[registry."reg.example:5000"]\nhttp = true\ninsecure = true\n'}
    plan = planned("buildkitd", "0.7.2", both, IMAGE)
    assert [each.url for each in plan.endpoints] == ["http://reg.example:5000/v2"]


ASKING = {**REGISTRY, "auth": {"bearer": "https://auth.example/token", "service": "s"}}
REALM = served("auth.example:443", "auth", token={})
TRUSTED = {
    CONFIG: '[registry."reg.example:5000"]\nca = ["/x/reg.pem", "/x/auth.pem"]\n',
    "/x/reg.pem": "{{pem:ca-reg}}",
    "/x/auth.pem": "{{pem:ca-auth}}",
}
GOT = ["https://reg.example:5000/v2/a/img yes", "https://auth.example yes"]
REFUSED = ["https://reg.example:5000/v2/a/img yes", "https://auth.example no"]


@every
def test_the_command_fetches_the_token_with_its_own_trust(version: str) -> None:
    def lines(**more: object) -> list[str]:
        return contacted("buildkitd", version, TRUSTED, IMAGE, (ASKING, REALM), **more)

    assert lines() == REFUSED
    assert lines(client_env={"SSL_CERT_FILE": "/x/auth.pem"}) == GOT
    assert lines(client_env={"BUILDKIT_NO_CLIENT_TOKEN": "1"}) == GOT
    assert lines(env={"BUILDKIT_NO_CLIENT_TOKEN": "1"}) == REFUSED


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ("host=reg.example:5000,ca=/x/auth.pem", GOT),
        ("host=reg.example:5000,insecure=true", GOT),
        ("host=auth.example,ca=/x/auth.pem", REFUSED),
        ("host=reg.example,ca=/x/auth.pem", REFUSED),
    ],
)
def test_a_tls_context_is_keyed_by_the_registry(context: str, expected: list[str]) -> None:
    command = f"buildctl build --registry-auth-tlscontext {context}"
    lines = contacted("buildkitd", "0.32", TRUSTED, IMAGE, (ASKING, REALM), command=command)
    assert lines == expected


@every
def test_a_mirror_gets_its_own_credential_and_never_the_hubs(version: str) -> None:
    asking = {**MIRROR, "auth": "basic", "users": ["hub:hub"]}
    files = {
        **mirrors("mirror.example:5000"),
        "/root/.docker/config.json": '{"auths": {"https://index.docker.io/v1/": '
        '{"auth": "aHViOmh1Yg=="}}}',
    }
    lines = contacted("buildkitd", version, files, "alpine", (HUB, asking))
    assert lines == [
        "https://mirror.example:5000/v2/library/alpine?ns=docker.io yes",
        UPSTREAM,
    ]


def test_a_tls_context_for_the_realm_is_told() -> None:
    command = "buildctl build --registry-auth-tlscontext host=auth.example,insecure=true"
    notes = planned("buildkitd", "0.32", {}, IMAGE, command=command).notes
    assert [(note.kind, note.subject) for note in notes] == [
        ("tls-context-never-used", "auth.example")
    ]


@pytest.mark.parametrize(
    "key", ["docker.io", "registry-1.docker.io", "https://index.docker.io/v2/"]
)
def test_a_credential_of_the_hub_under_another_key_is_told(key: str) -> None:
    files = {"/root/.docker/config.json": f'{{"auths": {{"{key}": {{"auth": "dTpw"}}}}}}'}
    notes = planned("buildkitd", "0.32", files, "alpine").notes
    assert [note.subject for note in notes] == [key]
    good = files["/root/.docker/config.json"].replace(key, "https://index.docker.io/v1/")
    assert planned("buildkitd", "0.32", {"/root/.docker/config.json": good}, "alpine").notes == ()
