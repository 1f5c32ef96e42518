"""hosts.toml and certs.d, seen through ctr."""

from __future__ import annotations

import pytest

from regdoctor.clients.filesystem import Filesystem
from regdoctor.clients.hosts_toml import configured, containerd_rules
from regdoctor.clients.version import version as parse
from regdoctor.observations.host import FileSeen, HostFiles
from tests.replay.scene import HUB, MIRROR, REGISTRY, contacted, planned, served

ROOT = "/etc/containerd/certs.d"
IMAGE = "reg.example:5000/a/img:latest"
TOML = f"{ROOT}/docker.io/hosts.toml"
CTR = f"ctr images pull --hosts-dir {ROOT} X"
OLD = ["1.6.20", "1.7.24"]
NEW = ["2.1.9", "2.2.7"]
EVERY = OLD + NEW
UPSTREAM = "https://registry-1.docker.io/v2/library/alpine yes"
MIRRORED = "https://mirror.example:5000/v2/library/alpine?ns=docker.io yes"

every = pytest.mark.parametrize("version", EVERY)


def hub(version: str, text: str, *servers: dict[str, object], **files: str) -> list[str]:
    named = {path.replace("__", "/"): content for path, content in files.items()}
    return contacted(
        "ctr", version, {TOML: text, **named}, servers=servers or (HUB, MIRROR), command=CTR
    )


def test_a_host_table_with_skip_verify_takes_any_certificate_and_no_plain_http() -> None:
    text = '[host."https://mirror.example:5000"]\nskip_verify = true\n'
    private = served("mirror.example:5000", "mirror")
    assert hub("2.1.9", text, HUB, private) == [MIRRORED]
    plain = served("mirror.example:5000")
    assert hub("2.1.9", text, HUB, plain) == ["https://mirror.example:5000 no", UPSTREAM]


@pytest.mark.parametrize("version", ["1.7.24", "2.1.9"])
def test_http_with_tls_settings_is_tried_as_https_first(version: str) -> None:
    text = '[host."http://mirror.example:5000"]\nskip_verify = true\n'
    assert hub(version, text, HUB, served("mirror.example:5000")) == [
        "https://mirror.example:5000 no",
        "http://mirror.example:5000/v2/library/alpine?ns=docker.io",
    ]


def test_before_1_6_25_http_stays_http() -> None:
    text = '[host."http://mirror.example:5000"]\nskip_verify = true\n'
    assert hub("1.6.20", text, HUB, served("mirror.example:5000")) == [
        "http://mirror.example:5000/v2/library/alpine?ns=docker.io"
    ]


@every
def test_skip_verify_at_the_root_is_not_for_the_mirrors(version: str) -> None:
    text = 'skip_verify = true\n[host."https://mirror.example:5000"]\n'
    assert hub(version, text, HUB, served("mirror.example:5000", "mirror")) == [
        "https://mirror.example:5000 no",
        UPSTREAM,
    ]


@every
def test_a_server_behind_a_host_table_belongs_to_that_table(version: str) -> None:
    text = '[host."https://mirror.example:5000"]\nserver = "https://reg.example:5000"\n'
    refusing = {**MIRROR, "manifest": 404}
    assert hub(version, text, HUB, refusing, REGISTRY) == [MIRRORED, UPSTREAM]


@every
def test_the_note_tells_of_a_server_in_the_wrong_place(version: str) -> None:
    text = '[host."https://mirror.example:5000"]\nserver = "https://reg.example:5000"\n'
    plan = planned("ctr", version, {TOML: text}, command=CTR)
    assert [(note.kind, note.subject) for note in plan.notes] == [("setting-ignored", "server")]


@every
def test_a_file_that_does_not_parse_drops_every_mirror_and_is_told(version: str) -> None:
    plan = planned("ctr", version, {TOML: '[host."https://mirror.example:5000"\n'}, command=CTR)
    assert [each.host for each in plan.endpoints] == ["registry-1.docker.io"]
    assert [note.kind for note in plan.notes] == ["hosts-toml-does-not-parse"]


