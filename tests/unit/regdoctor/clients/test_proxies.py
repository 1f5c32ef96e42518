"""Go's ProxyFromEnvironment."""

from __future__ import annotations

import pytest

from regdoctor.clients.proxies import from_environment

PROXY = "http://proxy.example:3128"
GO = (1, 24)


def proxied(url: str, no_proxy: str) -> bool:
    scheme, _, authority = url.partition("://")
    environment = {"HTTPS_PROXY": PROXY, "HTTP_PROXY": PROXY, "NO_PROXY": no_proxy}
    return bool(from_environment(environment, GO).proxy_of(scheme, authority))


@pytest.mark.parametrize(
    ("no_proxy", "url", "expected"),
    [
        ("ghcr.io", "https://ghcr.io", False),
        ("ghcr.io", "https://ghcr.io:5000", False),
        ("ghcr.io", "https://x.ghcr.io", False),
        (".ghcr.io", "https://ghcr.io", True),
        (".ghcr.io", "https://x.ghcr.io", False),
        ("*.ghcr.io", "https://ghcr.io", True),
        ("*.io", "https://ghcr.io", False),
        (".io", "https://ghcr.io", False),
        ("io", "https://ghcr.io", False),
        ("hcr.io", "https://ghcr.io", True),
        ("ghcr.io:443", "https://ghcr.io", False),
        ("ghcr.io:80", "https://ghcr.io", True),
        ("ghcr.io:80", "http://ghcr.io", False),
        ("GHCR.IO", "https://ghcr.io", False),
        ("https://ghcr.io", "https://ghcr.io", True),
        ("a, ghcr.io ,b", "https://ghcr.io", False),
        ("*", "https://ghcr.io", False),
        ("10.77.0.0/16", "https://10.77.0.30:5000", False),
        ("10.77.0.0/16", "https://reg.example:5000", True),
        ("10.77.0.30", "https://10.77.0.30:5000", False),
        ("10.77.0.30:5000", "https://10.77.0.30:5000", False),
        ("10.77.0.30:443", "https://10.77.0.30:5000", True),
        ("example", "https://reg.example", False),
        ("", "https://localhost:5000", False),
        ("", "https://127.0.0.2", False),
        ("", "https://[::1]:5000", False),
        ("", "https://loop.example", True),
    ],
)
def test_no_proxy(no_proxy: str, url: str, expected: bool) -> None:
    assert proxied(url, no_proxy) is expected


def test_upper_case_wins_and_a_scheme_is_added() -> None:
    environment = {"HTTPS_PROXY": "proxy.example:1", "https_proxy": "proxy.example:2"}
    assert from_environment(environment, GO).proxy_of("https", "a") == "http://proxy.example:1"
    environment = {"https_proxy": "proxy.example:2"}
    assert from_environment(environment, GO).proxy_of("https", "a") == "http://proxy.example:2"


def test_http_proxy_is_for_http_but_for_old_go() -> None:
    environment = {"HTTP_PROXY": PROXY}
    assert from_environment(environment, GO).proxy_of("https", "a") == ""
    assert from_environment(environment, GO).proxy_of("http", "a") == PROXY
    assert from_environment(environment, (1, 15)).proxy_of("https", "a") == PROXY


def test_http_proxy_is_not_read_in_a_cgi_and_all_proxy_never() -> None:
    environment = {"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET", "ALL_PROXY": PROXY}
    proxies = from_environment(environment, GO)
    assert proxies.proxy_of("http", "a") == proxies.proxy_of("https", "a") == ""
