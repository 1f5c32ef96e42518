"""COPY and ADD: files from a context, a stage, an image, a URL, a repository or a heredoc."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from builder.frontend.dockerfile import gourl
from builder.frontend.dockerfile import instructions as ins
from builder.frontend.dockerfile.dispatch import Step
from builder.frontend.dockerfile.errors import DockerfileError, IgnorePatternError
from builder.frontend.dockerfile.gitref import GitRef, git_source, parse_git_ref
from builder.frontend.dockerfile.naming import INTERNAL, described, expanded, located
from builder.frontend.dockerfile.owners import chown_option, mode_option
from builder.frontend.dockerfile.paths import (
    absolute,
    base,
    below_root,
    clean,
    contains_wildcards,
    join,
    normalized,
    without_drive,
)
from builder.frontend.dockerfile.shell import Lexer
from builder.llb.definition import OpMetadata, ProgressGroup
from builder.llb.ops import Copy, MkFile, SourceOp
from builder.llb.state import FileStep, FileVertex, MergeVertex, Output, SourceVertex
from builder.oci.digest import HEX_LENGTH, Digest, InvalidDigest, has_grammar
from builder.oci.goquote import go_quote

_HEREDOC_LEXER = Lexer(quotes=False)


def copy(step: Step, instruction: ins.Copy) -> None:
    source, used = step.conversion.contexts.main.output(), step.state.context_paths
    root: Output | None = source
    from_context = not step.command.sources
    if not from_context:
        stage = step.command.sources[0]
        if not stage.dispatched:
            raise DockerfileError(
                f"cannot copy from stage {go_quote(instruction.from_)}, it needs to be defined "
                f"before current stage {go_quote(step.state.stage_name)}"
            )
        root, used = stage.root.output, stage.paths
    copying = _Copying.of(step, instruction, root, check_ignored=from_context)
    for path in copying.sources:
        if _remote(path) is not None:
            raise DockerfileError("source can't be a git ref for COPY")
        if _is_http(path):
            raise DockerfileError("source can't be a URL for COPY")
        copying.local(path, parents=instruction.parents, unpack=False)
    copying.finish("COPY", link=instruction.link, parents=instruction.parents)
    used.update(below_root(path) for path in copying.sources)


def add(step: Step, instruction: ins.Add) -> None:
    source = step.conversion.contexts.main.output()
    copying = _Copying.of(step, instruction, source, check_ignored=True)
    checksum = copying.checksum
    _check_checksum(checksum, copying.sources)
    keep_git_dir = instruction.keep_git_dir
    for path in copying.sources:
        git = _remote(path)
        if git is not None:
            # What one repository says of itself holds for those after it.
            keep_git_dir, checksum = _agreed(git, keep_git_dir, checksum)
            copying.git(replace(git, keep_git_dir=keep_git_dir, checksum=checksum, mtime=""))
        elif _is_http(path):
            copying.http(path, checksum, unpack=instruction.unpack or False)
        else:
            unpack = True if instruction.unpack is None else instruction.unpack
            copying.local(path, parents=False, unpack=unpack)
    copying.finish("ADD", link=instruction.link)
    step.state.context_paths.update(
        below_root(path) for path in copying.sources if not _is_http(path)
    )


def _check_checksum(checksum: str, sources: list[str]) -> None:
    if not checksum:
        return
    if len(sources) != 1:
        raise DockerfileError("checksum can't be specified for multiple sources")
    if not _is_http(sources[0]) and not _is_git(sources[0]):
        raise DockerfileError("checksum requires HTTP(S) or Git sources")


def _agreed(git: GitRef, keep_git_dir: bool | None, checksum: str) -> tuple[bool | None, str]:
    """What a repository and the flags say of ``.git`` and of the commit."""
    if None not in (keep_git_dir, git.keep_git_dir) and keep_git_dir != git.keep_git_dir:
        raise DockerfileError("inconsistent keep-git-dir configuration")
    if checksum and git.checksum and checksum != git.checksum:
        raise DockerfileError(f"checksum mismatch {go_quote(checksum)} != {go_quote(git.checksum)}")
    keep = keep_git_dir if git.keep_git_dir is None else git.keep_git_dir
    return keep, git.checksum or checksum


def _is_http(path: str) -> bool:
    return path.startswith(("http://", "https://"))


def _is_git(path: str) -> bool:
    """Also of a path that could be a repository."""
    try:
        return parse_git_ref(path) is not None
    except DockerfileError:
        return False


def _remote(path: str) -> GitRef | None:
    found = parse_git_ref(path)
    return None if found is None or found.like_a_path else found


def _base_name(url: str) -> str:
    """The name that a download gets: the last part of the URL's path."""
    try:
        path = gourl.parse(url).path
    except gourl.UrlError:
        path = ""
    name = base(path)
    return "__unnamed__" if name in ("/", ".") else name


