"""podman, buildah, skopeo: registries.conf, certs.d, auth files, short names."""

from __future__ import annotations

import base64
import json

import pytest

from tests.replay.scene import HUB, contacted, planned, served

CONF = "/etc/containers/registries.conf"
CERTS = "/etc/containers/certs.d"
MIRRORS = (
    '[[registry]]\nprefix = "docker.io"\nlocation = "docker.io"\n'
    '[[registry.mirror]]\nlocation = "mirror.example:5000"\n'
)
TRUSTED = {f"{CERTS}/mirror.example:5000/ca.crt": "{{pem:ca-mirror}}"}
UPSTREAM = "https://registry-1.docker.io/v2/library/alpine yes"
MIRRORED = "https://mirror.example:5000/v2/library/alpine yes"
PRIVATE = (HUB, served("mirror.example:5000", "mirror"))
ALPINE = "docker.io/library/alpine"
DIGEST = "sha256:" + "ab" * 32


def kinds(client: str, version: str, files: dict[str, str], **more: str) -> list[str]:
    return [note.kind for note in planned(client, version, files, **more).notes]


def test_a_mirror_is_asked_first_and_trusted_by_its_own_directory() -> None:
    trusted = {CONF: MIRRORS, **TRUSTED}
    assert contacted("skopeo", "1.9.3", trusted, servers=PRIVATE) == [MIRRORED]
    refused = "https://mirror.example:5000 no"
    found = contacted("skopeo", "1.9.3", {CONF: MIRRORS}, servers=PRIVATE)
    assert found == [refused, UPSTREAM]


@pytest.mark.parametrize("version", ["1.2.2", "1.9.3", "1.18.0", "1.22.0"])
def test_the_slash_after_a_registrys_location_never_matters(version: str) -> None:
    text = '[[registry]]\nprefix = "docker.io/"\nlocation = "mirror.example:5000/"\n'
    assert contacted("skopeo", version, {CONF: text, **TRUSTED}) == [MIRRORED]


def test_mirrors_for_digests_alone_are_not_asked_for_tags_and_that_is_told() -> None:
    only = 'location = "docker.io"\nmirror-by-digest-only = true'
    text = MIRRORS.replace('location = "docker.io"', only)
    assert contacted("podman", "4.3.1", {CONF: text, **TRUSTED}) == [UPSTREAM]
    assert kinds("podman", "4.3.1", {CONF: text, **TRUSTED}) == ["mirrors-by-digest-only"]
    digest = planned("podman", "4.3.1", {CONF: text, **TRUSTED}, reference=f"{ALPINE}@{DIGEST}")
    hosts = [each.host for each in digest.endpoints]
    assert hosts == ["mirror.example:5000", "registry-1.docker.io"]


def test_the_longest_prefix_decides_whatever_the_order() -> None:
    text = (
        '[[registry]]\nprefix = "docker.io/library"\nlocation = "mirror.example:5000/lib"\n'
        '[[registry]]\nprefix = "docker.io"\nlocation = "mirror2.example:5000"\n'
    )
    (endpoint,) = planned("skopeo", "1.22.0", {CONF: text}).endpoints
    assert (endpoint.host, endpoint.repository) == ("mirror.example:5000", "lib/alpine")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[registry]\n", "loading registries configuration"),
        ('[[registry]]\nlocation = "http://m.example"\n', "URI schemes are not supported"),
        ('[[registry]]\nprefix = "docker.io"\n', "cannot be empty"),
        ('[registries.search]\nregistries = ["a.b"]\n[[registry]]\nlocation = "x.y"\n', "mixing"),
        ('[registries.search]\nregistries = ["a.b"]\n[aliases]\n"a" = "b.c/d"\n', "mixing"),
        ('short-name-mode = "permissive"\n[registries.block]\nregistries = ["a.b"]\n', "mixing"),
        ('unqualified-search-registries = ["a.b/c"]\n', 'registries entry "a.b/c"'),
        ('unqualified-search-registries = ["a_b.c"]\n', 'registries entry "a_b.c"'),
        ('unqualified-search-registries = ["[::1]:5000"]\n', 'registries entry "[::1]:5000"'),
        ('[registries.search]\nregistries = ["a.b/c"]\n', 'registries entry "a.b/c"'),
        ('short-name-mode = "ask"\n', "unsupported short-name mode"),
        ('[[registry]]\nlocation = "a.b"\ninsecure = "yes"\n', "insecure: not true or false"),
    ],
)
def test_a_broken_file_stops_every_command(text: str, words: str) -> None:
    plan = planned("buildah", "1.28.2", {CONF: text})
    assert words in plan.refuses
    assert plan.endpoints == ()