@pytest.mark.parametrize(
    "broken",
    [
        'capabilities = ["fetch"]',
        'capabilities = "pull"',
        'skip_verify = "yes"',
        "ca = 5",
        'client = [["a", "b", "c"]]',
        'header = "x"',
    ],
)
@every
def test_a_wrong_type_or_an_unknown_capability_drops_the_file(version: str, broken: str) -> None:
    text = f'[host."https://mirror.example:5000"]\n{broken}\n'
    assert hub(version, text) == [UPSTREAM]


def test_a_dial_timeout_that_is_none_drops_the_file_where_it_is_read() -> None:
    text = '[host."https://mirror.example:5000"]\ndial_timeout = "soon"\n'
    assert hub("1.7.24", text) == [MIRRORED]
    assert hub("2.1.9", text) == [UPSTREAM]
    good = '[host."https://mirror.example:5000"]\ndial_timeout = "1m30.5s"\n'
    assert hub("2.1.9", good) == [MIRRORED]


@pytest.mark.parametrize("version", OLD)
def test_without_a_host_table_1_x_reads_nothing(version: str) -> None:
    assert hub(version, 'server = "https://mirror.example:5000"\n') == [UPSTREAM]


@pytest.mark.parametrize("version", NEW)
def test_without_a_host_table_2_x_takes_the_server(version: str) -> None:
    assert hub(version, 'server = "https://mirror.example:5000"\n') == [MIRRORED]


def test_comments_alone_hide_the_certificates_from_2_x_only() -> None:
    files = {
        f"{ROOT}/reg.example:5000/hosts.toml": "# nothing\n",
        f"{ROOT}/reg.example:5000/ca.crt": "{{pem:ca-reg}}",
    }

    def trusted(version: str) -> bool:
        lines = contacted("ctr", version, files, IMAGE, command=CTR)
        return lines[0].endswith("yes")

    assert [trusted(version) for version in EVERY] == [True, True, False, False]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://mirror.example:5000", "/v2/library/alpine"),
        ("https://mirror.example:5000/", "/v2/library/alpine"),
        ("https://mirror.example:5000/proxy", "/proxy/v2/library/alpine"),
        ("https://mirror.example:5000/proxy/", "/proxy/v2/library/alpine"),
        ("https://mirror.example:5000/v2", "/v2/library/alpine"),
        ("https://mirror.example:5000/v2/proxy", "/v2/proxy/v2/library/alpine"),
        ("https://mirror.example:5000/proxy/v2", "/proxy/v2/library/alpine"),
    ],
)
@every
def test_v2_stands_behind_the_path(version: str, url: str, path: str) -> None:
    assert hub(version, f'[host."{url}"]\n') == [
        f"https://mirror.example:5000{path}?ns=docker.io yes"
    ]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://mirror.example:5000", "/library/alpine"),
        ("https://mirror.example:5000/v2/proxy/", "/v2/proxy/library/alpine"),
    ],
)
@every
def test_override_path_takes_the_path_as_it_is(version: str, url: str, path: str) -> None:
    assert hub(version, f'[host."{url}"]\noverride_path = true\n') == [
        f"https://mirror.example:5000{path}?ns=docker.io yes"
    ]


@pytest.mark.parametrize(
    ("files", "trusted"),
    [
        ({"reg.example_5000_/ca.crt": "{{pem:ca-reg}}"}, True),
        ({"reg.example_5000_/x.txt": "", "reg.example:5000/ca.crt": "{{pem:ca-reg}}"}, False),
        ({"_default/ca.crt": "{{pem:ca-reg}}"}, True),
        ({"reg.example:5000/x.txt": "", "_default/ca.crt": "{{pem:ca-reg}}"}, False),
        ({"reg.example/ca.crt": "{{pem:ca-reg}}"}, False),
        ({"reg.example:5000/ca.pem": "{{pem:ca-reg}}"}, False),
        ({"reg.example:5000/ca.crt": "{{pem:ca-other+ca-reg}}"}, True),
    ],
)
@every
def test_the_first_directory_that_exists_counts(
    version: str, files: dict[str, str], trusted: bool
) -> None:
    below = {f"{ROOT}/{path}": text for path, text in files.items()}
    lines = contacted("ctr", version, below, IMAGE, command=CTR)
    assert lines[0].endswith("yes") is trusted