def _digest(text: str) -> str:
    """``text``, which must be a digest: the words are those of opencontainers/go-digest."""
    try:
        return str(Digest(text))
    except InvalidDigest as error:
        algorithm, _, encoded = text.partition(":")
        length = HEX_LENGTH.get(algorithm)
        if length is None and has_grammar(text):
            raise DockerfileError("unsupported digest algorithm") from error
        if length is not None and encoded and len(encoded) != length:
            raise DockerfileError("invalid checksum digest length") from error
        raise DockerfileError("invalid checksum digest format") from error


class _Copying(Struct):
    """One COPY or ADD on its way to a file vertex."""

    step: Step
    instruction: ins.Copying
    root: Output | None
    check_ignored: bool
    sources: list[str]
    dest: str
    written_dest: str
    chown: str
    chmod: tuple[int, str]
    written_chmod: str
    checksum: str
    inline: list[tuple[str, str]]
    name: str
    steps: list[FileStep] = field(default_factory=list)
    _counted: bool = False

    @classmethod
    def of(
        cls, step: Step, instruction: ins.Copying, root: Output | None, *, check_ignored: bool
    ) -> _Copying:
        chown, chmod = step.expand(instruction.chown), step.expand(instruction.chmod)
        checksum = step.expand(instruction.checksum) if isinstance(instruction, ins.Add) else ""
        sources = [step.expand(path) for path in instruction.sources]
        written_dest = step.expand(instruction.dest)
        inline = [
            (file.path, step.expand(file.data, _HEREDOC_LEXER) if file.expand else file.data)
            for file in instruction.inline
        ]
        return cls(
            step,
            instruction,
            root,
            check_ignored,
            sources,
            normalized(step.state.root.cwd, written_dest, keep_slash=True, os=step.platform.os),
            written_dest,
            chown,
            mode_option(chmod),
            chmod,
            checksum,
            inline,
            expanded(step.conversion.lexer, step.code, step.env),
        )

    def _action(self, src: str, **more: Any) -> Copy:
        """What all that is copied has in common, and ``more`` fields of it."""
        mode, symbolic = self.chmod
        return Copy(
            src=src,
            dest=self.dest,
            owner=chown_option(self.chown) if self.chown else None,
            mode=mode,
            mode_str=symbolic,
            create_dest_path=True,
            timestamp=-1,
            exclude_patterns=self.instruction.exclude,
            **more,
        )

    def _add(self, action: Copy, source: Output | None) -> None:
        self.steps.append(FileStep(action, source))

    def local(self, path: str, *, parents: bool, unpack: bool) -> None:
        """A path of the context, a stage or an image; wildcards may match nothing."""
        self._remark_ignored(path)
        include: tuple[str, ...] = ()
        required: tuple[str, ...] = ()
        if parents:
            head, pivot, pattern = path.partition("/./")
            path, pattern = (head, pattern) if pivot else ("/", path)
            pattern = self._absolute(pattern)
            include = (pattern.removeprefix("/"),)
            if not contains_wildcards(path) and not contains_wildcards(pattern):
                required = (self._absolute(join(path, pattern)),)
        action = self._action(
            clean(self._absolute(path)),
            follow_symlink=True,
            dir_copy_contents=True,
            attempt_unpack=unpack,
            allow_wildcard=True,
            allow_empty_wildcard=True,
            include_patterns=include,
            required_paths=required,
        )
        self._add(action, self.root)

    def _absolute(self, path: str) -> str:
        try:
            return absolute(path, self.step.platform.os)
        except DockerfileError as error:
            raise DockerfileError(f"removing drive letter: {error}") from error

    def _remark_ignored(self, path: str) -> None:
        matcher = self.step.conversion.ignored
        path = clean(path)
        # With exceptions nothing is certain: a file below may be let in again.
        try:
            ignored = matcher.ignores_root if path in (".", "/") else matcher.matches(path)
        except IgnorePatternError:
            return  # the transfer of the context will tell
        if self.check_ignored and not matcher.has_exceptions and ignored:
            command = self.step.keyword.capitalize()
            self.step.linter.warn(
                "CopyIgnoredFile",
                f"Attempting to {command} file {go_quote(path)} that is excluded by .dockerignore",
                self.step.ranges,
            )

    def http(self, url: str, checksum: str, *, unpack: bool) -> None:
        filename = _base_name(url)
        attrs = {"http.filename": filename}
        caps = {"source.http"}
        if checksum:
            attrs["http.checksum"] = _digest(checksum)
            caps.add("source.http.checksum")
        vertex = SourceVertex(
            described(self._prefixed(), ""), op=SourceOp(url, attrs), source_caps=frozenset(caps)
        )
        action = self._action(below_root(filename), attempt_unpack=unpack)
        self._add(action, vertex.output())

    def git(self, ref: GitRef) -> None:
        op, caps = git_source(ref)
        vertex = SourceVertex(described(self._prefixed()), op=op, source_caps=caps)
        self._add(self._action("/"), vertex.output())

    def _inline(self, name: str, data: str) -> None:
        """A heredoc becomes a file of its own, then is copied like any other."""
        path = below_root(without_drive(name, self.step.platform.os))
        action = MkFile(
            path=path, mode=0o644, data=data.encode(errors="surrogateescape"), timestamp=-1
        )
        vertex = FileVertex(
            described(f"{INTERNAL}preparing inline document"), steps=(FileStep(action),)
        )
        self._add(self._action(path), vertex.output())

    def _prefixed(self, text: Callable[[str], str] = str) -> str:
        """The shown name. The first call counts the vertex, ``finish`` does not again."""
        step = self.step
        namer = step.conversion.namer
        if not self._counted:
            self._counted = True
            return namer.next(step.state, text(self.name), step.env, step.platform)
        return namer.current(step.state, text(self.name), step.env, step.platform)

    def finish(self, command: str, *, link: bool, parents: bool = False) -> None:
        """The file vertex, and the history entry."""
        for path, data in self.inline:
            self._inline(path, data)
        step, state = self.step, self.step.state
        name = self._prefixed()
        metadata = described(name, ignore_cache=state.ignore_cache)
        vertex = FileVertex(
            metadata, located(step.ranges), base=state.root.output, steps=tuple(self.steps)
        )
        if link and not self.written_chmod:
            self._link(vertex, name)
        else:
            state.root.output = vertex.output()
        step.image.commit(self._history(command, parents=parents), layer=True)

    def _link(self, vertex: FileVertex, name: str) -> None:
        """A layer of its own on an empty root, merged over what the stage has."""
        state = self.step.state
        group = secrets.token_hex(12)
        vertex.base = None
        vertex.metadata = _grouped(vertex.metadata, ProgressGroup(group, name, weak=True))
        linked = self._prefixed(lambda text: f"LINK {text}")
        layers = [state.root.output, vertex.output()]
        present = tuple(layer for layer in layers if layer is not None)
        if len(present) == 1:
            # Over scratch there is nothing to merge with.
            state.root.output = present[0]
            return
        metadata = described(linked, ignore_cache=state.ignore_cache)
        state.root.output = MergeVertex(
            _grouped(metadata, ProgressGroup(group, name)), located(self.step.ranges), None, present
        ).output()

    def _history(self, command: str, *, parents: bool) -> str:
        parts = [command]
        parts += ["--parents"] if parents else []
        parts += [f"--chown={self.chown}"] if self.chown else []
        parts += [f"--chmod={self.written_chmod}"] if self.written_chmod else []
        parts += self.sources
        parts += [f"<<{file.path}" for file in self.instruction.inline]
        return f"{' '.join(parts)} {self.written_dest} # buildkit"


def _grouped(metadata: OpMetadata, group: ProgressGroup) -> OpMetadata:
    return replace(metadata, progress_group=group)
