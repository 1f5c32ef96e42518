"""``daemon.json``, and when dockerd does not start with it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from regdoctor.clients.docker_daemon import Daemon, DoesNotStart, Mirror, read_daemon
from regdoctor.clients.plan import Situation
from regdoctor.clients.version import version
from regdoctor.observations.host import FileSeen, HostFiles

FILE = "/etc/docker/daemon.json"


def situation(content: Any, number: str = "24.0.9", **more: Any) -> Situation:
    text = content if isinstance(content, str) else json.dumps(content)
    files = HostFiles({FILE: FileSeen(text.encode())}, home="/home/u")
    return Situation("docker-pull", version(number), "alpine", **{"files": files, **more})


def read(content: Any, number: str = "24.0.9") -> Daemon:
    return read_daemon(situation(content, number))


def refusal(content: Any, number: str = "24.0.9") -> str:
    with pytest.raises(DoesNotStart) as caught:
        read(content, number)
    return str(caught.value)


def mirrors(*urls: str) -> dict[str, Any]:
    return {"registry-mirrors": list(urls)}


def test_nothing_is_configured_where_there_is_no_file() -> None:
    daemon = read_daemon(Situation("docker-pull", version("29"), "alpine", HostFiles()))
    assert daemon == Daemon(FILE, "/etc/docker/certs.d")


def test_an_empty_file_and_a_byte_order_mark_are_fine_since_23() -> None:
    assert read(" \n").mirrors == ()
    assert read('\ufeff{"registry-mirrors": ["https://m"]}').mirrors[0].host == "m"
    wide = FileSeen('{"registry-mirrors": ["https://m"]}'.encode("utf-16"))
    found = read_daemon(situation("", files=HostFiles({FILE: wide})))
    assert found.mirrors[0].host == "m"
    assert refusal(" \n", "20.10.24").endswith("daemon.json: EOF")
    assert "daemon.json: " in refusal("\ufeff{}", "20.10.24")


def test_what_follows_the_first_value_counts_since_23() -> None:
    content = '{"registry-mirrors": ["https://m"]} }'
    assert read(content, "20.10.24").mirrors[0].host == "m"
    assert "daemon.json: " in refusal(content, "23.0.6")


def test_null_is_no_setting_and_numbers_that_json_does_not_know_are_an_error() -> None:
    assert read("null").mirrors == ()
    assert "daemon.json: " in refusal('{"mtu": NaN}')


@pytest.mark.parametrize("key", ["registry-mirror", "insecure-registry"])
def test_a_flag_of_the_command_line_is_accepted_and_ignored(key: str) -> None:
    daemon = read({key: ["https://m:5000"]}, "20.10.24")
    assert (daemon.mirrors, daemon.insecure, daemon.ignored) == ((), (), (key,))


def test_proxies_at_the_top_are_ignored_since_23_and_unknown_before() -> None:
    daemon = read({"https-proxy": "http://p:1"})
    assert (daemon.proxies, daemon.ignored) == ({}, ("https-proxy",))
    assert refusal({"https-proxy": "http://p:1"}, "20.10.24").endswith(": https-proxy")


@pytest.mark.parametrize("url", ["https://m:5000x", "https://m m", "https://m/%zz"])
def test_a_mirror_has_to_be_a_url(url: str) -> None:
    assert f'"{url}" is not a valid URI' in refusal(mirrors(url), "20.10.24")


def test_a_daemon_without_root_has_the_files_of_its_user() -> None:
    files = HostFiles(
        {"/home/u/.config/docker/daemon.json": FileSeen(b'{"registry-mirrors": ["https://m"]}')},
        home="/home/u",
    )
    daemon = read_daemon(Situation("docker-pull", version("28"), "alpine", files, uid=1000))
    assert [each.host for each in daemon.mirrors] == ["m"]
    assert daemon.certificates == "/home/u/.config/docker/certs.d"


@pytest.mark.parametrize(("uid", "started"), [(1000, {}), (0, {"ROOTLESSKIT_STATE_DIR": "/run"})])
def test_the_user_may_keep_its_configuration_elsewhere(uid: int, started: dict[str, str]) -> None:
    moved = Situation(
        "docker-pull",
        version("28"),
        "alpine",
        HostFiles(home="/home/u"),
        {"XDG_CONFIG_HOME": "/conf", **started},
        uid=uid,
    )
    assert read_daemon(moved).file == "/conf/docker/daemon.json"


def test_a_mirror_is_taken_apart_and_asked_once() -> None:
    assert read(mirrors("https://m:5000/", "https://m:5000", "http://n/p/")).mirrors == (
        Mirror("https://m:5000", "https", "m:5000", ""),
        Mirror("http://n/p/", "http", "n", "/p"),
    )


def test_a_mirror_without_a_host_is_nobody() -> None:
    assert read(mirrors("https://", "https:///x", "https://m")).mirrors == (
        Mirror("https://m", "https", "m", ""),
    )


@pytest.mark.parametrize(
    ("number", "starts"),
    [("19.03.15", False), ("23.0.6", False), ("24.0.7", False), ("24.0.8", True), ("25", True)],
)
def test_a_mirror_has_a_path_since_24_0_8(number: str, starts: bool) -> None:
    if starts:
        assert read(mirrors("https://m/proxy"), number).mirrors[0].path == "/proxy"
    else:
        assert "path, query, or fragment" in refusal(mirrors("https://m/proxy"), number)


def test_a_mirror_has_no_query_and_no_fragment() -> None:
    expected = 'query or fragment at end of the URI "https://m/?x"'
    assert expected in refusal(mirrors("https://m/?x"), "28.5.2")
    assert "query or fragment" in refusal(mirrors("https://m/#x"))


def test_a_mirror_has_no_user_and_the_password_is_not_repeated() -> None:
    why = refusal(mirrors("https://u:secret@m"))
    assert "username/password not allowed" in why
    assert "secret" not in why


@pytest.mark.parametrize(
    ("written", "number", "why"),
    [
        ("m.example:5000", "26.1.5", 'unsupported scheme "m.example" in "m.example:5000"'),
        ("m.example", "26.1.5", 'unsupported scheme "" in "m.example"'),
        ("10.0.0.1:5000", "26.1.5", "is not a valid URI"),
        ("m.example:5000", "28.5.2", 'no scheme specified for "m.example:5000"'),
        ("ftp://m", "28.5.2", "must use either"),
    ],
)
def test_a_mirror_has_the_scheme_http_or_https(written: str, number: str, why: str) -> None:
    assert why in refusal(mirrors(written), number)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("{", "unable to configure the Docker daemon with file /etc/docker/daemon.json"),
        ("[]", "no JSON object"),
        ({"registry-mirrors": "https://m"}, "`registry-mirrors` is not a list of strings"),
        ({"insecure-registries": [1]}, "`insecure-registries` is not a list of strings"),
        ({"proxies": {"https-proxy": 1}}, "`proxies` is not a table of strings"),
        ({"insecureRegistries": ["m"]}, "don't match any configuration option: insecureRegistries"),
        ({"registry_mirrors": []}, "don't match any configuration option: registry_mirrors"),
        ({"Registry-Mirrors": []}, "don't match any configuration option: Registry-Mirrors"),
        ({"proxies": {"HTTPS_PROXY": "x"}}, "configuration option: HTTPS_PROXY"),
    ],
)
def test_dockerd_does_not_start_with_a_wrong_file(content: Any, why: str) -> None:
    assert why in refusal(content)


def test_options_that_do_not_concern_registries_are_left_alone() -> None:
    assert read({"log-driver": "journald", "experimental": True}).mirrors == ()


def test_proxies_stand_in_the_file_since_23() -> None:
    settings = {"proxies": {"https-proxy": "http://p", "http-proxy": "", "no-proxy": "x"}}
    assert read(settings, "23.0.0").proxies == {"HTTPS_PROXY": "http://p", "NO_PROXY": "x"}
    assert "configuration option: https-proxy" in refusal(settings, "20.10.24")


@pytest.mark.parametrize(
    ("settings", "containerd"),
    [
        ({}, None),
        ({"features": {"containerd-snapshotter": True}}, True),
        ({"features": {"containerd-snapshotter": False}}, False),
        ({"storage-driver": "vfs"}, False),
        ({"storage-driver": "overlayfs"}, None),
    ],
)
def test_the_image_store_is_what_the_file_says(
    settings: dict[str, Any], containerd: bool | None
) -> None:
    assert read(settings).containerd is containerd