def test_default_is_known_since_1_6_17() -> None:
    files = {f"{ROOT}/_default/ca.crt": "{{pem:ca-reg}}"}
    lines = contacted("ctr", "1.6.16", files, IMAGE, command=CTR)
    assert lines == ["https://reg.example:5000 no"]


def test_a_crt_without_a_certificate_breaks_the_pull() -> None:
    files = {f"{ROOT}/reg.example:5000/ca.crt": "nothing\n"}
    plan = planned("ctr", "1.7.24", files, IMAGE, command=CTR)
    assert plan.refuses == f'unable to load CA cert "{ROOT}/reg.example:5000/ca.crt"'


def test_a_dangling_link_breaks_the_pull() -> None:
    plan = planned(
        "ctr",
        "2.1.9",
        {f"{ROOT}/reg.example:5000/b.crt": "{{pem:ca-reg}}"},
        IMAGE,
        command=CTR,
        prepare=f"ln -s /nonexistent {ROOT}/reg.example:5000/a.crt",
    )
    assert plan.refuses.endswith("/a.crt: no such file or directory")


def test_ctr_without_hosts_dir_reads_no_directory() -> None:
    files = {f"{ROOT}/reg.example:5000/ca.crt": "{{pem:ca-reg}}"}
    lines = contacted("ctr", "1.7.24", files, IMAGE, command="ctr i pull X")
    assert lines == ["https://reg.example:5000 no"]


def test_tls_flags_of_ctr_2_want_local() -> None:
    command = "ctr images pull --local --skip-verify reg.example:5000/a/img"
    lines = contacted("ctr", "2.1.9", {}, IMAGE, command=command)
    assert lines == ["https://reg.example:5000/v2/a/img yes"]


def test_a_ca_on_the_command_line_takes_the_place_of_the_systems() -> None:
    def lines(server: dict[str, object], text: str) -> list[str]:
        files = {"/x/r.pem": "{{pem:ca-reg}}", f"{ROOT}/reg.example:5000/hosts.toml": text}
        command = f"ctr images pull --hosts-dir {ROOT} --tlscacert /x/r.pem X"
        return contacted("ctr", "1.7.24", files, IMAGE, [server], command=command)

    public = served("reg.example:5000", "reg-pub")
    assert lines(REGISTRY, "") == ["https://reg.example:5000/v2/a/img yes"]
    assert lines(public, "") == ["https://reg.example:5000 no"]
    beside = '[host."https://reg.example:5000"]\nca = "/etc/ssl/certs/ca-certificates.crt"\n'
    assert lines(public, beside) == ["https://reg.example:5000/v2/a/img yes"]


def test_a_certificate_on_the_command_line_wants_its_key() -> None:
    command = "ctr images pull --tlscert /x/c.pem reg.example:5000/a/img"
    plan = planned("ctr", "1.7.24", {}, IMAGE, command=command)
    assert plan.refuses == "flags --tlscert and --tlskey must be set together"


@pytest.mark.parametrize("version", ["1.7.24", "2.1.9"])
def test_plain_http_of_ctr(version: str) -> None:
    lines = contacted(
        "ctr",
        version,
        {},
        IMAGE,
        (served("reg.example:5000"),),
        command="ctr images pull --plain-http reg.example:5000/a/img",
    )
    assert lines == ["http://reg.example:5000/v2/a/img"]


def test_a_redirect_keeps_the_trust_of_the_registry_and_no_own_directory() -> None:
    redirecting = {**REGISTRY, "blob_redirect": "https://blobs.example/store"}
    storage = served("blobs.example:443", "blobs", store="any")
    files = {
        f"{ROOT}/reg.example:5000/ca.crt": "{{pem:ca-reg}}",
        f"{ROOT}/blobs.example/ca.crt": "{{pem:ca-blobs}}",
    }
    lines = contacted("ctr", "2.1.9", files, IMAGE, (redirecting, storage), command=CTR)
    assert lines == ["https://reg.example:5000/v2/a/img yes", "https://blobs.example no"]