def test_the_old_format_still_says_what_is_insecure() -> None:
    text = '[registries.insecure]\nregistries = ["reg.example:5000"]\n'
    plan = planned("podman", "4.3.1", {CONF: text}, reference="reg.example:5000/a")
    (endpoint,) = plan.endpoints
    assert [each.scheme for each in endpoint.attempts] == ["https", "http"]
    assert not endpoint.transport.verify
    assert [n.kind for n in plan.notes] == ["registries-conf-old-format", "verification-off"]


def test_the_old_format_is_one_where_it_names_a_registry_and_not_in_a_drop_in() -> None:
    named = '[registries.search]\nregistries = ["docker.io"]\n'
    empty = "[registries.search]\nregistries = []\n"
    mixed = f"unqualified-search-registries = []\n{named}"
    for text in (named, mixed):
        assert contacted("podman", "4.3.1", {CONF: text}, "alpine") == [UPSTREAM]
    blocked = {CONF: f'{empty}[[registry]]\nlocation = "docker.io"\nblocked = true\n'}
    assert contacted("podman", "4.3.1", blocked, ALPINE) == []
    assert contacted("podman", "4.3.1", {f"{CONF}.d/a.conf": empty}, ALPINE) == [UPSTREAM]
    plan = planned("podman", "4.3.1", {f"{CONF}.d/a.conf": named}, reference=ALPINE)
    assert "registry must be in v2 format but is in v1" in plan.refuses


def test_a_users_file_stands_in_place_of_the_systems_and_hides_its_drop_ins() -> None:
    files = {
        CONF: MIRRORS,
        f"{CONF}.d/10.conf": MIRRORS,
        "/root/.config/containers/registries.conf": "",
    }
    assert contacted("skopeo", "1.18.0", files) == [UPSTREAM]
    assert kinds("skopeo", "1.18.0", files) == ["registries-conf-hidden-by-users"] * 2


def test_podman_6_looks_in_more_places_and_masks_by_name() -> None:
    files = {
        "/usr/share/containers/registries.conf": "",
        "/usr/share/containers/registries.conf.d/10.conf": MIRRORS.replace("mirror.", "mirror2."),
        f"{CONF}.d/10.conf": MIRRORS,
        "/root/.config/containers/registries.conf.d/20.conf": 'short-name-mode = "disabled"\n',
    }
    plan = planned("podman", "6.0.0", files)
    assert plan.endpoints[0].host == "mirror.example:5000"
    assert not plan.executed
    assert planned("podman", "5.8.6", files).executed


def test_variables_that_skopeo_does_not_read_are_told() -> None:
    environment = {"CONTAINERS_REGISTRIES_CONF": "/x/r.conf"}
    plan = planned("skopeo", "1.22.0", {"/x/r.conf": MIRRORS}, env=environment)
    assert [each.host for each in plan.endpoints] == ["registry-1.docker.io"]
    assert [note.subject for note in plan.notes] == ["CONTAINERS_REGISTRIES_CONF"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("client.cert", "missing key client.key for client certificate client.cert"),
        ("client.key", "missing client certificate client.cert for key client.key"),
    ],
)
def test_half_a_pair_breaks_the_endpoint_in_the_clients_words(name: str, words: str) -> None:
    plan = planned("podman", "5.4.2", {f"{CERTS}/docker.io/{name}": "{{pem:client-a}}"})
    assert words in plan.endpoints[0].broken


