"""Words: quoting, expansion, splitting, and that nothing else than a typed error escapes."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.frontend.dockerfile.errors import ShellWordError
from builder.frontend.dockerfile.shell import MAX_EXPANDED, Lexer
from builder.oci.goquote import go_quote

ENV = {
    "x": "value",
    "empty": "",
    "path": "/usr/lib/lib.tar.gz",
    "spaces": "a b  c",
    "star": "a*b",
    "D": "$x",
}


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("$x", "value"),
        ("${x}y", "valuey"),
        ("$xy", ""),
        ("$unset-$x", "-value"),
        ("${unset:-w}", "w"),
        ("${empty:-w}", "w"),
        ("${empty-w}", ""),
        ("${unset-w}", "w"),
        ("${x:+w}", "w"),
        ("${empty:+w}", ""),
        ("${empty+w}", "w"),
        ("${unset+w}", ""),
        ("${unset:-${x}}", "value"),
        ("${unset:-'a}b'}", "a}b"),
        ("${x:?m}", "value"),
        ("${empty?m}", ""),
        ("${path#*/}", "usr/lib/lib.tar.gz"),
        ("${path##*/}", "lib.tar.gz"),
        ("${path%.*}", "/usr/lib/lib.tar"),
        ("${path%%.*}", "/usr/lib/lib"),
        ("${path%/*}", "/usr/lib"),
        ("${x#v?l}", "ue"),
        ("${x#nomatch}", "value"),
        (r"${star#a\*}", "b"),
        ("${path/lib/LIB}", "/usr/LIB/lib.tar.gz"),
        ("${path//lib/LIB}", "/usr/LIB/LIB.tar.gz"),
        (r"${path//\//:}", ":usr:lib:lib.tar.gz"),
        ("${path/l*b/X}", "/usr/X.tar.gz"),
        ("${path//[a-z]/X}", "/usr/lib/lib.tar.gz"),
        ("'$x'", "$x"),
        ('"$x"', "value"),
        (r"\$x", "$x"),
        (r'"\$x \" \n"', r'$x " \n'),
        (r"a\ b", "a b"),
        ("$", "$"),
        ("$$", ""),
        ("$1$", "$"),
        ("$%", "$%"),
        ("D=$D", "D=$x"),
        ("end\\", "end"),
        ("日本$x", "日本value"),
    ],
)
def test_a_word_expands(word: str, expected: str) -> None:
    assert Lexer().word(word, ENV) == expected


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("${x", "syntax error: missing '}'|unsupported modifier"),
        ("${", "syntax error: missing '}'"),
        ("${}", "syntax error: bad substitution"),
        ("${{x}}", "syntax error: bad substitution"),
        ("${:x}", "syntax error: bad substitution"),
        ("${x:#v}", r"unsupported modifier \(:#\) in substitution"),
        ("${x:%v}", r"unsupported modifier \(:%\) in substitution"),
        ("${x:=y}", r"unsupported modifier \(:=\) in substitution"),
        ("${x^y}", r"unsupported modifier \(\^\) in substitution"),
        ("${unset:?gone}", "unset: gone"),
        ("${unset?}", "unset: is not allowed to be unset"),
        ("${empty:?}", "empty: is not allowed to be empty"),
        ("'open", "looking for matching single-quote"),
        ('"open', "looking for matching double-quote"),
        ("${x/y", "missing '/' in"),
        ("${x/y/", "syntax error: missing '}'"),
        (r"${x#\a}", r"invalid pattern \(\\a\) in substitution: invalid escape '\\a'"),
        ("${a:-" * 200 + "}" * 200, "nested deeper"),
    ],
)
def test_a_bad_word_is_refused(word: str, message: str) -> None:
    with pytest.raises(ShellWordError, match=message):
        Lexer().word(word, ENV)


def test_the_error_names_the_word() -> None:
    with pytest.raises(ShellWordError) as caught:
        Lexer().word('${x:?"}', {})
    assert str(caught.value).startswith('failed to process "${x:?\\"}": ')


def test_words_are_split_after_expansion_unless_quoted() -> None:
    assert Lexer().split('$spaces "$spaces" d', ENV) == ["a", "b", "c", "a b  c", "d"]


def test_what_stands_before_a_default_is_lost_to_its_word() -> None:
    expansion = Lexer().expand("80${none:-8} 9$x 7${x:+6}5", ENV)
    assert expansion.text == "808 9value 765"
    assert expansion.words == ["8", "9value", "65"]


def test_the_replacement_of_all_matches_is_a_template() -> None:
    assert Lexer().word("${star//[ab]/x}", ENV) == "a*b"
    assert Lexer().word("${spaces//?/<'$0${0}'>}", ENV) == "<aa><  ><bb><  ><  ><cc>"
    assert Lexer().word("${spaces//b/'$1$name$$'}", ENV) == "a $  c"
    assert Lexer().word("${spaces/b/'$0'}", ENV) == "a $0  c"


def test_bytes_that_are_no_utf8_and_a_mark_of_their_order_are_read_as_go_reads_them() -> None:
    assert Lexer().word("\ufeffa\udce9\ufeff", ENV) == "a\ufffd\ufeff"
    assert go_quote("a\udce9") == '"a\\xe9"'


def test_blanks_after_a_heredoc_mark_stay_in_its_word() -> None:
    assert Lexer().split("a << E <b <<\vF", {}) == ["a", "<< E", "<b", "<<", "F"]


def test_a_backtick_escapes_where_the_file_says_so() -> None:
    lexer = Lexer(escape="`")
    assert lexer.word("C:\\$x `$x", ENV) == "C:\\value $x"


def test_unset_variables_can_be_left_as_they_stand() -> None:
    lexer = Lexer(skip_unset=True, raw_quotes=True)
    text = "echo '$x' \"$x\" $no ${no} ${no:-d} ${no/a/b}"
    assert lexer.word(text, ENV) == "echo '$x' \"value\" $no ${no} ${no:-d} ${no/a/b}"


def test_matched_and_unmatched_variables_are_told() -> None:
    expansion = Lexer().expand("$x ${gone:-$empty}", ENV)
    assert (expansion.matched, expansion.unmatched) == ({"x", "empty"}, {"gone"})


def test_a_pattern_full_of_stars_does_not_hang() -> None:
    started = time.monotonic()
    pattern = "*a" * 30 + "b"
    assert Lexer().word("${v#" + pattern + "}", {"v": "a" * 2000}) == "a" * 2000
    assert time.monotonic() - started < 5


@given(st.text(alphabet="${}:-+?#%/'\"\\ ax*[]\n", max_size=40), st.booleans(), st.booleans())
def test_any_text_expands_or_raises_shell_word_error(text: str, raw: bool, skip: bool) -> None:
    lexer = Lexer(raw_quotes=raw, raw_escapes=raw, skip_unset=skip)
    with suppress(ShellWordError):
        lexer.expand(text, {"a": "*x/", "x": "a\na"})


@given(st.text(max_size=20))
def test_text_in_single_quotes_is_itself(text: str) -> None:
    text = text.replace("'", "")
    assert Lexer().word(f"'{text}'", ENV) == text


def test_go_quotes_like_percent_q() -> None:
    assert go_quote('a"\\\n\t\x01é\u200b') == '"a\\"\\\\\\n\\t\\x01é\\u200b"'


def test_variables_that_grow_out_of_each_other_end_in_an_error() -> None:
    lexer, env = Lexer(), {"a": "x" * 100}
    while len(env["a"]) * 10 <= MAX_EXPANDED:
        env["a"] = lexer.word("$a" * 10, env)
    with pytest.raises(ShellWordError, match="expand to more than"):
        lexer.word("$a" * 11, env)
    env = {"a": "x" * MAX_EXPANDED, "b": "y" * 1000}
    with pytest.raises(ShellWordError, match="too long a replacement"):
        lexer.word("${a//x/$b}", env)
