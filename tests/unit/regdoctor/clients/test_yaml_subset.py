"""The YAML of registries.yaml."""

from __future__ import annotations

import pytest

from regdoctor.clients.yaml_subset import NotUnderstood, loads

K3S = """\
# registries of the node
mirrors:
  "docker.io":
    endpoint:
      - "https://mirror.example:5000"   # first
      - https://other.example/v2/proxy
    rewrite:
      "^(.*)$": "proj/$1"
  '*':
    endpoint: [https://all.example, "http://plain.example:80"]
configs:
  mirror.example:5000:
    auth: {username: u, password: 'it''s'}
    tls:
      insecure_skip_verify: true
      ca_file: /x/ca.pem
  empty:
"""


def test_a_file_as_people_write_it() -> None:
    assert loads(K3S) == {
        "mirrors": {
            "docker.io": {
                "endpoint": ["https://mirror.example:5000", "https://other.example/v2/proxy"],
                "rewrite": {"^(.*)$": "proj/$1"},
            },
            "*": {"endpoint": ["https://all.example", "http://plain.example:80"]},
        },
        "configs": {
            "mirror.example:5000": {
                "auth": {"username": "u", "password": "it's"},
                "tls": {"insecure_skip_verify": True, "ca_file": "/x/ca.pem"},
            },
            "empty": None,
        },
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("---\n", None),
        ("# nothing\n", None),
        ("a: 1\nb: -2\n", {"a": 1, "b": -2}),
        ("a: no # comment\n", {"a": "no"}),
        ("a: x#y\n", {"a": "x#y"}),
        ("a: 'x # y'\n", {"a": "x # y"}),
        ("a: ~\nb: False\n", {"a": None, "b": False}),
        ("a:\n- 1\n- 2\nb: c\n", {"a": [1, 2], "b": "c"}),
        ("- a: 1\n  b: 2\n- c\n", [{"a": 1, "b": 2}, "c"]),
        ("-\n  a: 1\n", [{"a": 1}]),
        ("a: {}\nb: []\n", {"a": {}, "b": []}),
        ("a: {b: {c: [d, e]}, f: }\n", {"a": {"b": {"c": ["d", "e"]}, "f": None}}),
        ('a: "\\u0041\\n"\n', {"a": "A\n"}),
        ("a: http://x:5000/v2\n", {"a": "http://x:5000/v2"}),
        ("a: {u: http://x:5000}\n", {"a": {"u": "http://x:5000"}}),
    ],
)
def test_values(text: str, value: object) -> None:
    assert loads(text) == value


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\na: 2\n", 2),
        ("a:\n\tb: 1\n", 2),
        ("a: &x 1\n", 1),
        ("a: |\n  text\n", 1),
        ("a: [1, 2\n", 1),
        ("a: [1] 2\n", 1),
        ("a: 1\n---\nb: 2\n", 2),
        ("a: 1\n   b: 2\n", 2),
        ("a: 'x\n", 1),
        ('a: "x\n', 1),
        ("a: 1\njust words\n", 2),
    ],
)
def test_what_is_refused_and_where(text: str, line: int) -> None:
    with pytest.raises(NotUnderstood) as caught:
        loads(text)
    assert caught.value.line == line
