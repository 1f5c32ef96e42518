"""Strings as Go prints them with %q; the expected ones are what Go 1.27 printed."""

import pytest

from builder.oci.goquote import go_quote


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", '""'),
        ("/bin/sh -c exit 3", '"/bin/sh -c exit 3"'),
        ('say "a"\\n\n\tb', '"say \\"a\\"\\\\n\\n\\tb"'),
        ("\x00\x7f\x1b", '"\\x00\\x7f\\x1b"'),
        ("é日\u200b\U0001f600", '"é日\\u200b😀"'),
        ("\udcff", '"\\xff"'),
    ],
)
def test_it_is_quoted(text: str, quoted: str) -> None:
    assert go_quote(text) == quoted
