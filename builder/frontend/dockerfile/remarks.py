"""What the text of a Dockerfile gives rise to say, before any variable is known.

Whether it is said is the linter's to decide (``builder.frontend.dockerfile.lint``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from builder.events import SourceRange
from builder.frontend.dockerfile import instructions as ins
from builder.frontend.dockerfile.lexical import runes
from builder.frontend.dockerfile.parser import Node
from builder.frontend.dockerfile.rules import Remark

_RESERVED_STAGES = ("context", "scratch")
_FROM_AS_NAME = 3


def on_continuations(lines: Iterable[int]) -> Iterator[Remark]:
    """Lines that are empty in the midst of an instruction."""
    for line in lines:
        yield Remark("NoEmptyContinuation", "Empty continuation line", (SourceRange(line, line),))


def on_node(node: Node) -> Iterator[Remark]:
    """An instruction, before it is read: it may turn out to be wrong."""
    if node.keyword == "maintainer":
        message = "Maintainer instruction is deprecated in favor of using label"
        yield Remark("MaintainerDeprecated", message, node.ranges, node.comments)
    elif node.keyword == "from":
        yield from _on_from(node)


def _on_from(node: Node) -> Iterator[Remark]:
    if len(node.words) == _FROM_AS_NAME and node.words[2] != runes(node.words[2]).lower():
        message = f"Stage name '{node.words[2]}' should be lowercase"
        yield Remark("StageNameCasing", message, node.ranges, node.comments)
    cased = {node.command.lower(): str.lower, node.command.upper(): str.upper}.get(node.command)
    if len(node.words) < _FROM_AS_NAME or cased is None:
        return
    keyword = node.words[1]
    if keyword != cased(keyword):
        message = f"'{keyword}' and '{node.command}' keywords' casing do not match"
        yield Remark("FromAsCasing", message, node.ranges, node.comments)


def on_instruction(read: ins.Instruction) -> Iterator[Remark]:
    """The comment right above ARG and FROM says what it is for, and begins with the name."""
    match read:
        case ins.From() if read.name:
            names = [read.name]
        case ins.Arg():
            names = [arg.key for arg in read.args]
        case _:
            return
    comments = read.written.comments
    if not comments or comments[-1].partition(" ")[0] in names:
        return
    example = names[0] if len(names) == 1 else "<arg_key>"
    message = (
        f"Comment for {read.written.keyword.upper()} should follow the format: "
        f"`# {example} <description>`"
    )
    yield Remark("InvalidDefinitionDescription", message, read.written.ranges, comments)


def on_stages(stages: Sequence[ins.Stage]) -> Iterator[Remark]:
    """The names of the stages, and the casing of all keywords."""
    yield from _on_names(stages)
    yield from _on_casing(stages)


def _on_names(stages: Sequence[ins.Stage]) -> Iterator[Remark]:
    seen: set[str] = set()
    for stage in stages:
        name, ranges = stage.start.name, stage.start.written.ranges
        if name in _RESERVED_STAGES:
            message = f'Stage name should not use the same name as reserved stage "{name}"'
            yield Remark("ReservedStageName", message, ranges)
        if name and name in seen:
            message = f'Duplicate stage name "{name}", stage names should be unique'
            yield Remark("DuplicateStageName", message, ranges)
        seen.add(name)


def _on_casing(stages: Sequence[ins.Stage]) -> Iterator[Remark]:
    written = [i.written for s in stages for i in (s.start, *s.commands)]
    lower = sum(w.keyword == w.keyword.lower() for w in written)
    upper = sum(w.keyword == w.keyword.upper() for w in written)
    cased, majority = (str.lower, "lowercase") if lower > upper else (str.upper, "uppercase")
    for place in written:
        if place.keyword != cased(place.keyword):
            message = (
                f"Command '{place.keyword}' should match the case of the command majority "
                f"({majority})"
            )
            yield Remark("ConsistentInstructionCasing", message, place.ranges)
