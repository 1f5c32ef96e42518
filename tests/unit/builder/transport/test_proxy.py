"""Proxies by the rules of Go."""

import pytest

from builder.transport import Endpoint, InvalidProxy, Proxy, ProxyRules

PROXY = {"HTTPS_PROXY": "http://proxy.example:3128", "HTTP_PROXY": "http://plain.example:3128"}


def through(url: str, **env: str) -> str:
    proxy = ProxyRules(env).proxy_for(Endpoint.parse(url))
    return proxy.url if proxy else ""


def test_each_scheme_has_its_own_variable() -> None:
    assert through("https://reg.example", **PROXY) == "http://proxy.example:3128"
    assert through("http://reg.example", **PROXY) == "http://plain.example:3128"
    assert through("https://reg.example", HTTP_PROXY="http://x:1") == ""
    assert through("https://reg.example", ALL_PROXY="http://x:1") == ""


def test_the_upper_case_name_wins_and_the_lower_case_one_counts_alone() -> None:
    assert through("https://r.example", HTTPS_PROXY="http://a:1", https_proxy="http://b:2") == (
        "http://a:1"
    )
    assert through("https://r.example", https_proxy="http://b:2") == "http://b:2"


def test_http_proxy_is_ignored_in_a_cgi_environment() -> None:
    assert through("http://r.example", REQUEST_METHOD="GET", **PROXY) == ""
    assert through("https://r.example", REQUEST_METHOD="GET", **PROXY) != ""


@pytest.mark.parametrize(
    ("no_proxy", "url", "direct"),
    [
        ("ghcr.io", "https://ghcr.io", True),
        ("ghcr.io", "https://sub.ghcr.io:5000", True),
        ("GHCR.io ", "https://ghcr.io", True),
        ("hcr.io", "https://ghcr.io", False),
        ("io", "https://ghcr.io", True),
        (".ghcr.io", "https://ghcr.io", False),
        (".ghcr.io", "https://sub.ghcr.io", True),
        ("*.ghcr.io", "https://ghcr.io", False),
        ("*.io", "https://ghcr.io", True),
        ("ghcr.io:443", "https://ghcr.io", True),
        ("ghcr.io:443", "https://ghcr.io:5000", False),
        ("ghcr.io:5000", "https://ghcr.io:5000", True),
        ("https://ghcr.io", "https://ghcr.io", False),
        ("*", "https://ghcr.io", True),
        ("a.example, ,ghcr.io", "https://ghcr.io", True),
        ("10.0.0.0/8", "https://10.1.2.3:5000", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.0.0.0/8", "https://ten.example", False),
        ("10.1.2.3", "https://10.1.2.3", True),
        ("10.1.2.3:443", "https://10.1.2.3:5000", False),
        ("[fd00::1]:5000", "https://[fd00::1]:5000", True),
        ("fd00::/8", "https://[fd00::1]", True),
        ("", "https://localhost:5000", True),
        ("", "https://127.0.0.1:5000", True),
        ("", "https://[::1]:5000", True),
        ("", "https://ghcr.io", False),
    ],
)
def test_no_proxy_is_read_as_go_reads_it(no_proxy: str, url: str, direct: bool) -> None:
    assert (through(url, NO_PROXY=no_proxy, **PROXY) == "") is direct


def test_a_value_without_scheme_is_an_http_proxy_with_default_port() -> None:
    assert Proxy.parse("proxy.example:3128").url == "http://proxy.example:3128"
    assert Proxy.parse("https://proxy.example").url == "https://proxy.example:443"


def test_credentials_are_taken_out_of_the_address_and_never_shown() -> None:
    proxy = Proxy.parse("http://user:p%40ss@proxy.example:3128")
    assert proxy.credential == ("user", "p@ss")
    assert "p@ss" not in repr(proxy)
    assert "user" not in proxy.url


@pytest.mark.parametrize("text", ["ftp://x", "http://", "http://h:port"])
def test_an_address_that_is_none_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(InvalidProxy) as caught:
        Proxy.parse(text.replace("//", "//u:secret@"))
    assert "secret" not in str(caught.value)