@pytest.mark.parametrize(
    ("version", "port", "trusted"),
    [
        ("1.6.20", "5000", "yes"),
        ("1.6.20", "80", "yes"),
        ("2.1.9", "5000", "yes"),
        ("2.1.9", "80", "no"),
    ],
)
def test_what_a_registry_on_loopback_redirects_to_is_not_verified_either(
    version: str, port: str, trusted: str
) -> None:
    redirecting = served(f"localhost:{port}", blob_redirect="https://blobs.example/store")
    storage = served("blobs.example:443", "blobs", store="any")
    lines = contacted("ctr", version, {}, f"localhost:{port}/img:1", (redirecting, storage))
    assert lines[-1] == f"https://blobs.example {trusted}"


def test_to_be_told_of_plain_http_is_to_verify_redirects_in_new_releases_alone() -> None:
    redirecting = served("localhost:5000", blob_redirect="https://blobs.example/store")
    storage = served("blobs.example:443", "blobs", store="any")
    for version, trusted in (("1.6.20", "yes"), ("1.7.24", "no")):
        lines = contacted(
            "ctr",
            version,
            {},
            "localhost:5000/img:1",
            (redirecting, storage),
            command="ctr images pull --plain-http localhost:5000/img:1",
        )
        assert lines[-1] == f"https://blobs.example {trusted}"


def test_the_port_443_is_its_own_key_and_a_loopback_port_decides_the_scheme() -> None:
    https = served("localhost:443", "loop")
    assert contacted("ctr", "1.7.24", {}, "localhost/img:latest", (https,)) == [
        "https://localhost/v2/img yes"
    ]
    assert contacted("ctr", "1.6.20", {}, "localhost:443/img:latest", (https,)) == [
        "http://localhost:443"
    ]


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("alpine", "object required"),
        ("alpine:latest", 'parse "dummy://alpine:latest": invalid port ":latest" after host'),
        ("docker.io/library/alpine", "object required"),
    ],
)
def test_ctr_wants_the_whole_reference(reference: str, words: str) -> None:
    plan = planned("ctr", "1.7.24", {}, reference)
    assert plan.refuses == f'failed to resolve reference "{reference}": {words}'


def test_ctr_adds_no_library() -> None:
    assert contacted("ctr", "2.1.9", {}, "docker.io/alpine:latest") == [
        "https://registry-1.docker.io/v2/alpine yes"
    ]


TABLE = '[host."https://mirror.example:5000"]\n'
NO_HEADER = [
    'host = {"https://mirror.example:5000" = {skip_verify = false}}\n',
    '[host]\n"https://mirror.example:5000" = {skip_verify = false}\n',
    'host."https://mirror.example:5000".skip_verify = false\n',
]


@pytest.mark.parametrize("text", NO_HEADER)
def test_a_mirror_without_a_header_of_its_own_is_one_for_1_x_alone(text: str) -> None:
    assert [hub(version, text) for version in OLD] == [[MIRRORED], [MIRRORED]]
    assert [hub(version, text) for version in NEW] == [[UPSTREAM], [UPSTREAM]]
    plan = planned("ctr", "2.1.9", {TOML: text}, command=CTR)
    assert [(note.kind, note.subject) for note in plan.notes] == [
        ("setting-ignored", "https://mirror.example:5000")
    ]


@pytest.mark.parametrize(
    "before", [TABLE, '[host]\n"https://mirror.example:5000".skip_verify = false\n']
)
def test_a_table_in_a_line_comes_first_in_1_x(before: str) -> None:
    header = "" if before.startswith("[host]") else "[host]\n"
    text = f'{before}{header}"https://mirror2.example:5000" = {{skip_verify = false}}\n'
    plan = planned("ctr", "1.7.24", {TOML: text}, command=CTR)
    hosts = [each.host for each in plan.endpoints[:-1]]
    assert hosts == ["mirror2.example:5000", "mirror.example:5000"]


@every
def test_a_subtable_is_enough_of_a_header(version: str) -> None:
    text = '[host."https://mirror.example:5000".header]\nx = "y"\n'
    assert hub(version, text) == [MIRRORED]