def test_an_authority_under_another_name_is_told() -> None:
    files = {f"{CERTS}/mirror.example:5000/ca.pem": "{{pem:ca-mirror}}", CONF: MIRRORS}
    assert kinds("podman", "5.4.2", files) == ["certificate-file-ignored"]


def test_a_directory_without_the_port_is_told() -> None:
    files = {f"{CERTS}/mirror.example/ca.crt": "{{pem:ca-mirror}}", CONF: MIRRORS}
    (note,) = planned("podman", "5.4.2", files).notes
    assert (note.kind, note.file) == ("directory-name-differs", f"{CERTS}/mirror.example")


def test_directories_are_not_merged_and_that_is_told() -> None:
    files = {
        **TRUSTED,
        "/etc/docker/certs.d/mirror.example:5000/ca.crt": "{{pem:ca-mirror}}",
        CONF: MIRRORS,
    }
    assert kinds("podman", "5.4.2", files) == ["certificates-not-read"]


def test_a_credential_of_the_hub_never_goes_to_a_mirror() -> None:
    entry = {"auth": base64.b64encode(b"hub:secret").decode()}
    auths = json.dumps({"auths": {"docker.io": entry}})
    files = {CONF: MIRRORS, **TRUSTED, "/root/.docker/config.json": auths}
    mirror, hub = planned("podman", "5.8.6", files).endpoints
    assert mirror.credential is None
    assert hub.credential is not None
    assert "secret" not in repr(hub)


def test_a_file_of_credentials_that_is_no_json_breaks_the_endpoint() -> None:
    files = {"/run/containers/0/auth.json": "{"}
    (endpoint,) = planned("skopeo", "1.22.0", files).endpoints
    assert "reading JSON file /run/containers/0/auth.json" in endpoint.broken


def test_a_short_name_goes_to_its_alias_before_any_search() -> None:
    aliases = '[aliases]\n"foo" = "reg.example:5000/a/foo"\n'
    text = f'unqualified-search-registries = ["x.example"]\n{aliases}'
    (endpoint,) = planned("podman", "4.3.1", {CONF: text}, reference="foo:1").endpoints
    assert (endpoint.host, endpoint.repository) == ("reg.example:5000", "a/foo")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "no containers-registries.conf(5) was found"),
        ({CONF: ""}, f'no unqualified-search registries are defined in "{CONF}"'),
        (
            {
                CONF: 'unqualified-search-registries = ["docker.io"]\n',
                f"{CONF}.d/a.conf": "unqualified-search-registries = []\n",
            },
            f'no unqualified-search registries are defined in "{CONF}.d/a.conf"',
        ),
    ],
)
def test_a_short_name_without_registries_is_refused(files: dict[str, str], words: str) -> None:
    plan = planned("podman", "4.3.1", files, reference="foo")
    assert plan.refuses == f'short-name "foo" did not resolve to an alias and {words}'


@pytest.mark.parametrize(
    ("mode", "hosts"),
    [
        ("", ["mirror.example", "ghcr.io"]),
        ('short-name-mode = ""\n', ["mirror.example", "ghcr.io"]),
        ('short-name-mode = "disabled"\n', ["mirror.example", "ghcr.io"]),
        ('short-name-mode = "enforcing"\n', []),
    ],
)
def test_of_several_registries_each_is_tried_unless_a_choice_is_enforced(
    mode: str, hosts: list[str]
) -> None:
    text = f'{mode}unqualified-search-registries = ["mirror.example", "ghcr.io/"]\n'
    plan = planned("buildah", "1.28.2", {CONF: text}, reference="foo")
    assert [each.host for each in plan.endpoints] == hosts
    assert ("cannot prompt without a TTY" in plan.refuses) is (hosts == [])


