"""Endpoints: parsing, default ports, loopback."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.transport import Endpoint, InvalidEndpoint


@pytest.mark.parametrize(
    ("text", "url", "port"),
    [
        ("registry.example", "https://registry.example", 443),
        ("registry.example:5000", "https://registry.example:5000", 5000),
        ("http://Registry.Example:80/v2/", "http://registry.example", 80),
        ("https://registry.example:443", "https://registry.example", 443),
        ("http://registry.example:443", "http://registry.example:443", 443),
        ("[::1]:5000", "https://[::1]:5000", 5000),
        ("https://user:secret@registry.example/x", "https://registry.example", 443),
    ],
)
def test_a_default_port_is_left_out_and_any_other_stays(text: str, url: str, port: int) -> None:
    endpoint = Endpoint.parse(text)
    assert endpoint.url == url
    assert endpoint.port == port


@pytest.mark.parametrize(
    "text", ["", "https://", "ftp://x", "host:port", "host:99999", "a b", "file:///etc/passwd"]
)
def test_what_names_no_host_is_refused(text: str) -> None:
    with pytest.raises(InvalidEndpoint):
        Endpoint.parse(text)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("[::1]", True),
        ("localhost.example", False),
        ("128.0.0.1", False),
    ],
)
def test_loopback_is_a_literal_or_localhost(host: str, expected: bool) -> None:
    assert Endpoint.parse(f"{host}:5000").loopback is expected


@given(st.text(max_size=40))
def test_parsing_never_fails_otherwise_than_by_its_own_error(text: str) -> None:
    try:
        endpoint = Endpoint.parse(text)
    except InvalidEndpoint:
        return
    assert Endpoint.parse(endpoint.url) == endpoint