def test_a_host_that_is_taken_up_again_is_asked_once_more_by_2_x() -> None:
    other = '[host."https://mirror2.example:5000"]\n'
    text = TABLE + other + '[host."https://mirror.example:5000".header]\nx = "y"\n'
    plans = [planned("ctr", version, {TOML: text}, command=CTR) for version in ("1.7.24", "2.1.9")]
    assert [[each.host for each in plan.endpoints[:-1]] for plan in plans] == [
        ["mirror.example:5000", "mirror2.example:5000"],
        ["mirror.example:5000", "mirror2.example:5000", "mirror.example:5000"],
    ]


@pytest.mark.parametrize("key", ["skip_verify", "SKIP_VERIFY", "Skip_Verify"])
def test_keys_in_capitals_are_read_by_all_and_in_mixed_letters_by_2_x(key: str) -> None:
    text = f"{TABLE}{key} = true\n"
    private = served("mirror.example:5000", "mirror")
    skipped = [hub(version, text, HUB, private) == [MIRRORED] for version in EVERY]
    assert skipped == [key != "Skip_Verify"] * 2 + [True, True]


@pytest.mark.parametrize(
    "text",
    ["\ufeff" + TABLE, TABLE.replace("\n", "\r"), "# \u00e9\n".encode("latin1") + TABLE.encode()],
)
def test_1_x_takes_texts_that_are_no_toml(text: str | bytes) -> None:
    content = text if isinstance(text, bytes) else text.encode()
    files = Filesystem(HostFiles({TOML: FileSeen(content)}, {f"{ROOT}/docker.io": ("hosts.toml",)}))
    read = [
        configured(files, f"{ROOT}/docker.io", containerd_rules(parse(version))).tables
        for version in EVERY
    ]
    assert read == [True, True, False, False]


@every
def test_crlf_and_comments_do_not_matter(version: str) -> None:
    text = "# a mirror\r\n" + TABLE.replace("\n", " # here\r\n") + "\tskip_verify = false\r\n"
    assert hub(version, text) == [MIRRORED]


@every
@pytest.mark.parametrize(
    "url", ["https://mirror.example:5000x", "https://mirror example:5000", "https://m/%zz"]
)
def test_what_is_no_url_drops_the_file(version: str, url: str) -> None:
    plan = planned("ctr", version, {TOML: f'{TABLE}[host."{url}"]\n'}, command=CTR)
    assert [note.kind for note in plan.notes] == ["hosts-toml-does-not-parse"]


@every
@pytest.mark.parametrize("url", ["httphost", "httpd.example:5000", "https://"])
def test_a_url_without_a_host_is_passed_over(version: str, url: str) -> None:
    assert hub(version, f'[host."{url}"]\n{TABLE}') == [MIRRORED]


def test_1_x_cannot_read_a_bracket_in_the_name_of_a_table() -> None:
    text = f'[host."https://[fd00::1]:5000"]\n{TABLE}'
    assert hub("1.7.24", text) == [UPSTREAM]
    assert planned("ctr", "2.1.9", {TOML: text}, command=CTR).endpoints[0].host == "[fd00::1]:5000"


@every
def test_user_and_query_of_a_url_are_dropped(version: str) -> None:
    plan = planned(
        "ctr", version, {TOML: '[host."https://u:p@mirror.example:5000/x?y=1"]\n'}, command=CTR
    )
    assert plan.endpoints[0].url == "https://mirror.example:5000/x/v2"


@every
def test_a_directory_named_like_a_certificate_is_none(version: str) -> None:
    directory = f"{ROOT}/reg.example:5000"
    files = {f"{directory}/ca.crt": "{{pem:ca-reg}}"}
    more = {"command": CTR.replace("X", IMAGE), "empty_dirs": [f"{directory}/d.crt"]}
    assert contacted("ctr", version, files, IMAGE, **more) == [
        "https://reg.example:5000/v2/a/img yes"
    ]


@every
def test_a_file_in_the_place_of_the_root_breaks_the_pull(version: str) -> None:
    plan = planned("ctr", version, {ROOT: "x"}, IMAGE, command=CTR.replace("X", IMAGE))
    assert plan.refuses.endswith("not a directory")