def test_only_pulls_use_mirrors() -> None:
    command = f"skopeo list-tags docker://{ALPINE}"
    plan = planned("skopeo", "1.22.0", {CONF: MIRRORS, **TRUSTED}, command=command)
    assert [each.host for each in plan.endpoints] == ["registry-1.docker.io"]
    assert [note.kind for note in plan.notes] == ["mirrors-bypassed"]


def test_a_pull_ends_with_the_endpoint_that_gave_the_manifest() -> None:
    servers = [served("mirror.example:5000", "mirror", blob=404), HUB]
    found = contacted("podman", "4.3.1", {CONF: MIRRORS, **TRUSTED}, servers=servers)
    assert found == [MIRRORED]


def test_a_right_configuration_has_no_notes() -> None:
    assert kinds("podman", "5.8.6", {CONF: MIRRORS, **TRUSTED}) == []


def test_keys_may_be_in_any_letters() -> None:
    text = '[[Registry]]\nPrefix = "docker.io"\nLOCATION = "docker.io"\n'
    text += '[[Registry.Mirror]]\nLocation = "mirror.example:5000"\n'
    assert contacted("skopeo", "1.9.3", {CONF: text, **TRUSTED}, servers=PRIVATE) == [MIRRORED]
    first = '[Registries.Block]\nRegistries = ["docker.io"]\n'
    assert contacted("skopeo", "1.9.3", {CONF: first}) == []


def test_a_byte_order_mark_is_dropped_since_5_26() -> None:
    marked = {CONF: "\ufeff" + MIRRORS, **TRUSTED}
    assert contacted("skopeo", "1.18.0", marked, servers=PRIVATE) == [MIRRORED]
    assert contacted("skopeo", "1.9.3", marked, servers=PRIVATE) == []


@pytest.mark.parametrize(
    "alias",
    [
        '"foo" = "bar"',
        '"foo" = "docker.io/x/y:1"',
        '"foo" = "docker.io"',
        '"foo" = 5',
        '"foo:1" = "docker.io/x/y"',
        '"a.b/foo" = "docker.io/x/y"',
        '"localhost/foo" = "docker.io/x/y"',
        '"Foo" = "docker.io/x/y"',
    ],
)
def test_an_alias_that_is_none_stops_everything(alias: str) -> None:
    plan = planned("podman", "4.3.1", {CONF: f"[aliases]\n{alias}\n"}, reference=ALPINE)
    assert "aliases" in plan.refuses


@pytest.mark.parametrize(
    ("name", "value"),
    [("foo", "docker.io/x/y"), ("a/b-c", "localhost/x"), ("f.o", "h:5000/x"), ("foo", "[::1]/x")],
)
def test_an_alias_names_a_registry(name: str, value: str) -> None:
    text = f'[aliases]\n"{name}" = "{value}"\n'
    assert planned("podman", "4.3.1", {CONF: text}, reference=ALPINE).refuses == ""


def test_what_a_user_chose_at_a_terminal_counts_before_the_files() -> None:
    cache = "/var/cache/containers/short-name-aliases.conf"
    files = {
        CONF: 'unqualified-search-registries = ["reg.example:5000"]\n'
        '[aliases]\n"foo" = "ghcr.io/a/foo"\n',
        cache: '[aliases]\n"foo" = "mirror.example:5000/b/foo"\n',
    }
    plan = planned("podman", "4.3.1", files, reference="foo")
    assert [each.host for each in plan.endpoints] == ["mirror.example:5000"]
    files[cache] = '[aliases]\n"foo" = ""\n'
    plan = planned("podman", "4.3.1", files, reference="foo")
    assert [each.host for each in plan.endpoints] == ["reg.example:5000"]
