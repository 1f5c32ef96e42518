"""Lines: directives, comments, continuations, heredocs, flags; and every error's place."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.frontend.dockerfile import DockerfileError, parse
from builder.frontend.dockerfile import instructions as ins
from builder.frontend.dockerfile.directives import detect_syntax
from builder.frontend.dockerfile.duration import format_duration, parse_duration
from builder.frontend.dockerfile.errors import ParseError
from builder.frontend.dockerfile.parser import parse_heredoc, parse_text, split_words
from builder.frontend.dockerfile.suggest import edit_distance, suggestion


def first(source: str) -> ins.Instruction:
    """The first instruction after ``FROM x``."""
    return parse(b"FROM x\n" + source.encode()).stages[0].commands[0]


def lines(instruction: ins.Instruction) -> list[int]:
    return [r.start for r in instruction.written.ranges]


def test_a_continued_instruction_keeps_its_physical_lines() -> None:
    run = first("RUN a \\\n  # a comment\n\n  b \\  \n c\n")
    assert isinstance(run, ins.Run)
    assert run.command == ("a   b  c",)
    assert lines(run) == [2, 3, 4, 5, 6]


def test_blank_lines_in_a_continuation_are_remembered() -> None:
    (remark,) = parse(b"FROM x\nRUN a \\\n\n b\n").remarks
    assert (remark.rule, remark.ranges[0].start) == ("NoEmptyContinuation", 4)


def test_a_line_that_is_too_long_is_told_of_after_what_is_wrong_before_it() -> None:
    with pytest.raises(ParseError, match="greater than max allowed size of 65535") as caught:
        parse_text(b"FROM x\n# " + b"x" * 65534 + b"\nRUN y\n")
    assert [r.start for r in caught.value.ranges] == [1]
    with pytest.raises(ParseError, match="unterminated heredoc"):
        parse_text(b"RUN <<E\n" + b"x" * 65536 + b"\nE\n")
    assert len(parse_text(b"FROM x\n# " + b"x" * 65533 + b"\nRUN y\n").nodes) == 2


def test_an_error_before_any_instruction_is_counted_as_buildkit_counts() -> None:
    with pytest.raises(ParseError, match="invalid escape token") as caught:
        parse_text(b"# check=skip=all\n# escape=x\nFROM x\n")
    assert [r.start for r in caught.value.ranges] == [1]
    with pytest.raises(ParseError, match="file with no instructions") as caught:
        parse_text(b"\xef\xbb\xbf\n# x\n\n")
    assert [r.start for r in caught.value.ranges] == [3]


def test_the_first_character_of_a_comment_goes_be_it_a_blank() -> None:
    assert parse_text(b"  # a b\n# c\nFROM x\n").nodes[0].comments == ("# a b", "c")


def test_flags_are_read_byte_by_byte() -> None:
    node = parse_text("COPY --chown=xà b c\n".encode()).nodes[0]
    assert node.flags == ("--chown=xÃ",)
    assert node.words == ("b", "c")
    escaped = parse_text(b"# escape=`\nRUN --network=no`ne --x=\\ y\n").nodes[0]
    assert escaped.flags == ("--network=none", "--x=\\")


def test_a_number_that_go_cannot_hold_makes_no_array() -> None:
    assert parse_text(b"CMD [1e999]\n").nodes[0].words == ("[1e999]",)


def test_a_heredoc_whose_name_cannot_be_read_is_an_error() -> None:
    with pytest.raises(ParseError, match="looking for matching double-quote"):
        parse_text(b'RUN ${a#"x <<b" y}\n')


def test_a_doubled_escape_does_not_continue_a_line() -> None:
    text = parse_text(b"RUN a \\\\\nRUN b\n")
    assert [node.words for node in text.nodes] == [("a \\\\",), ("b",)]


def test_the_escape_directive_changes_what_continues_a_line() -> None:
    file = parse(b"# escape=`\nFROM x\nRUN a `\n b\nRUN C:\\\n")
    runs = [c for c in file.stages[0].commands if isinstance(c, ins.Run)]
    assert [run.command for run in runs] == [("a  b",), ("C:\\",)]
    assert file.escape == "`"


def test_directives_end_with_the_first_other_line() -> None:
    assert parse_text(b"\n# escape=`\nFROM x\n").escape == "\\"
    assert parse_text(b"# hello\n# escape=`\nFROM x\n").escape == "\\"
    assert parse_text(b"# syntax=a\n#  ESCAPE = `\nFROM x\n").escape == "`"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("# escape=x\nFROM a", "invalid escape token 'x' does not match ` or \\"),
        ("# escape=`\n# escape=`\nFROM a", "only one escape parser directive can be used"),
        ("", "the Dockerfile cannot be empty"),
        ("# nothing\n\n", "file with no instructions"),
        ("ARG a\n", "dockerfile contains no stages to build"),
        ("FROM a\nRUN <<E\nx", "unterminated heredoc"),
        ("FROM a\nENV k", "ENV must have two arguments"),
        ("FROM a\nLABEL k=v w", 'can\'t find = in "w"'),
        ('FROM a\nRUN ["a", 1]', "arrays must be comprised of strings only"),
        ("FROM a\nRUN " + "x" * 65536, "dockerfile line greater than max allowed size of 65535"),
        ("FROM a\nfoo x", "line 2: unknown instruction: foo"),
        ("FROM a\ncopyy x", "unknown instruction: copyy (did you mean copy?)"),
        ("FROM a b c", "FROM requires either one or three arguments"),
        ("FROM a\nWORKDIR", "line 2: WORKDIR requires exactly one argument"),
        ("FROM a\nARG", "ARG requires at least one argument"),
        ("FROM a\nARG =1", "ARG names can not be blank"),
        ("FROM a\nCOPY x <<E\nE\n", "COPY cannot accept a heredoc as a destination"),
        ("FROM a\nCOPY --chmd=1 x y", "unknown flag: --chmd (did you mean chmod?)"),
        ("FROM a\nCOPY --from=a --from=b x y", "duplicate flag specified: --from"),
        ("FROM a\nCOPY --from x y", "missing a value on flag: --from"),
        ("FROM a\nCOPY --link=maybe x y", "expecting boolean value for flag --link, not: maybe"),
        ("FROM a\nONBUILD ONBUILD RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
        ("FROM a\nONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger"),
        ("FROM a\nSHELL bash", "SHELL requires the arguments to be in JSON form"),
        ("FROM a\nHEALTHCHECK NONE x", "HEALTHCHECK NONE takes no arguments"),
        ("FROM a\nHEALTHCHECK FOO x", 'Unknown type "FOO" in HEALTHCHECK (try CMD)'),
        ("FROM a\nHEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD"),
        ("FROM a\nHEALTHCHECK --retries=-1 CMD x", "--retries cannot be negative (-1)"),
        ("FROM a\nHEALTHCHECK --timeout=5 CMD x", 'time: missing unit in duration "5"'),
        ("FROM a\nRUN --mount=type=bind,from=$x,target=/y z", "doesn't support variable"),
        ("FROM a\nRUN --security=x y", "security"),
    ],
)
def test_a_bad_file_is_refused_in_buildkits_words(source: str, message: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        parse(source.encode())
    assert message in str(caught.value)


def test_an_error_carries_the_lines_of_its_instruction() -> None:
    with pytest.raises(ParseError) as caught:
        parse(b"FROM x\nRUN a\nRUNN b \\\n c\n")
    assert [r.start for r in caught.value.ranges] == [3, 4]
    assert str(caught.value).startswith("dockerfile parse error on line 3: ")


def test_heredocs_are_read_one_after_another() -> None:
    copy = first("COPY <<a.txt <<-'b.txt' /x/\n\tone\na.txt\n\t\ttwo $x\n\tb.txt\nRUN y\n")
    assert isinstance(copy, ins.Copy)
    assert copy.inline == (
        ins.InlineFile("a.txt", "\tone\n", expand=True),
        ins.InlineFile("b.txt", "two $x\n", expand=False),
    )
    assert lines(copy) == [2, 3, 4, 5, 6]


def test_blanks_may_stand_before_the_name_of_a_heredoc() -> None:
    run = first("RUN cat <<  E > /x && cat <<F\na\nE\nb\nF\n")
    assert isinstance(run, ins.Run)
    assert [(h.name, h.content) for h in run.heredocs] == [("E", "a\n"), ("F", "b\n")]
    alone = first("RUN << E\na\nE\n")
    assert isinstance(alone, ins.Run)
    assert alone.command == ("<< E",)


def test_a_shift_with_blanks_reads_as_a_heredoc_and_says_so() -> None:
    assert isinstance(first("RUN echo $((1<<2))"), ins.Run)
    with pytest.raises(ParseError, match="unterminated heredoc") as caught:
        first("RUN echo $((1 << 2))")
    assert "shift" in caught.value.hint


def test_an_empty_comment_ends_what_is_said_about_an_instruction() -> None:
    nodes = parse_text(b"FROM x\n# one\n#\n# two\nRUN a\n").nodes
    assert nodes[1].comments == ("two",)


@pytest.mark.parametrize("word", ["<<", "<<<x", "x<<y", "<<'a", "<< ", "a"])
def test_what_is_no_heredoc(word: str) -> None:
    assert parse_heredoc(word) is None


def test_a_heredoc_in_a_trigger_is_kept_whole() -> None:
    trigger = first("ONBUILD RUN <<E\n a\nE\n")
    assert isinstance(trigger, ins.OnBuild)
    assert trigger.expression == "RUN <<E\n a\nE"


def test_a_json_array_holds_no_heredoc() -> None:
    run = first('RUN ["cat", "<<E"]\nRUN x\n')
    assert isinstance(run, ins.Run)
    assert (run.command, run.shell) == (("cat", "<<E"), False)


def test_broken_json_falls_back_to_the_shell_form() -> None:
    run = first("RUN ['a', 'b']")
    assert isinstance(run, ins.Run)
    assert (run.command, run.shell) == (("['a', 'b']",), True)


def test_flags_end_at_two_dashes() -> None:
    run = first("RUN --network=none -- --not-a-flag")
    assert isinstance(run, ins.Run)
    assert (run.network, run.command) == ("none", ("--not-a-flag",))


def test_bytes_that_are_no_utf8_survive() -> None:
    copy = parse(b"FROM x\nCOPY <<E /y\n\xff\xfe\nE\n").stages[0].commands[0]
    assert isinstance(copy, ins.Copy)
    assert copy.inline[0].data.encode(errors="surrogateescape") == b"\xff\xfe\n"


def test_carriage_returns_end_with_their_line() -> None:
    run = parse(b"FROM x\r\nRUN a \\\r\n b\r\n").stages[0].commands[0]
    assert isinstance(run, ins.Run)
    assert run.command == ("a  b",)


def test_words_keep_quotes_and_escapes() -> None:
    assert split_words("a=\"x y\" b='\\' c=d\\ e f=", "\\") == [
        'a="x y"',
        "b='\\'",
        "c=d\\ e",
        "f=",
    ]


@pytest.mark.parametrize(
    ("source", "value", "line"),
    [
        (b"# syntax=img:1 --flag\nFROM x", "img:1 --flag", 1),
        (b"#!/usr/bin/x\n# syntax = img\n", "img", 2),
        (b"\xef\xbb\xbf# syntax=img\n", "img", 1),
        (b"// syntax=img\nanything", "img", 1),
        (b'{"syntax": "img"}', "img", 1),
        (b"# check=skip=all\n# syntax=img\n", "img", 2),
    ],
)
def test_the_syntax_is_found_in_every_form(source: bytes, value: str, line: int) -> None:
    found = detect_syntax(source)
    assert found is not None
    assert (found.value, found.line) == (value, line)


@pytest.mark.parametrize("source", [b"FROM x\n# syntax=y", b"{", b'{"syntax": 1}', b"[1]", b""])
def test_no_syntax_is_made_up(source: bytes) -> None:
    assert detect_syntax(source) is None


@pytest.mark.parametrize(
    ("text", "nanoseconds", "shown"),
    [
        ("1m30s", 90 * 10**9, "1m30s"),
        ("1.5s", 1_500_000_000, "1.5s"),
        ("2h", 7200 * 10**9, "2h0m0s"),
        ("250ms", 250_000_000, "250ms"),
        ("3us", 3000, "3µs"),
        ("0", 0, "0s"),
        ("-1s", -(10**9), "-1s"),
        (".5m", 30 * 10**9, "30s"),
    ],
)
def test_durations_read_and_print_as_in_go(text: str, nanoseconds: int, shown: str) -> None:
    assert parse_duration(text) == nanoseconds
    assert format_duration(nanoseconds) == shown


def test_suggestions_are_near_and_in_the_case_of_the_word() -> None:
    assert edit_distance("kitten", "sitting") == 3
    assert suggestion("RUNN", ["run", "from"], case_sensitive=False) == " (did you mean RUN?)"
    assert suggestion("run", ["RUN"], case_sensitive=False) == ""
    assert suggestion("abcdef", ["xyz"], case_sensitive=True) == ""


@given(st.binary(max_size=300))
def test_any_bytes_parse_or_raise_dockerfile_error(data: bytes) -> None:
    with suppress(DockerfileError):
        parse(data)


PIECES = st.sampled_from(
    (
        *("FROM a", "RUN ", "COPY ", "--from=b", "<<E", "E", "\n", "\\\n", '["a"]', "$x", "ENV a="),
        *(" ", "ONBUILD ", "HEALTHCHECK CMD ", "# escape=`", "`\n", "--mount=type=cache,", "'"),
        *('"', "=", "\t"),
    )
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_mix_of_pieces_parses_or_raises_dockerfile_error(text: str) -> None:
    with suppress(DockerfileError):
        parse(text.encode())
