"""JSON as Go writes it."""

from builder.oci import gojson


def test_json_is_compact_and_escaped_as_go_does() -> None:
    assert gojson.dumps({"b": "<a&b>", "a": ["\u2028", "é", 1, True, None]}) == (
        '{"b":"\\u003ca\\u0026b\\u003e","a":["\\u2028","é",1,true,null]}'.encode()
    )


def test_json_with_indent_has_no_final_newline() -> None:
    assert gojson.dumps({"a": [1], "b": {}}, indent=2) == b'{\n  "a": [\n    1\n  ],\n  "b": {}\n}'
